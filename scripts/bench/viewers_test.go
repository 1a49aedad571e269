package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestViewersOfTheFloor has them get the playlists and parts of two reels, one of video
// and one of sound, in their order and sizes.
func TestViewersOfTheFloor(t *testing.T) {
	reels := map[string][]step{
		videoTrack: {{0, 30_000, 700}, {10, 20_000, 650}, {20, 20_001, 650}, {30, 20_002, 660}, {40, 20_003, 650}},
		soundTrack: {{0, 3000, 600}, {10, 3001, 600}, {20, 3002, 600}, {30, 3003, 600}},
	}
	f := &floor{edges: make(map[string]*edge)}
	var edges []*edge
	for track, steps := range reels {
		r, err := newReel(steps)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			edges = append(edges, f.add(i, track, r))
		}
	}
	server := httptest.NewServer(f)
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	v := &viewers{address: strings.TrimPrefix(server.URL, "http://")}
	v.reset()
	v.start(ctx, 3, 2)
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for range 200 {
		<-ticks.C
		for _, e := range edges {
			e.advance()
		}
	}
	stop()
	if err := v.wait(); err != nil {
		t.Fatal(err)
	}
	lists, parts, steps, _ := v.taken()
	if lists.count < 60 || parts.count < 60 {
		t.Fatalf("%.0f playlists and %.0f parts", lists.count, parts.count)
	}
	for track, want := range reels {
		next := make(map[int]int) // the size of the part behind one
		for i, s := range want {
			next[s.Part] = want[(i+1)%len(want)].Part
		}
		for i, s := range steps[track][1:] {
			if before := steps[track][i].Part; s.Part != next[before] {
				t.Errorf("%s: a part of %d bytes behind one of %d", track, s.Part, before)
			}
			if s.List < 600 || s.List > 750 {
				t.Errorf("%s: a playlist of %d bytes", track, s.List)
			}
		}
	}
}

// TestReel takes as long for all steps as they took, and for that from the last to the
// first again.
func TestReel(t *testing.T) {
	r, err := newReel([]step{{At: 100}, {At: 200}, {At: 300}, {At: 400}})
	if err != nil || r.length != 400 || r.steps[0].At != 0 || r.steps[3].At != 300 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := newReel(make([]step, 3)); err == nil {
		t.Error("three steps are enough")
	}
}

// TestListings are read as far as a viewer needs them.
func TestListings(t *testing.T) {
	const text = `#EXTM3U
#EXT-X-MEDIA-SEQUENCE:100
#EXTINF:2.00000,
1.m4s
#EXT-X-PART:DURATION=0.25,URI="p2.m4s",INDEPENDENT=YES
#EXTINF:2.00000,
2.m4s
#EXT-X-PART:DURATION=0.25,URI="p3.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.25,URI="p4.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p5.m4s"
`
	var l listing
	if err := l.parse([]byte(text)); err != nil || l.hint != "p5.m4s" || l.number != 102 || l.part != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	if err := l.parse([]byte("#EXTM3U\n")); err == nil {
		t.Error("a playlist without a number is taken")
	}
}
