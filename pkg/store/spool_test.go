package store_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"runtime"
	"syscall"
	"testing"
	"time"
	"weak"

	"sluice/pkg/store"
	"sluice/pkg/store/storetest"
)

func text(t *testing.T, s store.Store, name string) string {
	t.Helper()
	blob, err := s.Open(name)
	if err != nil {
		t.Error(err)
		return ""
	}
	data, err := io.ReadAll(blob)
	if err = errors.Join(err, blob.Close()); err != nil {
		t.Error(err)
	}
	return string(data)
}

func noSpace(string) error { return syscall.ENOSPC }

func TestSpool(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Store{
		"over memory": func(*testing.T) store.Store { return store.NewMemory() },
		"over a disk": func(t *testing.T) store.Store { return openDisk(t, t.TempDir()) },
		"over a full disk": func(t *testing.T) store.Store {
			return openDisk(t, t.TempDir(), store.MaxBytes(5))
		},
		"over nothing that works": func(*testing.T) store.Store { return &backStore{fault: noSpace} },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				s := newSpool(t, open(t), plenty, nil)
				run(t, s)
				return s
			})
		})
	}
	t.Run("before it runs", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			return newSpool(t, store.NewMemory(), plenty, nil)
		})
	})
}

func TestSpoolWritesInOrder(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hang()
		s.put("a", "live/bb", "live/ccc")
		s.after(0)
		s.checkBacklog(3, 16)
		check(s.T, s, "a", "live/bb", "live/ccc")
		check(s.T, s.back)
		release()
		s.after(0)
		s.checkBacklog(0, 0)
		s.checkAttempts("a live/bb live/ccc")
		check(s.T, s, "a", "live/bb", "live/ccc")
		check(s.T, s.back, "a", "live/bb", "live/ccc")
		s.checkTold()
	})
}

func TestSpoolTriesAgain(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(noSpace)
		release := s.back.hang() // until both are there
		s.put("a", "b")
		s.after(0)
		release()
		s.after(0)
		s.checkTold("0s: no space left on device, 2 blobs, 2 bytes")
		if err := s.Failing(); !errors.Is(err, syscall.ENOSPC) {
			s.Errorf("Failing says %v", err)
		}
		s.after(249 * time.Millisecond)
		s.checkAttempts("a")
		s.after(1750 * time.Millisecond)
		s.checkAttempts("a b a b") // at 0, 0.25, 0.75, 1.75 s
		s.put("c")
		s.after(time.Minute)
		s.checkTold("0s: no space left on device, 2 blobs, 2 bytes")
		s.checkBacklog(3, 3)
		check(s.T, s, "a", "b", "c")
		s.back.fail(nil)
		s.after(5 * time.Second)
		check(s.T, s.back, "a", "b", "c")
		check(s.T, s, "a", "b", "c")
		s.after(10 * time.Second)
		if len(s.told) != 2 || s.Failing() != nil {
			s.Errorf("Failing says %v, told %q", s.Failing(), s.told)
		}
	})
}

func TestSpoolPassesOverABlobThatCannotBeWritten(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(func(name string) error {
			if name == "bad" {
				return fs.ErrExist
			}
			return nil
		})
		release := s.back.hang() // until all are there
		s.put("a", "bad", "b", "c")
		s.after(0)
		release()
		s.after(250 * time.Millisecond)
		s.checkTold("0s: file already exists, 3 blobs, 5 bytes")
		check(s.T, s.back, "a", "b", "c")
		check(s.T, s, "a", "bad", "b", "c")
		s.after(time.Minute)
		s.put("d")
		s.after(10 * time.Second)
		check(s.T, s.back, "a", "b", "c", "d")
		if err := s.Remove("bad"); err != nil {
			s.Error(err)
		}
		s.after(10 * time.Second)
		s.checkTold("0s: file already exists, 3 blobs, 5 bytes", "1m20s: <nil>, 0 blobs, 0 bytes")
	})
}

