// Package storetest is the suite that every store.Store passes.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/store"
)

// Run tests the stores that open returns. Each call of open returns a new,
// empty store.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"what is put is read", testRead},
		{"a blob reads like a file", testBlob},
		{"a name is written once", testOnce},
		{"what is unknown does not exist", testUnknown},
		{"names are checked", testNames},
		{"blobs and directories do not mix", testDirectories},
		{"a removed blob stays readable where it is open", testRemoveOpen},
		{"a removed name is free again", testReuse},
		{"chunks are left as they are", testChunks},
		{"list yields what is below", testList},
		{"list can be left", testListBreak},
		{"usage is exact", testUsage},
		{"what is staged is no blob until it is put", testStage},
		{"one of many writers wins", testRacingPut},
		{"one of many removers wins", testRacingRemove},
		{"directories come and go under writers", testChurn},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func put(t *testing.T, s store.Store, name string, chunks ...string) {
	t.Helper()
	parts := make([][]byte, len(chunks))
	for i, chunk := range chunks {
		parts[i] = []byte(chunk)
	}
	if err := s.Put(name, parts...); err != nil {
		t.Fatalf("Put(%q): %v", name, err)
	}
}

func read(t *testing.T, s store.Store, name string) string {
	t.Helper()
	blob, err := s.Open(name)
	if err != nil {
		t.Fatalf("Open(%q): %v", name, err)
	}
	return drain(t, blob)
}

