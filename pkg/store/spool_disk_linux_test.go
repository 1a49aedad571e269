package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/pkg/store"
)

// A teller passes on what a Spool tells.
type teller chan error

func (c teller) tell(failing error, _, _ int64) { c <- failing }

// flood puts segments of 100 kB until their sum is well over size, and returns
// their names.
func flood(t *testing.T, s store.Store, size int) (names []string) {
	t.Helper()
	for sum := 0; sum < 2*size; sum += 100_000 {
		name := fmt.Sprintf("live/show/v0/%d.m4s", sum)
		if err := s.Put(name, segment(name)); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// segment returns 100 kB that no other name has.
func segment(name string) []byte {
	return []byte(strings.Repeat(name, 100_000/len(name)+1)[:100_000])
}

func checkSegments(t *testing.T, s store.Store, names []string) {
	t.Helper()
	for _, name := range names {
		if text(t, s, name) != string(segment(name)) {
			t.Errorf("%s is not what was put", name)
		}
	}
}

// fillUp floods a Spool before a disk that has less than size bytes, removes
// half, and expects the rest to be written.
func fillUp(t *testing.T, disk *store.Disk, size int) {
	t.Helper()
	told := make(teller, 10)
	s := newSpool(t, disk, plenty, told.tell)
	stop := run(t, s)
	names := flood(t, s, size)
	if err := <-told; !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("it fails with %v", err)
	}
	checkSegments(t, s, names)
	if blobs, bytes := s.Backlog(); blobs == 0 || bytes != blobs*100_000 {
		t.Errorf("%d blobs of %d bytes wait", blobs, bytes)
	}
	for i, name := range names {
		if i%4 != 0 {
			if err := s.Remove(name); err != nil {
				t.Error(err)
			}
		}
	}
	if err := <-told; err != nil {
		t.Errorf("then it fails with %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	var kept []string
	for i := 0; i < len(names); i += 4 {
		kept = append(kept, names[i])
	}
	checkSegments(t, s, kept)
	checkSegments(t, disk, kept)
	want := store.Usage{Blobs: int64(len(kept)), Bytes: int64(len(kept)) * 100_000}
	if s.Usage() != want || disk.Usage() != want {
		t.Errorf("usage %+v and %+v, want %+v", s.Usage(), disk.Usage(), want)
	}
}

func TestSpoolBeforeAFullFileSystem(t *testing.T) {
	t.Parallel() // the end of a failure takes ten seconds
	root := t.TempDir()
	mountSmall(t, root)
	fillUp(t, openDisk(t, root), 1<<20)
	checkTidy(t, root)
}

func TestSpoolBeforeAFileSystemThatIsForOthers(t *testing.T) {
	t.Parallel() // the end of a failure takes ten seconds
	root := t.TempDir()
	mountSmall(t, root)
	fillUp(t, openDisk(t, root, store.KeepFree(200_000)), 1<<20)
	var stat syscall.Statfs_t
	if err := syscall.Statfs(root, &stat); err != nil {
		t.Fatal(err)
	}
	if free := int64(stat.Bavail) * stat.Bsize; free < 200_000 {
		t.Errorf("%d bytes are left to others", free)
	}
}

func TestSpoolBeforeALimit(t *testing.T) {
	t.Parallel() // the end of a failure takes ten seconds
	root := t.TempDir()
	fillUp(t, openDisk(t, root, store.MaxBytes(1_000_000)), 1_000_000)
	checkTidy(t, root)
}

func TestSpoolBeforeADirectoryThatVanishes(t *testing.T) {
	t.Parallel() // the end of a failure takes ten seconds
	root := filepath.Join(t.TempDir(), "segments")
	told := make(teller, 10)
	s := newSpool(t, openDisk(t, root), plenty, told.tell)
	stop := run(t, s)
	// A file where the directory was is what nobody can write through.
	if err := errors.Join(os.RemoveAll(root), os.WriteFile(root, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	put(t, s, "live/a")
	if err := <-told; !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("it fails with %v", err)
	}
	check(t, s, "live/a")
	if err := os.Remove(root); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err != nil {
		t.Errorf("then it fails with %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	check(t, s, "live/a")
}
