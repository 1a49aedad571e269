package live_test

import (
	"testing"
	"time"

	"sluice/pkg/live"
)

func TestRoom(t *testing.T) {
	p := presentation(time.Minute)
	if _, less := p.Snapshot().Room(0); less {
		t.Error("nothing has too many bytes")
	}
	targets := live.Targets{Segment: 2 * time.Second}
	for n := range uint64(5) { // 2 s, and 100 and 10 KB, each
		p.Add(v0, segment(n, first, video, 2, 100), targets, noon)
		p.Add(a0, segment(n, first, audio, 2, 10), targets, noon)
	}
	p.Add(v0, segment(5, first, video, 2, 200), targets, noon) // the audio of which is to come
	s := p.Snapshot()
	for _, c := range []struct {
		bytes  int64
		window time.Duration
		less   bool
	}{
		{750_000, 12 * time.Second, false},
		{749_999, 10 * time.Second, true},
		{420_000, 6 * time.Second, true},
		{200_000, 2 * time.Second, true},
		{199_999, 0, true},
		{-1, 0, true},
	} {
		if window, less := s.Room(c.bytes); window != c.window || less != c.less {
			t.Errorf("%d bytes are %v, less: %v; want %v, %v", c.bytes, window, less, c.window, c.less)
		}
	}
	if n := s.Newest(); n != 210_000 {
		t.Errorf("the newest segments have %d bytes", n)
	}
	if n := s.Listed(4 * time.Second); n != 300_000+20_000 {
		t.Errorf("those of four seconds have %d bytes", n)
	}
}

// TestResize checks that segments leave a window that has become shorter, with the
// next one, and stay to be had for the playlists that they were in only.
func TestResize(t *testing.T) {
	p := presentation(30 * time.Second)
	now := noon
	var removed []live.Removed
	add := func(number uint64) {
		now = now.Add(2 * time.Second)
		removed = append(removed, p.Add(v0, segment(number, second, video, 2, 1), live.Targets{Segment: 2 * time.Second}, now)...)
	}
	for n := range uint64(10) {
		add(n)
	}
	p.Resize(20*time.Second, noon)
	p.Resize(8*time.Second, noon)
	if s := p.Snapshot(); s.Window != 8*time.Second || len(s.Rendition(v0).Segments) != 10 || len(removed) != 0 {
		t.Fatalf("a window of %v, %d segments, %d removed", s.Window, len(s.Rendition(v0).Segments), len(removed))
	}
	for n := range uint64(10) {
		add(10 + n)
	}
	if n := len(p.Snapshot().Rendition(v0).Segments); n != 4 || len(removed) != 16 {
		t.Fatalf("%d segments are listed, %d removed", n, len(removed))
	}
	for _, old := range removed {
		at := noon.Add(time.Duration(old.Number+1) * 2 * time.Second).Add(8 * time.Second) // when it left
		longest := 22 * time.Second
		if old.Number <= 6 {
			at = noon.Add(22 * time.Second)
		}
		if old.Number > 10 {
			longest = 10 * time.Second
		}
		if want := at.Add(longest + 2*time.Second); !old.Until.Equal(want) {
			t.Errorf("number %d stays until %v, want %v", old.Number, old.Until.Sub(noon), want.Sub(noon))
		}
	}
}

// TestTheWindowBecomesLongerByWhatComes checks that a window that is made longer is
// never longer than what is listed.
func TestTheWindowBecomesLongerByWhatComes(t *testing.T) {
	p := presentation(30 * time.Second)
	targets := live.Targets{Segment: 2 * time.Second}
	add := func(number uint64) (removed int) {
		now := noon.Add(time.Duration(number+1) * 2 * time.Second)
		removed = len(p.Add(v0, segment(number, second, video, 2, 1), targets, now))
		removed += len(p.Add(a0, segment(number, second, audio, 2, 1), targets, now))
		return removed
	}
	for n := range uint64(20) {
		add(n)
	}
	p.Resize(8*time.Second, noon)
	add(20)
	p.Resize(30*time.Second, noon)
	if w := p.Snapshot().Window; w != 8*time.Second {
		t.Errorf("a window of %v before there is more to list", w)
	}
	for n := range uint64(10) {
		removed := add(21 + n)
		s := p.Snapshot()
		if want := 10*time.Second + time.Duration(n)*2*time.Second; s.Window != want || s.Rendition(v0).Depth != want || removed != 0 {
			t.Errorf("a window of %v with %v, and %d left it; want %v", s.Window, s.Rendition(v0).Depth, removed, want)
		}
	}
	add(31)
	if w, removed := p.Snapshot().Window, add(32); w != 30*time.Second || removed != 2 {
		t.Errorf("a window of %v, and %d left it", w, removed)
	}
}
