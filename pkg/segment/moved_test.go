package segment_test

import (
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// steady returns a sample of video of 25 frames a second: the i-th.
func steady(i, gop int) media.Sample {
	s := frame(video, 40*i, i%gop == 0)
	s.Length = 3600
	return s
}

// TestMoved has a sample that does not come where the part before it ended.
func TestMoved(t *testing.T) {
	const step, second = 3600, 90000
	for _, c := range []struct {
		name         string
		late, offset media.Ticks
		moved, want  media.Ticks // its decode time after the end, and its offset
	}{
		{"in time", 0, 80, 0, 80},
		{"a little late", 40, 80, 0, 120},
		{"a little early", -40, 80, 0, 40},
		{"early, and never shown before it is decoded", -40, 0, 0, 0},
		{"early, and shown before it is decoded as it was", -40, -50, 0, -50},
		{"a frame late", step, 0, 0, step},
		{"a frame is missing", 2 * step, 100, 0, 100 + step},
		{"a second is missing", second, 0, 0, step},
		{"more is missing", second + 1, 0, second + 1, 0},
	} {
		cutter := segment.New(config)
		cutter.SetTracks([]media.Track{video})
		var placed []segment.Placed
		for i := range 6 {
			placed = cutter.Push(steady(i, 50), placed)
		}
		last := placed[5]
		if last.Ends != segment.Part || last.Length != step {
			t.Fatalf("%+v ends no part", last)
		}
		s := steady(6, 50)
		s.DTS, s.Offset, s.Length = s.DTS+c.late, c.offset, 0
		p := cutter.Push(s, nil)[0]
		if at := p.DTS - last.DTS - last.Length; at != c.moved || p.Offset != c.want || p.Cut != segment.Part {
			t.Errorf("%s: placed %d ticks behind the end with offset %d, %v", c.name, at, p.Offset, p.Cut)
		}
		next := steady(7, 50)
		next.DTS += max(c.late, 0)
		if p := cutter.Push(next, nil)[0]; p.DTS != next.DTS {
			t.Errorf("%s: the sample after it is at %d and not at %d", c.name, p.DTS, next.DTS)
		}
	}
}

func TestSamplesThatCatchUpStillRise(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video})
	var placed []segment.Placed
	for i := range 6 {
		placed = cutter.Push(steady(i, 50), placed)
	}
	end := placed[5].DTS + 3600
	for i, want := range []media.Ticks{0, 1, 2, 400} {
		s := frame(video, 200, false)
		s.DTS += media.Ticks(1000 * (i + 1))
		if p := cutter.Push(s, nil)[0]; p.DTS != end+want {
			t.Errorf("sample %d is decoded %d ticks after the end, want %d", i, p.DTS-end, want)
		}
	}
}

// TestNothingFollowsWhatWasReleased has a track whose next sample is of another
// kind.
func TestNothingFollowsWhatWasReleased(t *testing.T) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video})
	var placed []segment.Placed
	for i := range 6 {
		placed = cutter.Push(steady(i, 50), placed)
	}
	placed = cutter.Release(v0, placed)
	late := frame(video, 700, true)
	if p := cutter.Push(late, placed)[6]; p.DTS != late.DTS || p.Cut < segment.Part {
		t.Errorf("%+v", p)
	}
}

// TestAKeyFrameThatComesEarly has regular groups of pictures, and then one that
// is shorter: audio has gone on by then, and begins the segment where it is.
func TestAKeyFrameThatComesEarly(t *testing.T) {
	cutter := segment.New(config)
	sound := media.Track{ID: a0, Timescale: 48000, FrameTicks: 1024}
	cutter.SetTracks([]media.Track{video, sound})
	var placed []segment.Placed
	at := frame(sound, 0, true)
	at.Length = 1024
	for i := range 300 {
		s := steady(i, 50)
		s.Key = i < 247 && i%50 == 0 || i == 247
		placed = cutter.Push(s, placed)
		for at.DTS*90000 < (s.DTS+9000)*48000 { // 100 ms ahead
			placed = cutter.Push(at, placed)
			at.DTS += 1024
		}
	}
	if got := starts(placed, v0); got != "0@0 1@2000 2@4000 3@6000 4@8000 5@9880" {
		t.Errorf("video begins segments at %s", got)
	}
	if got := starts(placed, a0); got != "0@0 1@2005 2@4011 3@6016 4@8000 5@9941" {
		t.Errorf("audio begins segments at %s", got)
	}
}

