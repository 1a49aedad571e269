package origin_test

import (
	"path"
	"testing"
)

// The dashboard looks at a key frame now and then, which makes nobody a viewer.
func TestWhoLooksAtKeyFramesDoesNotWatch(t *testing.T) {
	s, video, _ := onAir(t)
	for _, c := range []struct {
		file    string
		viewers int
	}{
		{"iframes.m3u8", 0},
		{"k" + path.Base(video) + ".m4s", 0},
		{"header-v0.mp4", 0},
		{"index.m3u8", 1},
	} {
		if got := s.get("/live/show/v0/" + c.file); got.status != 200 {
			t.Errorf("%s: %d %s", c.file, got.status, got.body)
		}
		if n := s.origin.Viewers("live", "show"); n != c.viewers {
			t.Errorf("%d viewers after %s, want %d", n, c.file, c.viewers)
		}
	}
}
