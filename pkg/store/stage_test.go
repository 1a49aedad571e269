package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/store"
)

// stage stages pieces of a blob, each with a note of its own.
func stage(t *testing.T, s store.Store, name string, pieces ...string) {
	t.Helper()
	var chunks [][]byte
	for _, piece := range pieces {
		chunks = append(chunks, []byte(piece))
		if err := s.Stage(name, []byte("note on "+piece), chunks...); err != nil {
			t.Fatal(err)
		}
	}
}

// staged returns what is staged in a store, by name: note and bytes.
func staged(t *testing.T, s store.Store) map[string]string {
	t.Helper()
	found := map[string]string{}
	for staged, err := range s.Staged() {
		if err != nil {
			t.Fatal(err)
		}
		found[staged.Name] = string(staged.Note) + ": " + string(staged.Data)
		if staged.Note == nil {
			found[staged.Name] = "nothing"
		}
	}
	return found
}

// reopen opens the directory of a disk as the next process does.
func reopen(t *testing.T, disk *store.Disk, root string) *store.Disk {
	t.Helper()
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	return openDisk(t, root)
}

func TestWhatIsStagedOutlivesTheProcess(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root)
	stage(t, disk, "live/show/a", "one", "two")
	stage(t, disk, "live/show/b", "three")
	stage(t, disk, "live/other/c", "four", "five")
	if err := disk.Put("live/show/b", []byte("three"), []byte("!")); err != nil {
		t.Fatal(err)
	}
	disk = reopen(t, disk, root)
	want := map[string]string{"live/show/a": "note on two: onetwo", "live/other/c": "note on five: fourfive"}
	if diff := cmp.Diff(want, staged(t, disk)); diff != "" {
		t.Error(diff)
	}
	if got := text(t, disk, "live/show/b"); got != "three!" {
		t.Errorf("put: %q", got)
	}
	if err := disk.Put("live/show/a", []byte("live/show/a")); err != nil { // other bytes, even
		t.Fatal(err)
	}
	if err := disk.Unstage("live/other/c"); err != nil {
		t.Fatal(err)
	}
	checkTidy(t, root)
	disk = reopen(t, disk, root)
	if left := staged(t, disk); len(left) > 0 {
		t.Error(left)
	}
}