func TestFlushEndsTheLastPart(t *testing.T) {
	cutter := segment.New(config)
	sound := media.Track{ID: a0, Timescale: 48000, FrameTicks: 1024}
	cutter.SetTracks([]media.Track{video, sound})
	placed := cutter.Push(steady(0, 50), nil)
	for ms := range 3 {
		s := frame(sound, 20+21*ms, true)
		s.Length = 1008
		placed = cutter.Push(s, placed)
	}
	placed = cutter.Flush(placed)
	if last := placed[len(placed)-1]; len(placed) != 4 || last.Ends != segment.Part || last.Length != 1008 {
		t.Errorf("the last of %d samples: %+v", len(placed), last)
	}
	if cutter.PartTarget() != config.Part {
		t.Errorf("the target is %v", cutter.PartTarget())
	}
}

func TestPartTarget(t *testing.T) {
	rate := func(num, den uint32) media.Ratio { return media.Ratio{Num: num, Den: den} }
	for _, c := range []struct {
		name           string
		rate, declared media.Ratio
		sampling       uint32 // 0: no audio
		part, want     time.Duration
		chunk          time.Duration // target of chunks, when they shall have a single frame
	}{
		{"25", rate(25, 1), media.Ratio{}, 48000, 250, 250, 40},
		{"25 fill it", rate(25, 1), media.Ratio{}, 48000, 200, 200, 40},
		{"25 do not", rate(25, 1), media.Ratio{}, 48000, 100, 120, 40},
		{"24 fill it", rate(24, 1), rate(24, 1), 44100, 250, 250, 42},
		{"23.976 do not", rate(24000, 1001), rate(24000, 1001), 44100, 250, 251, 42},
		{"24, which may be 23.976", rate(24, 1), media.Ratio{}, 44100, 250, 251, 42},
		{"29.97", rate(30000, 1001), media.Ratio{}, 0, 100, 101, 34},
		{"29.97 and audio", rate(30000, 1001), media.Ratio{}, 48000, 100, 107, 34},
		{"30", rate(30, 1), rate(30, 1), 0, 100, 100, 34},
		{"15", rate(15, 1), media.Ratio{}, 44100, 250, 267, 67},
		{"10", rate(10, 1), media.Ratio{}, 48000, 250, 300, 100},
		{"2, declared", rate(2, 1), rate(2, 1), 48000, 250, 500, 500},
		{"27, which nobody knows", rate(27, 1), media.Ratio{}, 0, 100, 112, 38},
		{"50, declared wrongly", rate(50, 1), rate(30, 1), 48000, 100, 100, 22},
		{"audio of long frames", media.Ratio{}, media.Ratio{}, 8000, 100, 128, 128},
	} {
		cutter := segment.New(segment.Config{Target: 2 * time.Second, Max: 10 * time.Second, Part: c.part * time.Millisecond, Chunk: time.Millisecond})
		var tracks []media.Track
		end := 2000.0
		if c.rate.Known() {
			v := video
			v.FrameRate = c.declared
			tracks = append(tracks, v)
		}
		if c.sampling != 0 {
			tracks = append(tracks, media.Track{ID: a0, Timescale: c.sampling, FrameTicks: 1024})
		}
		cutter.SetTracks(tracks)
		if cutter.PartTarget() != 0 {
			t.Errorf("%s: a target of %v before anything came", c.name, cutter.PartTarget())
		}
		video, audio := 0.0, 0.0
		for video < end && audio < end {
			if c.rate.Known() && (video <= audio || c.sampling == 0) {
				cutter.Push(frame(tracks[0], int(video+0.5), video == 0), nil)
				video += 1000 / c.rate.Float()
				continue
			}
			s := frame(tracks[len(tracks)-1], 0, true)
			s.DTS += media.Ticks(audio*float64(c.sampling)/1000 + 0.5)
			s.Length = 1024
			cutter.Push(s, nil)
			audio += 1024 * 1000 / float64(c.sampling)
		}
		if got := cutter.ChunkTarget(); got != c.chunk*time.Millisecond {
			t.Errorf("%s: the target of chunks is %v, want %v", c.name, got, c.chunk*time.Millisecond)
		}
		if got := cutter.PartTarget(); got != c.want*time.Millisecond {
			t.Errorf("%s: the target is %v, want %v", c.name, got, c.want*time.Millisecond)
		}
	}
}
