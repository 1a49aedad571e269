package segment_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
)

var (
	v0      = media.TrackID{Kind: media.Video}
	a0      = media.TrackID{Kind: media.Audio}
	video   = media.Track{ID: v0, Timescale: media.VideoTimescale}
	audio   = media.Track{ID: a0, Timescale: 48000}
	payload = []byte{0}
	config  = segment.Config{Target: 2 * time.Second, Max: 10 * time.Second, Part: 250 * time.Millisecond}
)

// epoch is the time of the first sample in these tests, in seconds.
const epoch = 1795347970

// frame returns a sample of track at so many milliseconds after epoch.
func frame(track media.Track, ms int, key bool) media.Sample {
	dts := media.Ticks(epoch)*media.Ticks(track.Timescale) + media.Ticks(ms).Rescale(1000, track.Timescale)
	return media.Sample{Track: track.ID, DTS: dts, Key: key, Data: payload}
}

// millis is the inverse of frame.
func millis(p segment.Placed) int {
	scale := map[media.TrackID]uint32{v0: video.Timescale, a0: audio.Timescale}[p.Track]
	return int((p.DTS - media.Ticks(epoch)*media.Ticks(scale)).Rescale(scale, 1000))
}

// starts returns where the segments of a track begin: "0@0 1@2000".
func starts(placed []segment.Placed, id media.TrackID) string {
	var all []string
	for _, p := range placed {
		if p.Track == id && p.Cut == segment.Segment {
			all = append(all, fmt.Sprintf("%d@%d", p.Number, millis(p)))
		}
	}
	return strings.Join(all, " ")
}

// run pushes samples, which it sorts by nothing: order matters.
func run(c *segment.Cutter, samples []media.Sample) []segment.Placed {
	var out []segment.Placed
	for _, s := range samples {
		out = c.Push(s, out)
	}
	return c.Flush(out)
}

// clip returns video of 25 frames a second with key frames at the given
// times, and audio of 50 frames a second, interleaved as encoders do.
func clip(length int, keys ...int) []media.Sample {
	var all []media.Sample
	for ms := 0; ms < length; ms += 20 {
		if ms%40 == 0 {
			all = append(all, frame(video, ms, slices.Contains(keys, ms)))
		}
		all = append(all, frame(audio, ms, true))
	}
	return all
}

var cutCases = []struct {
	name    string
	tracks  []media.Track
	samples []media.Sample
	video   string
	audio   string
	promise time.Duration
}{
	{
		name:   "cuts at key frames after the target",
		tracks: []media.Track{video, audio}, samples: clip(7000, 0, 1000, 2000, 3000, 4000, 5000, 6000),
		video: "0@0 1@2000 2@4000 3@6000", audio: "0@0 1@2000 2@4000 3@6000", promise: 2 * time.Second,
	},
	{
		name:   "waits for the first key frame",
		tracks: []media.Track{video, audio}, samples: clip(4000, 1200, 3200),
		video: "0@1200 1@3200", audio: "0@1200 1@3200", promise: 2 * time.Second,
	},
	{
		name:   "a key frame a little early is near enough",
		tracks: []media.Track{video, audio}, samples: clip(6000, 0, 1920, 3840, 5760),
		video: "0@0 1@1920 2@3840 3@5760", audio: "0@0 1@1920 2@3840 3@5760", promise: 2 * time.Second,
	},
	{
		name:   "the first segment makes the promise",
		tracks: []media.Track{video, audio}, samples: clip(13000, 0, 4800, 9600),
		video: "0@0 1@4800 2@9600", audio: "0@0 1@4800 2@9600", promise: 5 * time.Second,
	},
	{
		name:   "a later group of pictures that breaks the promise is cut",
		tracks: []media.Track{video, audio}, samples: clip(9000, 0, 2000, 8000),
		video: "0@0 1@2000 2@4480 3@6960", audio: "0@0 1@2000 2@4480 3@6960", promise: 2 * time.Second,
	},
	{
		name:   "a group of pictures a little longer than whole seconds is not cut",
		tracks: []media.Track{video, audio}, samples: clip(9000, 0, 2240, 4480, 6720),
		video: "0@0 1@2240 2@4480 3@6720", audio: "0@0 1@2240 2@4480 3@6720", promise: 2 * time.Second,
	},
	{
		name:   "no second key frame: cut at the maximum",
		tracks: []media.Track{video, audio}, samples: clip(21000, 0),
		video: "0@0 1@10000 2@20480", audio: "0@0 1@10000 2@20480", promise: 10 * time.Second,
	},
	{
		name:   "audio alone is cut at the target",
		tracks: []media.Track{audio}, samples: clip(5000),
		audio: "0@0 1@2000 2@4000", promise: 2 * time.Second,
	},
	{
		name:   "video alone",
		tracks: []media.Track{video}, samples: clip(5000, 0, 2000, 4000),
		video: "0@0 1@2000 2@4000", promise: 2 * time.Second,
	},
}

