package timeline_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

var (
	v0    = media.TrackID{Kind: media.Video}
	a0    = media.TrackID{Kind: media.Audio}
	video = media.Track{ID: v0, Codec: media.H264, Timescale: media.VideoTimescale}
	audio = media.Track{ID: a0, Codec: media.AAC, Timescale: 44100, FrameTicks: 1024}
	start = time.Date(2026, 11, 22, 11, 46, 10, 451e6, time.UTC)
)

// A publisher stamps frames in real time from start on.
type publisher struct {
	clock *timeline.Clock
	now   time.Time
}

func newPublisher(tracks ...media.Track) *publisher {
	p := &publisher{clock: timeline.New(time.Time{}), now: start}
	for _, t := range tracks {
		p.clock.SetTrack(t)
	}
	return p
}

// at stamps a frame of the given time, sent at that many milliseconds after
// start.
func (p *publisher) at(sent int, f media.Frame) media.Sample {
	p.now = start.Add(time.Duration(sent) * time.Millisecond)
	return p.clock.Stamp(f, p.now)
}

// ms returns a sample's time in milliseconds after start.
func ms(t media.Ticks, scale uint32) float64 {
	return (t - media.TicksAt(start, scale)).Seconds(scale) * 1000
}

func TestTimesOfVideoAreKept(t *testing.T) {
	p := newPublisher(video)
	cases := []struct {
		time   uint32
		offset int32
		pts    float64 // ms after start
	}{
		{0, 80, 80},
		{40, 160, 200},
		{80, 40, 120},
		{120, -40, 80},
		{160, 0, 160},
		{200, 80, 280},
		{240, 16777176, 240 + 80}, // what 24 unsigned bits make of -40: as the one before
		{280, -9000, 280},         // to the other side
		{320, 5000, 5320},
		{360, 5001, 5360},
	}
	for i, c := range cases {
		s := p.at(int(c.time), media.Frame{Track: v0, Time: 987654 + c.time, Offset: c.offset, Key: i == 0})
		if got := ms(s.PTS(), 90000); got != c.pts || ms(s.DTS, 90000) != float64(c.time) {
			t.Errorf("frame at %d with offset %d: decoded %v, presented %v, want %v", c.time, c.offset, ms(s.DTS, 90000), got, c.pts)
		}
	}
}

func TestNotBefore(t *testing.T) {
	clock := timeline.New(start.Add(time.Hour))
	s := clock.Stamp(media.Frame{Track: v0, Key: true}, start)
	if got := s.DTS.Time(media.VideoTimescale); !got.Equal(start.Add(time.Hour)) {
		t.Errorf("stamped %v although time had come to %v", got, start.Add(time.Hour))
	}
}

func TestTimeWrapsAt32Bits(t *testing.T) {
	for _, origin := range []uint32{1<<24 - 100, 1<<31 - 100, 1<<32 - 100} {
		p := newPublisher(video, audio)
		for i := range uint32(20) {
			v := p.at(int(i*40), media.Frame{Track: v0, Time: origin + i*40, Key: i == 0})
			a := p.at(int(i*40), media.Frame{Track: a0, Time: origin + i*40})
			if ms(v.DTS, 90000) != float64(i*40) {
				t.Fatalf("from %d: video frame %d at %v ms", origin, i, ms(v.DTS, 90000))
			}
			if i == 0 && a.DTS != media.TicksAt(start, 44100) {
				t.Fatalf("from %d: audio begins at %v ms", origin, ms(a.DTS, 44100))
			}
		}
	}
}

func TestAudioIsCountedInSamples(t *testing.T) {
	p := newPublisher(audio)
	var last media.Ticks
	for i := range 10000 {
		sent := (i*1024*1000 + 22050) / 44100 // rounded as encoders do
		s := p.at(sent, media.Frame{Track: a0, Time: uint32(sent), Key: true})
		if i > 0 && s.DTS-last != 1024 {
			t.Fatalf("frame %d is %d ticks after the one before", i, s.DTS-last)
		}
		last = s.DTS
	}
}

