package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/pkg/store"
)

// TestSpoolShares has two share the memory: one that has all that it may have
// leaves the other one its part.
func TestSpoolShares(t *testing.T) {
	spool(t, 100, func(s *spoolTest) {
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
		if err == nil || !strings.HasSuffix(err.Error(), "for all of live/a: 40 bytes") {
			s.Errorf("%v", err)
		}
	})
}
