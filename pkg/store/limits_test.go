package store_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"sluice/pkg/store"
	"sluice/pkg/store/storetest"
)

func TestDiskWithLimits(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		root := t.TempDir()
		t.Cleanup(func() { checkTidy(t, root) })
		return openDisk(t, root, store.MaxBytes(1<<20), store.KeepFree(1))
	})
}

// checkNoSpace fails the test when err is not that of a limit.
func checkNoSpace(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ErrNoSpace", err)
	}
}

func TestMaxBytes(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root, store.MaxBytes(10))
	checkNoSpace(t, disk.Put("live/a", make([]byte, 11)))
	if left := files(t, root); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	for name, size := range map[string]int{"live/b": 6, "live/c": 4} {
		if err := disk.Put(name, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	checkNoSpace(t, disk.Put("live/d", []byte{1}))
	if err := disk.Remove("live/c"); err != nil {
		t.Fatal(err)
	}
	if err := disk.Put("live/d", make([]byte, 4)); err != nil {
		t.Errorf("in the room of one that was removed: %v", err)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	less := openDisk(t, root, store.MaxBytes(9))
	checkNoSpace(t, less.Put("live/e"))
	if got := less.Usage(); got != (store.Usage{Blobs: 2, Bytes: 10}) {
		t.Errorf("%+v", got)
	}
}

func TestMaxBytesHoldsForManyWriters(t *testing.T) {
	disk := openDisk(t, t.TempDir(), store.MaxBytes(1000))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := disk.Put(fmt.Sprint(i), make([]byte, 100)); err != nil {
				checkNoSpace(t, err)
			}
		})
	}
	wg.Wait()
	if got := disk.Usage(); got.Bytes > 1000 {
		t.Errorf("%+v", got)
	}
}

func TestKeepFree(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what is free is known on Linux only")
	}
	root := t.TempDir()
	disk := openDisk(t, root, store.KeepFree(math.MaxInt64))
	checkNoSpace(t, disk.Put("live/a", []byte("a")))
	if left := files(t, root); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	if got := disk.Usage(); got != (store.Usage{}) {
		t.Errorf("%+v", got)
	}
}