// TestFramesThatSayTheirLength has packets of Opus that are not all as long.
func TestFramesThatSayTheirLength(t *testing.T) {
	opus := media.Track{ID: a0, Codec: media.Opus, Timescale: 48000, FrameTicks: 960}
	p := newPublisher(opus)
	at, end := media.Ticks(0), media.Ticks(0)
	for i := range 1000 {
		length := []media.Ticks{960, 2880, 120, 480}[i%4]
		sent := int(at * 1000 / 48000)
		s := p.at(sent, media.Frame{Track: a0, Time: uint32(sent), Key: true, Length: length})
		if i > 0 && s.DTS != end || s.Length != length {
			t.Fatalf("packet %d of %d samples is at %d, %d long, want %d", i, length, s.DTS, s.Length, end)
		}
		at, end = at+length, s.DTS+length
	}
}

// TestNanoseconds has a frame be shown so much later.
func TestNanoseconds(t *testing.T) {
	p := newPublisher(video)
	p.at(0, media.Frame{Track: v0, Key: true})
	if s := p.at(40, media.Frame{Track: v0, Time: 40, Offset: 66, Nanos: 500_000}); s.Offset != 66*90+45 {
		t.Errorf("shown %d ticks later, want %d", s.Offset, 66*90+45)
	}
}

func TestAudioFollowsADriftingClock(t *testing.T) {
	for _, ppm := range []float64{-200, 200} {
		p := newPublisher(audio)
		worst := 0.0
		for i := range 200000 { // over an hour
			exact := float64(i) * 1024 / 44100 * 1000 * (1 + ppm/1e6)
			sent := int(exact + 0.5)
			s := p.at(sent, media.Frame{Track: a0, Time: uint32(sent), Key: true})
			worst = max(worst, ms(s.DTS, 44100)-exact, exact-ms(s.DTS, 44100))
		}
		if worst > 3 {
			t.Errorf("%v ppm: audio is up to %.2f ms off", ppm, worst)
		}
	}
}

func TestLostAudioLeavesItsPlace(t *testing.T) {
	p := newPublisher(audio)
	p.at(0, media.Frame{Track: a0, Time: 0})
	p.at(23, media.Frame{Track: a0, Time: 23})
	s := p.at(1000, media.Frame{Track: a0, Time: 1000})
	if got := ms(s.DTS, 44100); got < 999.9 || got > 1000.1 {
		t.Errorf("audio that was sent for 1000 ms comes at %v", got)
	}
}

var jumpCases = []struct {
	name string
	from uint32 // time of the last frame before, at 1000 ms
	to   uint32 // time of the first frame behind
	sent int    // when that is sent
	want float64
}{
	{name: "forward without a pause goes on", from: 1000, to: 500000, sent: 1040, want: 1040},
	{name: "back without a pause goes on", from: 900000, to: 17, sent: 1040, want: 1040},
	{name: "back behind a pause leaves a hole", from: 900000, to: 17, sent: 9000, want: 9000},
	{name: "a pause with the clock running leaves a hole", from: 1000, to: 9000, sent: 9000, want: 9000},
	{name: "a short pause is none", from: 1000, to: 3900, sent: 3900, want: 3900},
	{name: "a late burst is none", from: 1000, to: 1040, sent: 9000, want: 1040},
}

func TestJumps(t *testing.T) {
	for _, c := range jumpCases {
		p := newPublisher(video, audio)
		p.at(960, media.Frame{Track: v0, Time: c.from - 40, Key: true})
		p.at(1000, media.Frame{Track: v0, Time: c.from})
		p.at(1000, media.Frame{Track: a0, Time: c.from})
		v := p.at(c.sent, media.Frame{Track: v0, Time: c.to})
		if got := ms(v.DTS, 90000); got != c.want {
			t.Errorf("%s: at %v ms, want %v", c.name, got, c.want)
		}
		a := p.at(c.sent, media.Frame{Track: a0, Time: c.to})
		if got := ms(a.DTS, 44100); got < c.want-25 || got > c.want+25 {
			t.Errorf("%s: audio at %v ms, video at %v", c.name, got, c.want)
		}
	}
}

