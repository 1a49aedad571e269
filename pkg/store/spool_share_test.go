package store_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"sluice/pkg/store"
)

// TestSpoolShares has two share the memory: one that has all that it may have
// leaves the other one its part.
func TestSpoolShares(t *testing.T) {
	spool(t, 110, func(s *spoolTest) {
		s.LimitShares(40)
		s.back.fail(noSpace)
		refused := func(name string) {
			s.Helper()
			err := s.Put(name, []byte(name))
			if !errors.Is(err, store.ErrFull) {
				s.Errorf("%s: %v", name, err)
			}
		}
		s.put("live/a/v0/123456", "live/a/v0/234567") // of 16 bytes
		refused("live/a/v0/345678")
		s.put("live/a/7", "live/b/v0/123456", "live/b/v0/234567", "live/b/8")
		refused("live/a/9")
		refused("live/b/v0/345678")
		s.put("c/12345678") // what has no more elements shares with nobody
		s.put("other")
		s.checkBacklog(8, 95)
		if err := s.Remove("live/a/v0/123456"); err != nil {
			s.Error(err)
		}
		s.put("live/a/v0/345678")
		refused("live/a/v0/456789")
		s.back.fail(nil)
		s.after(time.Minute) // all is written
		s.checkBacklog(0, 0)
		s.put("live/a/v0/456789", "live/a/v0/567890")
		err := s.Put("live/a/v0/"+strings.Repeat("9", 40), make([]byte, 41))
		if err == nil || !strings.HasSuffix(err.Error(), "for live/a: it has 32 bytes") {
			s.Errorf("%v", err)
		}
	})
}

// TestSpoolDropsWhatIsSpare has blobs that are kept for those who are late make room
// for others, those first that have been so for longest, and be written after them.
func TestSpoolDropsWhatIsSpare(t *testing.T) {
	spool(t, 100, func(s *spoolTest) {
		s.LimitShares(60)
		s.back.fail(noSpace)
		s.put("live/a/0123456789", "live/a/1234567890", "live/b/0123456789", "live/b/1234567890", "live/c/0123456789") // of 17 bytes
		s.after(0)
		for _, name := range []string{"live/b/0123456789", "live/a/0123456789", "live/b/0123456789", "live/none"} {
			s.Spare(name)
		}
		s.checkBacklog(5, 85)
		s.put("live/d/0123456789") // in place of the first of b
		s.checkBacklog(5, 85)
		if err := s.Put("live/c/1", make([]byte, 101)); !errors.Is(err, store.ErrFull) { // which drops nothing
			s.Error(err)
		}
		check(s.T, s, "live/a/0123456789", "live/a/1234567890", "live/b/1234567890", "live/c/0123456789", "live/d/0123456789")
		if err := s.Remove("live/b/0123456789"); !errors.Is(err, fs.ErrNotExist) {
			s.Error(err)
		}
		s.back.fail(nil)
		s.after(time.Minute)
		s.checkBacklog(0, 0)
		tried := strings.Fields(s.back.attempts())
		if last := tried[len(tried)-1]; last != "live/a/0123456789" {
			s.Errorf("the last that was written is %s", last)
		}
		if err := s.Failing(); err != nil {
			s.Error(err)
		}
		s.Spare("live/d/0123456789") // is written
		check(s.T, s, "live/a/0123456789", "live/a/1234567890", "live/b/1234567890", "live/c/0123456789", "live/d/0123456789")
	})
}

// TestSpoolDropsOfWhoHasTooMuch drops for somebody who has all that one may have what
// is spare of its own.
func TestSpoolDropsOfWhoHasTooMuch(t *testing.T) {
	spool(t, 100, func(s *spoolTest) {
		s.LimitShares(40)
		s.back.fail(noSpace)
		s.put("live/b/0123456789", "live/a/0123456789", "live/a/1234567890")
		s.after(0)
		s.Spare("live/b/0123456789")
		s.Spare("live/a/0123456789")
		s.put("live/a/2345678901")
		check(s.T, s, "live/b/0123456789", "live/a/1234567890", "live/a/2345678901")
	})
}

// TestSpoolSharesHalfOfTheMemory asks how much everybody should have: who has most
// gives, and nobody is without room for what comes.
func TestSpoolSharesHalfOfTheMemory(t *testing.T) {
	spool(t, 1000, func(s *spoolTest) {
		s.LimitShares(800)
		s.back.fail(noSpace)
		put := func(name string, size int) error { return s.Put(name, make([]byte, size)) }
		share := func(name string, size, bytes int64, less bool) {
			s.Helper()
			if b, l := s.Share(name, size); b != bytes || l != less {
				s.Errorf("%s and %d more: %d bytes, less: %v; want %d, %v", name, size, b, l, bytes, less)
			}
		}
		share("live/a/0", 400, 400, false)
		share("live/a/0", 401, 400, true)
		if err := errors.Join(put("live/a/0", 350), put("live/b/0", 50), put("live/c/0", 50)); err != nil {
			s.Fatal(err)
		}
		share("live/a/1", 50, 400, false)
		share("live/a/1", 60, 340, true) // what is left of 440 by the others
		share("live/b/1", 60, 340, false)
		share("live/d/0", 60, 340, false)
		if err := put("live/a/1", 450); !errors.Is(err, store.ErrFull) || !strings.HasSuffix(err.Error(), "for live/a: it has 350 bytes") {
			s.Errorf("%v", err)
		}
		if err := errors.Join(put("live/a/1", 310), put("live/b/1", 110), put("live/c/1", 110)); err != nil { // a sixth is everybody's own
			s.Error(err)
		}
		if err := put("live/a/2", 10); !errors.Is(err, store.ErrFull) {
			s.Error(err)
		}
		s.Spare("live/a/0")
		share("live/a/2", 10, 170, true)
		share("live/b/2", 1, 179, false)
	})
}
