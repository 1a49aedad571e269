package gateway_test

import (
	"math"
	"testing"
)

// TestEveryFrameComesOut publishes with ffmpeg and reads everything back with
// ffprobe, in each form: the same frames, at the same times.
func TestEveryFrameComesOut(t *testing.T) {
	t.Parallel()
	clip := makeClip(t, 20)
	s := start(t)
	s.publish(clip, "live/show")
	s.ended("/live/show/v0/index.m3u8")

	want := packets(t, clip)
	for _, text := range []string{"index.m3u8", "ts.m3u8", "index.mpd"} {
		got := packets(t, s.http+"/live/show/"+text)
		compare(t, text, got, want)
		ffmpeg(t, "-xerror", "-i", s.http+"/live/show/"+text, "-f", "null", "-") // decodes without a complaint
	}
}

// compare checks that all packets came, in order, with times that differ from
// the wanted ones by one constant.
func compare(t *testing.T, what string, got, want map[string][]packet) {
	t.Helper()
	if len(got["video"]) == 0 {
		t.Errorf("%s: no video", what)
		return
	}
	shift := got["video"][0].pts - want["video"][0].pts
	for kind, all := range want {
		if len(got[kind]) != len(all) {
			t.Errorf("%s: %d packets of %s, want %d", what, len(got[kind]), kind, len(all))
			continue
		}
		for i, w := range all {
			g := got[kind][i]
			if math.Abs(g.pts-shift-w.pts) > 0.001 || math.Abs(g.dts-shift-w.dts) > 0.001 {
				t.Errorf("%s: %s packet %d at pts %.6f dts %.6f, want %.6f %.6f", what, kind, i, g.pts-shift, g.dts-shift, w.pts, w.dts)
				break
			}
		}
	}
}
