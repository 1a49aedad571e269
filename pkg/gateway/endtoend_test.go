package gateway_test

import (
	"math"
	"os"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"
)

// turn is after how many seconds the clock of MPEG-TS begins again.
const turn = float64(1<<33) / 90000

// TestEveryFrameComesOut publishes with ffmpeg and reads everything back with
// ffprobe, in each form: the same frames, at the same times.
func TestEveryFrameComesOut(t *testing.T) {
	t.Parallel()
	clips := map[string]string{
		"live/b-frames":   makeClip(t, 20),
		"live/video-only": makeClip(t, 8, "-an", "-bf", "3"),
		"live/audio-only": makeClip(t, 8, "-vn", "-ar", "48000", "-ac", "2"),
		"live/irregular": makeClip(t, 12, "-r", "25", "-profile:v", "baseline", "-bf", "0", "-g", "1000",
			"-force_key_frames", "0,0.6,2.2,2.4,5.2,7.0,9.2,9.8", "-ar", "22050", "-ac", "1"),
	}
	s := start(t)
	var publishing errgroup.Group
	for stream, clip := range clips {
		publishing.Go(func() error { return s.publish(clip, stream) })
	}
	if err := publishing.Wait(); err != nil {
		t.Fatal(err)
	}
	for stream, clip := range clips {
		t.Run(stream, func(t *testing.T) {
			want := fromFirstKeyFrame(packets(t, clip))
			rendition := "v0"
			if want["video"] == nil {
				rendition = "a0"
			}
			s.ended(stream, rendition)
			shift := map[string]float64{}
			for _, form := range []string{"index.m3u8", "ts.m3u8", "index.mpd"} {
				shift[form] = compare(t, form, s.packetsOf(stream, form, want), want)
				decodes(t, s.http+"/"+stream+"/"+form, want)
			}
			if d := math.Abs(shift["index.mpd"] - shift["index.m3u8"]); d > 0.001 {
				t.Errorf("DASH is %f s off HLS", d)
			}
			if d := math.Remainder(shift["ts.m3u8"]-shift["index.m3u8"], turn); math.Abs(d) > 0.001 {
				t.Errorf("MPEG-TS is %f s off CMAF", d)
			}
		})
	}
}

// fromFirstKeyFrame drops the audio in front of the video, with which all these
// clips begin to be carried.
func fromFirstKeyFrame(all map[string][]packet) map[string][]packet {
	if video, audio := all["video"], all["audio"]; video != nil && audio != nil {
		all["audio"] = slices.DeleteFunc(audio, func(p packet) bool { return p.dts < video[0].dts })
	}
	return all
}

// decodes checks that ffmpeg decodes an input without a complaint. Pictures are
// given new times before they are written, because muxers do not take two at
// the same time, and encoders send such.
func decodes(t *testing.T, input string, kinds map[string][]packet) {
	t.Helper()
	args := []string{"-xerror", "-i", input}
	if _, ok := kinds["video"]; ok {
		args = append(args, "-map", "0:v", "-filter:v", "setpts=N/TB", "-fps_mode", "passthrough", "-f", "rawvideo", os.DevNull)
	}
	if _, ok := kinds["audio"]; ok {
		args = append(args, "-map", "0:a", "-f", "s16le", os.DevNull)
	}
	if err := ffmpeg(args...); err != nil {
		t.Error(err)
	}
}

// compare checks that all packets came, in order, with times that differ from
// the wanted ones by one constant, which it returns in seconds.
func compare(t *testing.T, what string, got, want map[string][]packet) (shift float64) {
	t.Helper()
	for _, kind := range []string{"audio", "video"} {
		if len(got[kind]) > 0 && len(want[kind]) > 0 {
			shift = got[kind][0].pts - want[kind][0].pts // of the video, if there is any: its times are exact
		}
	}
	for _, kind := range []string{"video", "audio"} {
		all := want[kind]
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
	return shift
}
