package gateway_test

import (
	"testing"
	"time"
)

// TestPlaylistsWhileLive looks at a stream once a second while it is published,
// as a player does, and checks all that must not change and all that must move
// on.
func TestPlaylistsWhileLive(t *testing.T) {
	t.Parallel()
	clip := makeClip(t, 14, "-g", "30")
	s := start(t, "segment.duration", "1s", "segment.max", "2s", "window.duration", "6s", "ts.cache_bytes", "1MiB")
	published := make(chan error, 1)
	go func() { published <- s.publish(clip, "live/show") }()
	s.playing("live/show", 1)
	p := newPlayer(t, s, "live/show")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for on := true; on; {
		p.look()
		select {
		case err := <-published:
			if err != nil {
				t.Fatal(err)
			}
			on = false
		case <-tick.C:
		}
	}
	for _, at := range []string{"v0/index.m3u8", "a0/index.m3u8", "v0/ts.m3u8"} {
		l := p.lists[p.folder+at]
		if l == nil || l.polls < 8 || len(l.entries) < 10 {
			t.Errorf("%s was seen too seldom: %+v", at, l)
		} else if _, kept := l.entries[l.sequence-3]; !kept {
			t.Errorf("%s: nothing left the window", at)
		}
	}
	t.Run("schema", func(t *testing.T) { validate(t, p.mpd.text) })
	t.Run("schema of the end", func(t *testing.T) {
		s.ended("live/show", "v0")
		validate(t, s.get("/live/show/index.mpd"))
	})
}