func TestSpoolFailsUntilItWritesAgain(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(noSpace)
		s.put("a")
		s.after(0)
		s.put("b")
		if err := errors.Join(s.Remove("a"), s.Failing()); !errors.Is(err, syscall.ENOSPC) {
			s.Errorf("while another blob waits: %v", err)
		}
		if err := s.Remove("b"); err != nil {
			s.Error(err)
		}
		s.after(10 * time.Second)
		if err := s.Failing(); err != nil {
			s.Errorf("when nothing waits: %v", err)
		}
	})
}

func TestSpoolPausesAnewAfterASuccess(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(noSpace)
		s.put("a")
		s.after(time.Minute)
		s.back.fail(nil)
		s.after(5 * time.Second)
		check(s.T, s.back, "a")
		s.back.fail(noSpace)
		s.put("b")
		s.after(0)
		s.back.fail(nil)
		s.after(250 * time.Millisecond)
		check(s.T, s.back, "a", "b")
	})
}

func TestSpoolLetsGoOfWhatIsWritten(t *testing.T) {
	s := newSpool(t, openDisk(t, t.TempDir()), plenty, nil)
	chunk := new([1 << 16]byte)
	held := weak.Make(chunk)
	if err := s.Put("live/a", chunk[:]); err != nil {
		t.Fatal(err)
	}
	if err := run(t, s)(); err != nil {
		t.Fatal(err)
	}
	chunk = nil
	runtime.GC()
	if held.Value() != nil {
		t.Error("a chunk is held after it was written")
	}
	if got := s.Usage(); got != (store.Usage{Blobs: 1, Bytes: 1 << 16}) {
		t.Errorf("%+v", got)
	}
}

func TestSpoolThatIsFull(t *testing.T) {
	spool(t, 10, func(s *spoolTest) {
		s.back.fail(noSpace)
		if err := s.Put("large", make([]byte, 11)); !errors.Is(err, store.ErrFull) {
			s.Errorf("Put says %v, want ErrFull", err)
		}
		s.put("1234", "567890")
		s.after(0)
		err := s.Put("x", []byte("x"))
		if !errors.Is(err, store.ErrFull) || !errors.Is(err, syscall.ENOSPC) {
			s.Errorf("Put says %v, want ErrFull and why", err)
		}
		check(s.T, s, "1234", "567890")
		if err := s.Remove("1234"); err != nil {
			s.Error(err)
		}
		s.put("x")
		s.back.fail(nil)
		s.after(time.Minute)
		s.put("abcdefghij")
		s.after(0)
		check(s.T, s.back, "567890", "x", "abcdefghij")
	})
}

func TestSpoolBeforeASlowStore(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hang()
		s.put("a")
		s.after(3 * time.Second)
		s.put("bb")
		s.after(2 * time.Second)
		s.checkTold()
		s.after(time.Minute)
		s.checkTold("6s: what is to be written waits too long, 2 blobs, 3 bytes")
		check(s.T, s, "a", "bb")
		release()
		s.after(10 * time.Second)
		s.checkTold("6s: what is to be written waits too long, 2 blobs, 3 bytes", "1m15s: <nil>, 0 blobs, 0 bytes")
	})
}

// TestSpoolTellsOnceOfManyFailures has a store that takes something now and then: each
// time all that waits is written, and the next blob is refused again.
func TestSpoolTellsOnceOfManyFailures(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		for n := range 30 {
			s.back.fail(noSpace)
			s.put(fmt.Sprint(n))
			s.after(time.Second)
			if s.Failing() == nil {
				s.Error("nothing fails while it does")
			}
			s.back.fail(nil)
			s.after(3 * time.Second)
			s.checkBacklog(0, 0)
			if s.Failing() == nil {
				s.Error("nothing fails between two failures")
			}
		}
		s.after(10 * time.Second)
		s.checkTold("0s: no space left on device, 1 blobs, 1 bytes", "2m7s: <nil>, 0 blobs, 0 bytes")
		if err := s.Failing(); err != nil {
			s.Error(err)
		}
	})
}