// TestKilledWhileStaging has the process die at each byte that it writes: what was
// staged before is there, and the rest is there as a whole or not at all.
func TestKilledWhileStaging(t *testing.T) {
	root := t.TempDir()
	data, notes := filepath.Join(root, "live", ".staged-a"), filepath.Join(root, "live", ".notes-a")
	disk := openDisk(t, root)
	states := []string{"nothing"}
	type sizes struct{ data, notes int64 }
	steps := []sizes{{}}
	var chunks [][]byte
	for _, piece := range []string{"one", "two", "three"} {
		chunks = append(chunks, []byte(piece))
		if err := disk.Stage("live/a", []byte(piece), chunks...); err != nil {
			t.Fatal(err)
		}
		states = append(states, piece+": "+string(bytes.Join(chunks, nil)))
		steps = append(steps, sizes{size(t, data), size(t, notes)})
	}
	all := [2][]byte{readFile(t, data), readFile(t, notes)}
	try := func(data, notes int64, want string) {
		t.Helper()
		root := t.TempDir()
		for base, content := range map[string][]byte{".staged-a": all[0][:data], ".notes-a": all[1][:notes]} {
			writeFile(t, filepath.Join(root, "live", base), content)
		}
		if got := staged(t, openDisk(t, root))["live/a"]; got != want {
			t.Errorf("%d bytes and %d of notes: %q, want %q", data, notes, got, want)
		}
	}
	for i, step := range steps[1:] {
		before := steps[i]
		for n := before.data; n <= step.data; n++ { // bytes come first
			try(n, before.notes, states[i])
		}
		for n := before.notes; n < step.notes; n++ {
			try(step.data, n, states[i])
		}
		try(step.data, step.notes, states[i+1])
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestStagedLeftovers has files that no Disk has left so.
func TestStagedLeftovers(t *testing.T) {
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "live", ".staged-a"), []byte("without notes"))
	writeFile(t, filepath.Join(root, "live", ".staged-b"), []byte("bytes"))
	writeFile(t, filepath.Join(root, "live", ".notes-b"), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	writeFile(t, filepath.Join(root, "live", ".staged-what is this"), nil)
	writeFile(t, filepath.Join(root, "live", ".notes-c"), []byte("alone"))
	disk := openDisk(t, root)
	want := map[string]string{"live/a": "nothing", "live/b": "nothing"}
	if diff := cmp.Diff(want, staged(t, disk)); diff != "" {
		t.Error(diff)
	}
	for name := range want {
		if err := disk.Unstage(name); err != nil {
			t.Error(err)
		}
	}
	if got := files(t, root); !slices.Equal(got, []string{"live", "live/.staged-what is this"}) {
		t.Errorf("left: %q", got)
	}
}

func TestStagingHasLimits(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root, store.MaxBytes(10))
	stage(t, disk, "live/a", "1234567")
	checkNoSpace(t, disk.Stage("live/a", nil, []byte("1234567"), []byte("890a")))
	checkTidy(t, root)
	stage(t, disk, "live/b", "12345", "67890")
	checkNoSpace(t, disk.Put("live/c", []byte("1")))
	if err := disk.Put("live/b", []byte("12345"), []byte("67890")); err != nil {
		t.Error(err)
	}
	checkNoSpace(t, disk.Stage("live/c", nil, []byte("1")))
	if err := disk.Remove("live/b"); err != nil {
		t.Fatal(err)
	}
	stage(t, disk, "live/d", "1234567890")
	checkNoSpace(t, disk.Put("live/d", []byte("1234567890"), []byte("+")))
	if err := disk.Unstage("live/d"); err != nil {
		t.Fatal(err)
	}
	checkTidy(t, root)
}

func TestSpoolStages(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		stage(t, s.Spool, "a", "one", "two")
		if time.Since(s.start) > 0 {
			t.Errorf("staging took %v", time.Since(s.start))
		}
		if want := []string{"stage a 1", "stage a 2"}; !slices.Equal(s.back.staged, want) {
			t.Errorf("%q", s.back.staged)
		}
		if err := s.Unstage("a"); err != nil {
			t.Error(err)
		}
		s.after(0)
		if got := s.back.staged[2:]; !slices.Equal(got, []string{"unstage a"}) {
			t.Errorf("%q", got)
		}
	})
}

// Before a store that hangs, staging takes a moment, then none, and is left to
// itself when that moves again.
func TestSpoolStagesNothingBeforeAStoreThatHangs(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hang()
		defer release()
		s.put("blob")
		s.after(0) // it is being written
		took := func(want time.Duration, wantErr error) {
			t.Helper()
			before := time.Now()
			err := s.Stage("a", nil, []byte("a"))
			if took := time.Since(before); took != want || !errors.Is(err, wantErr) {
				t.Errorf("after %v it took %v: %v", before.Sub(s.start), took, err)
			}
		}
		for range 4 {
			took(50*time.Millisecond, store.ErrSlow)
		}
		s.after(2 * time.Second)
		took(0, store.ErrSlow)
		release()
		s.after(0)
		took(0, nil)
	})
}

func TestSpoolStagesNothingBeforeAStoreThatFails(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(func(string) error { return syscall.EIO })
		s.put("blob")
		s.after(time.Millisecond)
		if err := s.Stage("a", nil, []byte("a")); !errors.Is(err, syscall.EIO) {
			t.Error(err)
		}
		s.back.fail(nil)
		s.after(time.Minute)
		stage(t, s.Spool, "a", "one")
		if time.Since(s.start) != time.Minute+time.Millisecond || len(s.back.staged) != 1 {
			t.Errorf("after %v: %q", time.Since(s.start), s.back.staged)
		}
	})
}
