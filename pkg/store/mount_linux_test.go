package store_test

import (
	"errors"
	"syscall"
	"testing"

	"sluice/pkg/store"
)

// mountSmall mounts a file system of 1 MiB on dir until the test ends.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount("sluice", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small file system needs root: mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

// TestReadOnlyFileSystem opens a store on one: what is there can be read.
func TestReadOnlyFileSystem(t *testing.T) {
	dir := t.TempDir()
	mountSmall(t, dir)
	open := func() *store.Disk {
		d, err := store.OpenDisk(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	if err := errors.Join(d.Put("a/b.m4s", []byte("media")), d.Writable(), d.Close()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	d = open()
	if err := d.Writable(); !errors.Is(err, syscall.EROFS) {
		t.Errorf("writable: %v", err)
	}
	blob, err := d.Open("a/b.m4s")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(blob.Close(), d.Close()); err != nil {
		t.Error(err)
	}
}
