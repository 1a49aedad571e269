package origin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// However many ask for a segment, its tracks are read once.
func TestPackedOnce(t *testing.T) {
	s := newStudio(t)
	v, a := s.add(v0, 0), s.add(a0, 0)
	gate := make(chan struct{})
	s.store.gate = gate
	path := "/live/show/v0/" + v.Name + ".ts"
	bodies := make([]string, 20)
	var asking sync.WaitGroup
	for i := range bodies {
		asking.Go(func() { bodies[i] = s.get(path).body })
	}
	s.eventually(func() bool { return s.store.count(s.show.Blob(v0, v.Name)) > 0 })
	close(gate)
	asking.Wait()
	for _, body := range bodies {
		if body != bodies[0] || len(body) == 0 || len(body)%188 != 0 {
			t.Fatalf("bodies of %d and %d bytes", len(bodies[0]), len(body))
		}
	}
	if video, audio := s.store.count(s.show.Blob(v0, v.Name)), s.store.count(s.show.Blob(a0, a.Name)); video != 1 || audio != 1 {
		t.Errorf("video was read %d times, audio %d times", video, audio)
	}
	if packed := strings.Count(s.log.String(), "TS segment packed"); packed != 1 {
		t.Errorf("packed %d times", packed)
	}
}

// It does not matter to those who wait that the first one goes away.
func TestFirstClientGoesAway(t *testing.T) {
	s := newStudio(t)
	v, _ := s.add(v0, 0), s.add(a0, 0)
	gate := make(chan struct{})
	s.store.gate = gate
	path := "/live/show/v0/" + v.Name + ".ts"

	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, http.NoBody)
		if err == nil {
			var res *http.Response
			if res, err = http.DefaultTransport.RoundTrip(req); err == nil {
				err = res.Body.Close()
			}
		}
		gone <- err
	}()
	s.eventually(func() bool { return s.store.count(s.show.Blob(v0, v.Name)) > 0 })
	second := make(chan answer, 1)
	go func() { second <- s.get(path) }()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(gate)
	if got := <-second; got.status != http.StatusOK {
		t.Errorf("the second one got %d", got.status)
	}
}

// A segment that was asked for too soon is not kept without its sound.
func TestAskedForTooSoon(t *testing.T) {
	s := newStudio(t)
	s.add(v0, 0)
	s.add(a0, 0)
	v := s.add(v0, 1)
	path := "/live/show/v0/" + v.Name + ".ts"
	if got := s.get(path); got.status != http.StatusNotFound {
		t.Fatalf("%d while the audio is still to come", got.status)
	}
	s.add(a0, 1)
	whole := s.get(path)
	if whole.status != http.StatusOK {
		t.Fatal(whole.status)
	}
	last := s.add(v0, 2)
	s.show.End(now)
	if got := s.get("/live/show/v0/" + last.Name + ".ts"); got.status != http.StatusOK || len(got.body) >= len(whole.body) {
		t.Errorf("%d, %d bytes for the last segment, which has no audio", got.status, len(got.body))
	}
}

// What was lost since cannot be had in any form: the same address had other bytes.
func TestLostSegment(t *testing.T) {
	s := newStudio(t)
	video := s.add(v0, 0)
	sound := s.begin(a0, 0)
	sound.Gap, sound.Lost = true, true
	sound.finish()
	s.add(v0, 1)
	s.add(a0, 1)
	for _, path := range []string{"v0/" + video.Name + ".ts", "a0/" + sound.Name + ".ts", "a0/n0.m4s", "a0/n0.0.m4s"} {
		if got := s.get("/live/show/" + path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for _, path := range []string{"v0/" + video.Name + ".m4s", "v0/n0.m4s"} {
		if got := s.get("/live/show/" + path); got.status != http.StatusOK {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestAudioBeganLater(t *testing.T) {
	s := newStudio(t)
	first := s.add(v0, 0)
	s.add(v0, 1)
	path := "/live/show/v0/" + first.Name + ".ts"
	if got := s.get(path); got.status != http.StatusNotFound {
		t.Errorf("%d before the audio began", got.status)
	}
	s.add(a0, 1)
	if got := s.get(path); got.status != http.StatusOK {
		t.Errorf("%d when it had begun", got.status)
	}
}

// Errors are answered and logged, and not kept.
func TestPackingFails(t *testing.T) {
	s := newStudio(t)
	v, _ := s.add(v0, 0), s.add(a0, 0)
	path := "/live/show/v0/" + v.Name + ".ts"
	s.store.fault = func(string) { panic("a fault of the store") }
	var asking sync.WaitGroup
	for range 40 {
		asking.Go(func() {
			if got := s.get(path); got.status != http.StatusInternalServerError {
				t.Errorf("%d", got.status)
			}
		})
	}
	asking.Wait()
	if log := s.log.String(); !strings.Contains(log, "a fault of the store") || !strings.Contains(log, path) {
		t.Errorf("log: %s", log)
	} else if lines := strings.Count(log, "\n"); lines > 20 {
		t.Errorf("%d lines of log for one fault", lines)
	}
	s.store.mu.Lock()
	s.store.fault = nil
	s.store.mu.Unlock()
	if got := s.get(path); got.status != http.StatusOK {
		t.Errorf("%d afterwards", got.status)
	}
}

// An answer that fails when it has begun is cut off, not ended.
func TestPanicInTheMiddle(t *testing.T) {
	s := newStudio(t)
	v := s.add(v0, 0)
	s.store.Store = brittleStore{s.store.Store}
	res, err := http.Get(s.URL + "/live/show/v0/" + v.Name + ".m4s")
	if err != nil {
		return // cut off before the header was sent
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("%s ended as if it were whole", res.Status)
	}
}

// eventually waits until a condition holds.
func (s *studio) eventually(holds func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			s.t.Fatal("waited in vain")
		}
		time.Sleep(time.Millisecond)
	}
}
