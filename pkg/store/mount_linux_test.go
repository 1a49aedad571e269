package store_test

import (
	"syscall"
	"testing"
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