func TestCuts(t *testing.T) {
	for _, c := range cutCases {
		cutter := segment.New(config)
		cutter.SetTracks(c.tracks)
		placed := run(cutter, c.samples)
		if got := starts(placed, v0); got != c.video {
			t.Errorf("%s: video %s, want %s", c.name, got, c.video)
		}
		if got := starts(placed, a0); got != c.audio {
			t.Errorf("%s: audio %s, want %s", c.name, got, c.audio)
		}
		if got := cutter.TargetDuration(); got != c.promise {
			t.Errorf("%s: promised %v, want %v", c.name, got, c.promise)
		}
	}
}

func TestAudioAheadOfVideoIsCutAtTheVideo(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video, audio})
	var samples []media.Sample
	for ms := 0; ms < 6000; ms += 40 {
		samples = append(samples, frame(audio, ms+400, true), frame(audio, ms+420, true), frame(video, ms, ms%2000 == 0))
	}
	if got := starts(run(cutter, samples), a0); got != "0@400 1@2000 2@4000" {
		t.Errorf("audio begins segments at %s", got)
	}
}

// TestAudioGoesOnWhenVideoStands has audio make its own boundaries, as far apart as was
// promised behind the segment that video is in. Video comes back with a key frame.
func TestAudioGoesOnWhenVideoStands(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video, audio})
	samples := clip(3000, 0, 2000)
	for ms := 3000; ms < 12000; ms += 20 {
		samples = append(samples, frame(audio, ms, true))
	}
	for ms := 12000; ms < 15000; ms += 40 {
		samples = append(samples, frame(audio, ms, true), frame(audio, ms+20, true), frame(video, ms, ms%2000 == 0))
	}
	placed := run(cutter, samples)
	if got := starts(placed, a0); got != "0@0 1@2000 2@4480 3@6480 4@8480 5@10480 6@12000 7@14000" {
		t.Errorf("audio begins segments at %s", got)
	}
	if got := starts(placed, v0); got != "0@0 1@2000 6@12000 7@14000" {
		t.Errorf("video begins segments at %s", got)
	}
}

func TestBreakCutsAtTheNextKeyFrame(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video})
	samples := clip(4000, 0, 2000, 2400, 4000)
	var placed []segment.Placed
	for _, s := range samples {
		if s.DTS == frame(video, 2200, false).DTS {
			cutter.Break()
		}
		placed = cutter.Push(s, placed)
	}
	if got := starts(placed, v0); got != "0@0 1@2000 2@2400" {
		t.Errorf("video begins segments at %s", got)
	}
}

// TestPartsHoldWhatTheyMay checks the bounds of RFC 8216bis 4.4.4.9 on parts.
func TestPartsHoldWhatTheyMay(t *testing.T) {
	for _, fps := range []int{25, 30, 50, 60} {
		cutter := segment.New(config)
		cutter.SetTracks([]media.Track{video})
		begun, last := -1, 0
		for i := range 20 * fps {
			ms := (i*1000 + fps/2) / fps
			for _, p := range cutter.Push(frame(video, ms, i%(2*fps) == 0), nil) {
				if p.Cut == segment.None {
					continue
				}
				length := ms - begun
				if begun >= 0 && length > 251 {
					t.Errorf("%d frames a second: a part of %d ms", fps, length)
				}
				if begun >= 0 && p.Cut == segment.Part && length < 212 {
					t.Errorf("%d frames a second: a part of %d ms inside a segment", fps, length)
				}
				begun = ms
			}
			last = ms
		}
		if begun < last-251 {
			t.Errorf("%d frames a second: no part after %d ms", fps, begun)
		}
	}
}

// TestNothingIsLost pushes tracks in a wild order and checks what Cutter
// promises: every sample behind the start comes out once, in order, and no
// segment is too long. In the end no track is ahead of the lead.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		cutter := segment.New(config)
		cutter.SetTracks([]media.Track{video, audio})
		var placed []segment.Placed
		next := map[media.TrackID]int{v0: 0, a0: r.IntN(200)}
		pushed := map[media.TrackID]int{}
		for range 3000 {
			track, step := video, 40
			if r.IntN(3) > 0 {
				track, step = audio, 20
			}
			if r.IntN(200) == 0 {
				next[track.ID] += r.IntN(1500)
			}
			s := frame(track, next[track.ID], track.ID == a0 || r.IntN(40) == 0 || pushed[v0] == 0)
			if seed%2 == 0 {
				s.Length = media.Ticks(r.IntN(2*step) * int(track.Timescale) / 1000) // anything may be foretold
			}
			if track.ID == v0 || pushed[v0] > 0 {
				placed = cutter.Push(s, placed)
				pushed[track.ID]++
			}
			next[track.ID] += step
		}
		for ; next[v0] < next[a0]; next[v0] += 40 {
			placed = cutter.Push(frame(video, next[v0], false), placed)
			pushed[v0]++
		}
		checkPlaced(t, seed, cutter.Flush(placed), pushed)
	}
}