func drain(t *testing.T, blob store.Blob) string {
	t.Helper()
	text, err := io.ReadAll(blob)
	if err = errors.Join(err, blob.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func list(t *testing.T, s store.Store, dir string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for entry, err := range s.List(dir) {
		if err != nil {
			t.Fatalf("List(%q): %v", dir, err)
		}
		if age := time.Since(entry.Time); age < -time.Minute || age > time.Minute {
			t.Errorf("%s was put %v ago", entry.Name, age)
		}
		found[entry.Name] = entry.Size
	}
	return found
}

func testRead(t *testing.T, s store.Store) {
	many := strings.Split(strings.Repeat("chunk ", 3000), " ")
	for name, chunks := range map[string][]string{
		"one":           {"one"},
		"live/show/two": {"a", "", "b"},
		"live/none":     nil,
		"live/empty":    {"", ""},
		"a~b/C_d/0-.9":  {"x"},
		"many":          many,
	} {
		put(t, s, name, chunks...)
		if got, want := read(t, s, name), strings.Join(chunks, ""); got != want {
			t.Errorf("%s holds %.50q, want %.50q", name, got, want)
		}
	}
}

func testBlob(t *testing.T, s store.Store) {
	text := strings.Repeat("0123456789", 1000)
	put(t, s, "live/digits", text[:77], text[77:])
	blob, err := s.Open("live/digits")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if blob.Size() != int64(len(text)) {
		t.Errorf("size %d, want %d", blob.Size(), len(text))
	}
	if err := iotest.TestReader(blob, []byte(text)); err != nil {
		t.Error(err)
	}
}

func testOnce(t *testing.T, s store.Store) {
	put(t, s, "live/a", "first")
	if err := s.Put("live/a", []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second Put says %v, want fs.ErrExist", err)
	}
	if got := read(t, s, "live/a"); got != "first" {
		t.Errorf("after a second Put it holds %q", got)
	}
	if got := s.Usage(); got != (store.Usage{Blobs: 1, Bytes: 5}) {
		t.Errorf("after a second Put it uses %+v", got)
	}
}

func testStage(t *testing.T, s store.Store) {
	chunks := [][]byte{[]byte("one "), []byte("two "), []byte("three")}
	for n := range chunks {
		_ = s.Stage("live/show/a", []byte("note"), chunks[:n]...) // it need not succeed
		if blob, err := s.Open("live/show/a"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open of what is staged says %v, %v", blob, err)
		}
		if got := list(t, s, ""); len(got) > 0 || s.Usage() != (store.Usage{}) {
			t.Errorf("staged: %v, %+v", got, s.Usage())
		}
	}
	put(t, s, "live/show/a", "one ", "two ", "three", " four")
	_ = s.Stage("live/show/b", nil, chunks...)
	if err := s.Unstage("live/show/b"); err != nil {
		t.Fatal(err)
	}
	if err := s.Unstage("live/show/b"); err != nil {
		t.Errorf("Unstage of what is not staged: %v", err)
	}
	put(t, s, "live/show/b", "other")
	for name, want := range map[string]string{"live/show/a": "one two three four", "live/show/b": "other"} {
		if got := read(t, s, name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	if got, want := s.Usage(), (store.Usage{Blobs: 2, Bytes: 23}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for staged := range s.Staged() {
		t.Errorf("left: %+v", staged)
	}
}

func testUnknown(t *testing.T, s store.Store) {
	put(t, s, "live/a", "a")
	for _, name := range []string{"b", "live", "live/b", "live/a/b", "dead/a"} {
		if blob, err := s.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v, %v, want fs.ErrNotExist", name, blob, err)
		}
		if err := s.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Remove(%q) says %v, want fs.ErrNotExist", name, err)
		}
		if found := list(t, s, name); name != "live" && len(found) != 0 {
			t.Errorf("List(%q) yields %v", name, found)
		}
	}
	if got := read(t, s, "live/a"); got != "a" {
		t.Errorf("now live/a holds %q", got)
	}
}

// BadNames returns names that a store must refuse.
func BadNames() []string {
	long := strings.Repeat("x", store.MaxElement+1)
	return []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/./b", ".a", "a/.b/c",
		"a b", "a\x00b", "a\nb", `a\b`, "a:b", "a%2fb", "ä", "a+b", "*", "~/$HOME",
		long, "a/" + long, strings.Repeat("a/", store.MaxDepth) + "a",
	}
}

func testNames(t *testing.T, s store.Store) {
	for _, name := range BadNames() {
		if err := s.Put(name, []byte("x")); !errors.Is(err, store.ErrName) {
			t.Errorf("Put(%q) says %v, want ErrName", name, err)
		}
		if _, err := s.Open(name); !errors.Is(err, store.ErrName) {
			t.Errorf("Open(%q) says %v, want ErrName", name, err)
		}
		if err := s.Remove(name); !errors.Is(err, store.ErrName) {
			t.Errorf("Remove(%q) says %v, want ErrName", name, err)
		}
		for _, err := range s.List(name) {
			if !errors.Is(err, store.ErrName) {
				t.Errorf("List(%q) says %v, want ErrName", name, err)
			}
		}
	}
	long := strings.Repeat("x", store.MaxElement)
	put(t, s, strings.Repeat(long+"/", store.MaxDepth-1)+long, "x")
	if got := s.Usage(); got != (store.Usage{Blobs: 1, Bytes: 1}) {
		t.Errorf("%+v", got)
	}
}

func testDirectories(t *testing.T, s store.Store) {
	put(t, s, "live/a", "a")
	for _, name := range []string{"live", "live/a/b", "live/a/b/c"} {
		if err := s.Put(name, []byte("x")); err == nil {
			t.Errorf("Put(%q) succeeds beside live/a", name)
		}
	}
	want := map[string]int64{"live/a": 1}
	if diff := cmp.Diff(want, list(t, s, "")); diff != "" {
		t.Error(diff)
	}
}

func testRemoveOpen(t *testing.T, s store.Store) {
	put(t, s, "live/a", "alive")
	blob, err := s.Open("live/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("live/a"); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, blob); got != "alive" {
		t.Errorf("an open blob reads %q after Remove", got)
	}
	if _, err := s.Open("live/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open says %v after Remove", err)
	}
}

func testReuse(t *testing.T, s store.Store) {
	for _, name := range []string{"live/a", "live", "live/a/b"} { // each needs what the last one was gone
		put(t, s, name, name)
		if got := read(t, s, name); got != name {
			t.Errorf("%s holds %q", name, got)
		}
		if err := s.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func testChunks(t *testing.T, s store.Store) {
	chunks := [][]byte{[]byte("one"), []byte("two")}
	if err := s.Put("a", chunks...); err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.Join(chunks, nil)); got != "onetwo" {
		t.Errorf("Put left the chunks as %q", got)
	}
	if got := read(t, s, "a"); got != "onetwo" {
		t.Errorf("the blob changed to %q", got)
	}
}

func testList(t *testing.T, s store.Store) {
	all := map[string]int64{"a": 1, "b/c": 2, "b/d/e": 3, "b/d/f": 4, "b-/x": 5, "bb": 6}
	for name, size := range all {
		put(t, s, name, strings.Repeat("x", int(size)))
	}
	for _, c := range []struct {
		dir  string
		want []string
	}{
		{"", []string{"a", "b/c", "b/d/e", "b/d/f", "b-/x", "bb"}},
		{"b", []string{"b/c", "b/d/e", "b/d/f"}},
		{"b/d", []string{"b/d/e", "b/d/f"}},
		{"a", nil},
		{"none", nil},
	} {
		want := map[string]int64{}
		for _, name := range c.want {
			want[name] = all[name]
		}
		if diff := cmp.Diff(want, list(t, s, c.dir)); diff != "" {
			t.Errorf("List(%q): %s", c.dir, diff)
		}
	}
}

func testListBreak(t *testing.T, s store.Store) {
	put(t, s, "a", "a")
	put(t, s, "b/c", "c")
	put(t, s, "b/d", "d")
	for range s.List("") {
		break
	}
}

func testUsage(t *testing.T, s store.Store) {
	if got := s.Usage(); got != (store.Usage{}) {
		t.Errorf("a new store uses %+v", got)
	}
	put(t, s, "a/b", "123", "45")
	put(t, s, "c", "6")
	if got := s.Usage(); got != (store.Usage{Blobs: 2, Bytes: 6}) {
		t.Errorf("after two Puts %+v", got)
	}
	for _, name := range []string{"a/b", "c"} {
		if err := s.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Usage(); got != (store.Usage{}) {
		t.Errorf("after removing all %+v", got)
	}
}

// together calls f from n goroutines and returns how often it had no error. An
// error other than want is reported.
func together(t *testing.T, n int, want error, f func(i int) error) (succeeded int) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			succeeded++
		} else if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	return succeeded
}

func testRacingPut(t *testing.T, s store.Store) {
	for round := range 20 {
		name := fmt.Sprintf("live/%d/a", round)
		won := together(t, 8, fs.ErrExist, func(i int) error {
			return s.Put(name, bytes.Repeat([]byte{'a' + byte(i)}, 1000))
		})
		if won != 1 {
			t.Fatalf("%d writers of one name succeeded", won)
		}
		got := read(t, s, name)
		if got != strings.Repeat(got[:1], 1000) {
			t.Fatal("a blob of two writers")
		}
	}
	if got := s.Usage(); got != (store.Usage{Blobs: 20, Bytes: 20000}) {
		t.Errorf("%+v", got)
	}
}

func testRacingRemove(t *testing.T, s store.Store) {
	for range 20 {
		put(t, s, "live/a", "a")
		if won := together(t, 8, fs.ErrNotExist, func(int) error { return s.Remove("live/a") }); won != 1 {
			t.Fatalf("%d removers of one name succeeded", won)
		}
	}
	if got := s.Usage(); got != (store.Usage{}) {
		t.Errorf("%+v", got)
	}
}

// testChurn makes directories empty and full all the time: no Put may fail
// because its directory is just being removed.
func testChurn(t *testing.T, s store.Store) {
	const writers, rounds = 8, 200
	together(t, writers, nil, func(i int) error {
		for round := range rounds {
			name := fmt.Sprintf("live/show/v0/%d-%d", i, round)
			if err := s.Put(name, []byte(name)); err != nil {
				return err
			}
			blob, err := s.Open(name)
			if err != nil {
				return err
			}
			text, err := io.ReadAll(blob)
			if err = errors.Join(err, blob.Close()); err != nil || string(text) != name {
				return fmt.Errorf("%s holds %q: %w", name, text, err)
			}
			for _, err := range s.List("live") {
				if err != nil {
					return err
				}
			}
			if err := s.Remove(name); err != nil {
				return err
			}
		}
		return nil
	})
	if left := list(t, s, ""); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	if got := s.Usage(); got != (store.Usage{}) {
		t.Errorf("%+v", got)
	}
}