func TestSpoolNeverWritesWhatWasRemoved(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hang()
		s.put("a", "b", "c")
		s.after(0)
		if err := s.Remove("b"); err != nil {
			s.Error(err)
		}
		check(s.T, s, "a", "c")
		s.checkBacklog(2, 2)
		release()
		s.after(0)
		s.checkAttempts("a c")
		check(s.T, s.back, "a", "c")
		s.checkStaged() // nor is the store asked to forget what it never heard of
	})
}

func TestSpoolRemovesWhatIsBeingWritten(t *testing.T) {
	for name, fault := range map[string]func(string) error{"written": nil, "refused": noSpace} {
		t.Run(name, func(t *testing.T) {
			spool(t, plenty, func(s *spoolTest) {
				s.back.fail(fault)
				release := s.back.hang()
				s.put("a")
				s.after(0)
				removed := make(chan error, 2)
				for range cap(removed) {
					go func() { removed <- s.Remove("a") }()
				}
				s.after(0)
				release()
				one, two := <-removed, <-removed
				if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), fs.ErrNotExist) {
					s.Errorf("two Removes say %v and %v", one, two)
				}
				s.after(time.Minute)
				check(s.T, s)
				check(s.T, s.back)
				s.checkAttempts("a")
				s.checkBacklog(0, 0)
				if err := s.Failing(); err != nil {
					s.Error(err)
				}
			})
		})
	}
}

func TestSpoolKeepsWhatCannotBeRemoved(t *testing.T) {
	back := &stuckStore{stuck: true}
	s := newSpool(t, back, plenty, nil)
	stop := run(t, s)
	put(t, s, "a")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("a"); !errors.Is(err, syscall.EIO) {
		t.Errorf("Remove says %v", err)
	}
	check(t, s, "a")
	back.stuck = false
	if err := s.Remove("a"); err != nil {
		t.Error(err)
	}
	check(t, s)
}

// A stuckStore is one that blobs cannot be removed from.
type stuckStore struct {
	store.Memory
	stuck bool
}

// Remove implements store.Store.
func (s *stuckStore) Remove(name string) error {
	if s.stuck {
		return syscall.EIO
	}
	return s.Memory.Remove(name)
}

func TestSpoolGoesOnWithWhatIsThere(t *testing.T) {
	root := t.TempDir()
	put(t, openedOnce(t, root), "live/a")
	s := newSpool(t, openDisk(t, root), plenty, nil)
	check(t, s, "live/a")
	if err := s.Put("live/a", []byte("other")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Put says %v", err)
	}
	if err := s.Put("live/a/b"); err == nil {
		t.Error("a blob in a blob")
	}
	blob, err := s.Open("live/a")
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if _, ok := blob.(syscall.Conn); !ok {
		t.Error("net cannot see the file in a Blob that is written")
	}
}

// openedOnce returns a Disk whose directory is free for another one.
func openedOnce(t *testing.T, root string) *store.Disk {
	t.Helper()
	disk := openDisk(t, root)
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	return disk
}

func TestSpoolCloses(t *testing.T) {
	root := t.TempDir()
	if err := newSpool(t, openDisk(t, root), plenty, nil).Close(); err != nil {
		t.Fatal(err)
	}
	openDisk(t, root)
	if err := newSpool(t, store.NewMemory(), plenty, nil).Close(); err != nil {
		t.Error(err)
	}
}

func TestSpoolOfAStoreThatCannotBeListed(t *testing.T) {
	if s, err := store.NewSpool(unlisted{}, plenty, nil); s != nil || !errors.Is(err, syscall.EIO) {
		t.Errorf("%v, %v", s, err)
	}
}

type unlisted struct{ store.Store }

// List implements store.Store.
func (unlisted) List(string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, syscall.EIO) }
}