func checkPlaced(t *testing.T, seed uint64, placed []segment.Placed, pushed map[media.TrackID]int) {
	t.Helper()
	last := map[media.TrackID]segment.Placed{}
	count := map[media.TrackID]int{}
	for _, p := range placed {
		before, ok := last[p.Track]
		if ok && (p.DTS <= before.DTS || p.Number < before.Number || (p.Number != before.Number) != (p.Cut == segment.Segment)) {
			t.Fatalf("seed %d: %+v after %+v", seed, p, before)
		}
		late := p.DTS - before.DTS - before.Length
		if ok && before.Ends != segment.None && (p.Cut < before.Ends || late < 0 || late > 0 && late <= 48000) {
			t.Fatalf("seed %d: %+v was to end, and then comes %+v", seed, before, p)
		}
		last[p.Track] = p
		count[p.Track]++
	}
	for id, n := range pushed {
		if count[id] < n-20 { // audio from before the first key frame
			t.Fatalf("seed %d: %d of %d samples of %v came out", seed, count[id], n, id)
		}
	}
}

// TestSamplesBehindAPause has a track pause and come back, several samples at once that
// reach over a boundary, before the lead does: it is no further ahead than it was.
func TestSamplesBehindAPause(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video, audio})
	var samples []media.Sample
	sound := func(from, to int) {
		for ms := from; ms < to; ms += 20 {
			samples = append(samples, frame(audio, ms, true))
		}
	}
	for ms := 0; ms < 9000; ms += 40 {
		samples = append(samples, frame(video, ms, ms%2000 == 0))
		switch {
		case ms < 3000 || ms > 5880:
			sound(ms+200, ms+240)
		case ms == 5880:
			sound(ms+20, ms+240)
		}
	}
	placed := run(cutter, samples)
	if got, want := starts(placed, a0), "0@200 1@2000 2@5900 3@6000 4@8000"; got != want {
		t.Errorf("audio begins %s, want %s", got, want)
	}
}

func BenchmarkPush(b *testing.B) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video, audio})
	var out []segment.Placed
	b.ReportAllocs()
	for i := range b.N {
		out = cutter.Push(frame(video, i*40, i%50 == 0), out[:0])
		out = cutter.Push(frame(audio, i*40+20, true), out[:0])
	}
}

// TestThePromiseIsKept has groups of pictures that end just where a segment
// may, frames that are long, and frames that are few.
func TestThePromiseIsKept(t *testing.T) {
	slow := media.Track{ID: a0, Timescale: 8000, FrameTicks: 1024}
	for _, c := range []struct{ frame, gop int }{{40, 2480}, {33, 2497}, {500, 2500}, {1000, 3000}, {1500, 3000}, {1500, 9000}, {2900, 2900}} {
		cutter := segment.New(config)
		cutter.SetTracks([]media.Track{video, slow})
		var placed []segment.Placed
		for ms, next := 0, 0; ms < 60000; ms += c.frame {
			for ; next <= ms; next += 128 {
				placed = cutter.Push(frame(slow, next, true), placed)
			}
			long := ms >= 8000 || c.gop%2000 != 0 && c.frame >= 500
			placed = cutter.Push(frame(video, ms, long && ms%c.gop < c.frame || !long && ms%2000 < c.frame), placed)
		}
		limit := cutter.TargetDuration().Milliseconds() + 500
		begun := map[media.TrackID]int64{}
		for _, p := range placed {
			scale := map[media.TrackID]uint32{v0: video.Timescale, a0: slow.Timescale}[p.Track]
			at := p.DTS.Duration(scale).Milliseconds()
			if p.Cut != segment.Segment {
				continue
			}
			if before, ok := begun[p.Track]; ok && at-before >= limit {
				t.Errorf("frames of %d ms, groups of %d ms: a segment of %v has %d ms, promised are %v", c.frame, c.gop, p.Track, at-before, cutter.TargetDuration())
			}
			begun[p.Track] = at
		}
	}
}

func TestReleaseAndANewTimescale(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video, audio})
	placed := cutter.Push(frame(video, 0, true), nil)
	placed = cutter.Push(frame(audio, 100, true), placed)
	placed = cutter.Push(frame(audio, 120, true), placed)
	if len(placed) != 1 {
		t.Fatalf("%d samples were placed before video came to them", len(placed))
	}
	if placed = cutter.Release(a0, placed); len(placed) != 3 {
		t.Fatalf("%d samples were placed", len(placed))
	}
	other := media.Track{ID: a0, Timescale: 44100}
	cutter.SetTracks([]media.Track{video, other})
	cutter.Break()
	placed = cutter.Push(frame(video, 1000, true), nil)
	placed = cutter.Push(frame(other, 1000, true), placed)
	if len(placed) != 2 || placed[0].Number != 1 || placed[1].Number != 1 || placed[1].Cut != segment.Segment {
		t.Errorf("placed %+v", placed)
	}
}
