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

// TestNarrow checks that segments leave a window that has become shorter, with the
// next one, and stay to be had for the playlists that they were in only.
func TestNarrow(t *testing.T) {
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
	p.Narrow(8 * time.Second)
	p.Narrow(20 * time.Second)
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
