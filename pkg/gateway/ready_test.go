package gateway_test

import (
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"

	"sluice/pkg/store"
)

// Who is told to stop says so for a while, and goes on serving, before it goes.
func TestReadyUntilItIsToStop(t *testing.T) {
	t.Parallel()
	s := start(t, "stop.delay", "6s", "segment.duration", "500ms", "segment.max", "1s", "window.duration", "3s")
	stop := s.broadcast("live/show")
	s.playing("live/show", 2)
	if body := s.get("/readyz"); body != "ready\n" {
		t.Errorf("/readyz: %q", body)
	}
	var stopped atomic.Bool
	go func() {
		s.stop()
		stopped.Store(true)
	}()
	eventually(t, "that it is not ready", func() bool {
		status, body := s.try("/readyz")
		return status == http.StatusServiceUnavailable && body == "the gateway is stopping\n"
	})
	s.unbroken("live/show")
	s.get("/healthz")
	if stopped.Load() || len(s.log.find("stopping")) != 1 {
		t.Errorf("it did not wait: stopped is %v, and the log %v", stopped.Load(), s.log.find("stopping"))
	}
	s.stop()
	_ = stop()
}

// A broken store takes no segments.
type broken struct {
	store.Store
	full atomic.Bool
}

// Put implements store.Store.
func (b *broken) Put(name string, chunks ...[]byte) error {
	if b.full.Load() {
		return syscall.ENOSPC
	}
	return b.Store.Put(name, chunks...)
}

// Stage implements store.Store.
func (b *broken) Stage(name string, note []byte, chunks ...[]byte) error {
	if b.full.Load() {
		return syscall.ENOSPC
	}
	return b.Store.Stage(name, note, chunks...)
}

// A disk that takes nothing is said, but is no reason to send nobody.
func TestReadyWithoutADisk(t *testing.T) {
	t.Parallel()
	disk := &broken{}
	s := startOn(t, func(behind store.Store) store.Store {
		disk.Store = behind
		return disk
	}, "segment.duration", "500ms", "segment.max", "1s", "window.duration", "3s")
	disk.full.Store(true)
	stop := s.broadcast("live/show")
	eventually(t, "the note that nothing is written", func() bool {
		return s.get("/readyz") == "ready, but segments are not written: streams go on from memory\n"
	})
	_ = stop()
}
