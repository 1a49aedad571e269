package store_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"sluice/pkg/store"
)

func TestSpoolWritesWhatWaitsWhenItStops(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(noSpace)
		s.put("a", "b", "c")
		s.after(time.Minute)
		s.back.fail(nil)
		if err := s.stop(); err != nil {
			s.Errorf("Run says %v", err)
		}
		check(s.T, s.back, "a", "b", "c")
		check(s.T, s, "a", "b", "c")
	})
}

func TestSpoolSaysWhatIsLostWhenItStops(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		s.back.fail(func(name string) error {
			if name == "good" {
				return nil
			}
			return syscall.EIO
		})
		s.put("bad", "worse", "good")
		s.after(0)
		s.checkAttempts("bad")
		err := s.stop()
		s.checkAttempts("bad worse good bad")
		if !errors.Is(err, syscall.EIO) {
			s.Errorf("Run says %v", err)
		}
		if want := "store: 2 blobs of 8 bytes are not written: input/output error"; err.Error() != want {
			s.Errorf("Run says %v, want %s", err, want)
		}
		check(s.T, s.back, "good")
		check(s.T, s, "bad", "worse", "good")
	})
}

func TestSpoolStopsBeforeAStoreThatHangs(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hang()
		s.put("a", "b")
		s.after(0)
		ended := make(chan error, 1)
		go func() { ended <- s.stop() }()
		s.after(2 * time.Second)
		select {
		case err := <-ended:
			s.Fatalf("Run does not wait: %v", err)
		default:
		}
		s.after(time.Second)
		if err := <-ended; !errors.Is(err, store.ErrSlow) {
			s.Errorf("Run says %v", err)
		}
		check(s.T, s, "a", "b")
		release()
		s.after(0)
		s.checkAttempts("a")
	})
}

// At the end each blob has one turn, and one that is being staged has it when that is over.
func TestSpoolWritesWhatIsBeingStagedWhenItStops(t *testing.T) {
	spool(t, plenty, func(s *spoolTest) {
		release := s.back.hangStaging("staged")
		s.checkStage("staged", 50*time.Millisecond, store.ErrSlow)
		s.back.fail(func(name string) error {
			if name == "bad" {
				return syscall.EIO
			}
			return nil
		})
		s.put("staged", "bad")
		s.after(0)
		ended := make(chan error, 1)
		go func() { ended <- s.stop() }()
		s.after(time.Second)
		release()
		if err := <-ended; !errors.Is(err, syscall.EIO) {
			s.Errorf("Run says %v", err)
		}
		s.checkAttempts("bad bad staged")
		check(s.T, s.back, "staged")
	})
}