// TestDecodeTimesAlwaysRise feeds nonsense: whatever comes, decode times rise
// and presentation times stay near them.
func TestDecodeTimesAlwaysRise(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := newPublisher(video, audio)
		last := map[media.TrackID]media.Ticks{}
		clock, sent := r.Uint32(), 0
		for range 400 {
			sent += r.IntN(60)
			clock += r.Uint32N(60)
			if r.IntN(50) == 0 {
				clock = r.Uint32()
			}
			f := media.Frame{Track: v0, Time: clock - r.Uint32N(3)*r.Uint32N(300), Offset: int32(r.Uint32()) >> r.IntN(32)}
			scale := uint32(90000)
			if r.IntN(2) == 0 {
				f.Track, scale = a0, 44100
			}
			s := p.at(sent, f)
			if before, ok := last[f.Track]; ok && s.DTS <= before {
				t.Fatalf("seed %d: %v decoded at %d after %d", seed, f, s.DTS, before)
			}
			last[f.Track] = s.DTS
			if d := s.Offset.Seconds(scale); d < -8 || d > 8 {
				t.Fatalf("seed %d: presented %v s after it is decoded", seed, d)
			}
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	clock := timeline.New(time.Time{})
	clock.SetTrack(video)
	clock.SetTrack(audio)
	b.ReportAllocs()
	for i := range b.N {
		clock.Stamp(media.Frame{Track: a0, Time: uint32(i * 23)}, start)
	}
}

// TestTracksStayTogether has tracks whose times make no sense for a while, and
// then do: both count by one clock again.
func TestTracksStayTogether(t *testing.T) {
	cases := []struct {
		name  string
		wrong func(i int) (video, audio uint32) // times of the i-th pair of frames
	}{
		{"audio in the wrong unit", func(i int) (uint32, uint32) { return uint32(i * 40), uint32(i * 40 * 48) }},
		{"video in the wrong unit", func(i int) (uint32, uint32) { return uint32(i * 40 * 90), uint32(i * 40) }},
		{"video that runs backwards", func(i int) (uint32, uint32) { return uint32(-i * 40), uint32(i * 40) }},
		{"audio that stands", func(i int) (uint32, uint32) { return uint32(i * 40), 0 }},
		{"audio that jumps alone", func(i int) (uint32, uint32) { return uint32(i * 40), uint32(i*40 + i/50*100000) }},
	}
	for _, c := range cases {
		p := newPublisher(video, audio)
		var v, a media.Sample
		for i := range 1000 {
			vt, at := c.wrong(i)
			if i >= 500 {
				vt, at = uint32(7_000_000+i*40), uint32(7_000_000+i*40)
			}
			v = p.at(i*40, media.Frame{Track: v0, Time: vt, Key: true})
			a = p.at(i*40, media.Frame{Track: a0, Time: at})
			if ahead := ms(v.DTS, 90000) - float64(i*40); ahead > 15000 {
				t.Fatalf("%s: video %v ms in the future", c.name, ahead)
			}
			if ahead := ms(a.DTS, 44100) - float64(i*40); ahead > 15000 {
				t.Fatalf("%s: audio %v ms in the future", c.name, ahead)
			}
			if d := v.Offset.Seconds(90000); d < -1 || d > 1 {
				t.Fatalf("%s: frame %d is shown %v s after it is decoded", c.name, i, d)
			}
		}
		if apart := ms(v.DTS, 90000) - ms(a.DTS, 44100); apart < -75 || apart > 75 { // frames are lost until three are
			t.Errorf("%s: video and audio are %v ms apart in the end", c.name, apart)
		}
	}
}

func TestALateTrackKeepsItsPlaceBehindAStall(t *testing.T) {
	p := newPublisher(video, audio)
	p.at(0, media.Frame{Track: v0, Time: 0, Key: true})
	v := p.at(15000, media.Frame{Track: v0, Time: 40})
	a := p.at(15000, media.Frame{Track: a0, Time: 40})
	if apart := ms(v.DTS, 90000) - ms(a.DTS, 44100); apart < -1 || apart > 1 {
		t.Errorf("video and audio of the same time are %v ms apart", apart)
	}
}

func TestFramesOfOneMillisecond(t *testing.T) {
	p := newPublisher(video)
	last := media.Ticks(0)
	for i, at := range []uint32{0, 33, 33, 33, 66} {
		s := p.at(int(at), media.Frame{Track: v0, Time: at, Key: i == 0})
		if s.DTS <= last || s.Offset < 0 {
			t.Errorf("frame %d is decoded at %d after %d and shown %d ticks later", i, s.DTS, last, s.Offset)
		}
		if off := ms(s.PTS(), 90000) - float64(at); off < 0 || off > 0.1 {
			t.Errorf("frame %d of %d ms is shown %v ms off", i, at, off)
		}
		last = s.DTS
	}
}
