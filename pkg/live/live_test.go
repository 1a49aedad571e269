package live_test

import (
	"sync"
	"testing"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

var (
	v0     = media.TrackID{Kind: media.Video}
	a0     = media.TrackID{Kind: media.Audio}
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	video  = &live.Header{Name: "v", Track: media.Track{ID: v0, Timescale: 90000}}
	audio  = &live.Header{Name: "a", Track: media.Track{ID: a0, Timescale: 48000}}
	first  = &live.Period{Headers: []*live.Header{video, audio}}
	second = &live.Period{Sequence: 1, Headers: []*live.Header{video}}
)

func presentation(window time.Duration) *live.Presentation {
	return live.New(live.Settings{App: "live", Name: "show", Window: window, Started: noon})
}

// segment returns one of so many seconds, in thousands of bytes.
func segment(number uint64, p *live.Period, h *live.Header, seconds float64, size int64) live.Segment {
	return live.Segment{
		Number: number, Period: p, Header: h, Name: "x", Start: media.Ticks(number),
		Duration: media.Ticks(seconds * float64(h.Track.Timescale)), Size: size * 1000, Frames: int(30 * seconds),
	}
}

// TestWindow checks what leaves when (RFC 8216bis 6.2.2): never so much that
// less than three target durations remain.
func TestWindow(t *testing.T) {
	cases := []struct {
		name    string
		window  time.Duration
		lengths []float64
		listed  int
	}{
		{"a window of whole segments", 8 * time.Second, []float64{2, 2, 2, 2, 2, 2}, 4},
		{"a window between segments is exceeded", 7 * time.Second, []float64{2, 2, 2, 2, 2, 2}, 4},
		{"three target durations at least", time.Second, []float64{2, 2, 2, 2, 2, 2}, 3},
		{"short segments do not count as whole ones", 6 * time.Second, []float64{2, 2, 0.5, 0.5, 0.5, 2, 2}, 6},
		{"a long segment leaves when enough came after it", 6 * time.Second, []float64{9, 2, 2}, 3},
		{"and not before", 6 * time.Second, []float64{9, 2, 2, 2}, 3},
	}
	for _, c := range cases {
		p := presentation(c.window)
		removed := 0
		for i, length := range c.lengths {
			removed += len(p.Add(v0, segment(uint64(i), second, video, length, 1), live.Targets{Segment: 2 * time.Second}, noon))
		}
		r := p.Snapshot().Rendition(v0)
		if len(r.Segments) != c.listed || removed != len(c.lengths)-c.listed || r.Segments[0].Number != uint64(removed) {
			t.Errorf("%s: %d listed from %d on, %d removed", c.name, len(r.Segments), r.Segments[0].Number, removed)
		}
		var depth time.Duration
		for _, seg := range r.Segments {
			depth += seg.Length()
		}
		if r.Depth != depth {
			t.Errorf("%s: a depth of %v, not %v", c.name, r.Depth, depth)
		}
	}
}

// TestTheEndIsEven checks that players can begin with the first segment of what has ended, in
// each rendition, whichever window has moved on by then.
func TestTheEndIsEven(t *testing.T) {
	const length = 2 * time.Second
	at := func(h *live.Header, p *live.Period, number uint64, from time.Duration) live.Segment {
		seg := segment(number, p, h, length.Seconds(), 1)
		seg.Start = media.TicksOf(from, h.Track.Timescale)
		return seg
	}
	cases := []struct {
		name         string
		video, audio []time.Duration // where segments begin
		change       func(v, a []live.Segment)
		firsts       [2]uint64
	}{
		{"together", []time.Duration{0, length, 2 * length}, []time.Duration{0, length, 2 * length}, nil, [2]uint64{0, 0}},
		{"sound has left, and began a little earlier", []time.Duration{0, length, 2 * length}, []time.Duration{length - 20*time.Millisecond, 2*length - 20*time.Millisecond}, nil, [2]uint64{1, 0}},
		{"the picture has left", []time.Duration{length, 2 * length}, []time.Duration{-20 * time.Millisecond, length - 20*time.Millisecond, 2 * length}, nil, [2]uint64{0, 1}},
		{"half a segment of both", []time.Duration{0, length}, []time.Duration{length / 2, 3 * length / 2}, nil, [2]uint64{0, 0}},
		{"nothing else", []time.Duration{0}, []time.Duration{length}, nil, [2]uint64{0, 0}},
		{"no sound", []time.Duration{0, length}, nil, nil, [2]uint64{0, 0}},
		{"a gap behind it", []time.Duration{0, length, 2 * length}, []time.Duration{length, 2 * length}, func(v, _ []live.Segment) { v[1].Gap = true }, [2]uint64{0, 0}},
		{"another period behind it", []time.Duration{0, length}, []time.Duration{length}, func(v, a []live.Segment) { v[1].Period, a[0].Period = second, second }, [2]uint64{0, 0}},
	}
	for _, c := range cases {
		p := presentation(time.Minute)
		var all [2][]live.Segment
		for i, from := range c.video {
			all[0] = append(all[0], at(video, first, uint64(i), from))
		}
		for i, from := range c.audio {
			all[1] = append(all[1], at(audio, first, uint64(i), from))
		}
		if c.change != nil {
			c.change(all[0], all[1])
		}
		for _, segments := range all {
			for _, seg := range segments {
				p.Add(seg.Header.Track.ID, seg, live.Targets{Segment: length}, noon)
			}
		}
		p.End(noon)
		s := p.Snapshot()
		for i, id := range []media.TrackID{v0, a0} {
			r := s.Rendition(id)
			if r == nil {
				continue
			}
			if got := r.Segments[0].Number; got != c.firsts[i] {
				t.Errorf("%s: %v begins with %d, not %d", c.name, id, got, c.firsts[i])
			}
			if n := len(all[i]); r.Segments[len(r.Segments)-1].Number != uint64(n-1) {
				t.Errorf("%s: the end of %v is not listed", c.name, id)
			}
			if _, ok := r.Find(func(seg *live.Segment) bool { return seg.Number == 0 }); !ok {
				t.Errorf("%s: segment 0 of %v cannot be had any more", c.name, id)
			}
		}
	}
}

// What a publisher sends late and at once is ahead of the clock. Segments stay
// while they are in the window by the clock, up to two windows of media.
func TestWindowOfWhatIsAhead(t *testing.T) {
	p := presentation(8 * time.Second)
	listed := func() int { return len(p.Snapshot().Rendition(v0).Segments) }
	add := func(number uint64, ahead time.Duration) {
		seg := segment(number, second, video, 2, 1)
		seg.Start = media.Ticks(number) * seg.Duration
		p.Add(v0, seg, live.Targets{Segment: 2 * time.Second}, seg.End().Time(seg.Timescale()).Add(-ahead))
	}
	for n := range uint64(6) {
		add(n, 0)
	}
	if got := listed(); got != 4 {
		t.Fatalf("%d segments", got)
	}
	add(6, 700*time.Millisecond)
	if got := listed(); got != 5 {
		t.Errorf("%d segments of 2 s in 8 s that ended 0.7 s ago", got)
	}
	for n := range uint64(10) {
		add(n+7, time.Hour)
	}
	if got := listed(); got != 7 {
		t.Errorf("%d segments of 2 s, all of them far ahead", got)
	}
}

// TestRemovedSegmentsCanStillBeHad checks the time for which: the segment's own
// duration and that of the longest playlist that listed it.
func TestRemovedSegmentsCanStillBeHad(t *testing.T) {
	p := presentation(6 * time.Second)
	now := noon
	add := func(number uint64, length float64) []live.Removed {
		now = now.Add(time.Duration(length * float64(time.Second)))
		return p.Add(v0, segment(number, second, video, length, 1), live.Targets{Segment: 2 * time.Second}, now)
	}
	add(0, 9)
	add(1, 2)
	add(2, 2)
	gone := add(3, 2) // the playlist was 15 s long, with number 3 in it
	if len(gone) != 1 || gone[0].Number != 0 || !gone[0].Until.Equal(now.Add((15+9)*time.Second)) {
		t.Fatalf("removed %+v at %v", gone, now)
	}
	gone = add(4, 2) // 8 s long now, but number 1 was in that of 15 s
	if len(gone) != 1 || !gone[0].Until.Equal(now.Add((15+2)*time.Second)) {
		t.Fatalf("removed %+v at %v", gone, now)
	}
	find := func(number uint64) bool {
		_, ok := p.Snapshot().Rendition(v0).Find(func(s *live.Segment) bool { return s.Number == number })
		return ok
	}
	for number := range uint64(5) {
		if !find(number) {
			t.Errorf("number %d is not found", number)
		}
	}
	now = now.Add(time.Minute)
	add(5, 2)
	if find(0) || find(1) || !find(2) || find(9) {
		t.Error("the past is not forgotten in time")
	}
}

func TestSpans(t *testing.T) {
	p := presentation(8 * time.Second)
	spans := func() int { return len(p.Snapshot().Spans()) }
	p.Add(v0, segment(0, first, video, 2, 1), live.Targets{Segment: 2 * time.Second}, noon)
	if spans() != 0 {
		t.Error("something to play without audio")
	}
	p.Add(a0, segment(0, first, audio, 2, 1), live.Targets{Segment: 2 * time.Second}, noon)
	if spans() != 1 {
		t.Error("nothing to play")
	}
	p.Add(v0, segment(1, second, video, 2, 1), live.Targets{Segment: 2 * time.Second}, noon)
	all := p.Snapshot().Spans()
	if len(all) != 2 || all[0].Sequence != 0 || len(all[0].Tracks) != 2 || all[1].Sequence != 1 || len(all[1].Tracks) != 1 {
		t.Errorf("spans %+v", all)
	}
	for number := range uint64(4) {
		p.Add(v0, segment(number+2, second, video, 2, 1), live.Targets{Segment: 2 * time.Second}, noon)
	}
	if all := p.Snapshot().Spans(); len(all) != 1 || all[0].Sequence != 1 || len(all[0].Tracks[0].Segments) != 4 {
		t.Errorf("a period that has left is still there: %+v", all)
	}
}

func TestRates(t *testing.T) {
	cases := []struct {
		sizes     []int64 // thousand bytes in two seconds
		bandwidth int
		average   int
	}{
		{[]int64{500}, 2_100_000, 2_000_000}, // one bit too much for 2.0
		{[]int64{500, 250}, 2_100_000, 1_500_000},
		{[]int64{250, 500}, 2_100_000, 1_500_000},
		{[]int64{0}, 1, 0},
	}
	for _, c := range cases {
		p := presentation(8 * time.Second)
		for i, size := range c.sizes {
			p.Add(v0, segment(uint64(i), second, video, 2, size), live.Targets{Segment: 2 * time.Second}, noon)
		}
		gap := segment(9, second, video, 2, 0)
		gap.Gap = true
		p.Add(v0, gap, live.Targets{Segment: 2 * time.Second}, noon)
		if r := p.Snapshot().Rendition(v0); r.Bandwidth != c.bandwidth || r.Average != c.average || r.Average > r.Bandwidth {
			t.Errorf("%v: bandwidth %d, average %d", c.sizes, r.Bandwidth, r.Average)
		}
	}
}

// TestSnapshotsNeverChange lets many readers go over snapshots while segments
// come and go. The race detector is the judge.
func TestSnapshotsNeverChange(t *testing.T) {
	p := presentation(8 * time.Second)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := p.Snapshot()
				s.Spans()
				for _, r := range s.Renditions {
					for i, seg := range r.Segments {
						if seg.Number != r.Segments[0].Number+uint64(i) {
							t.Errorf("number %d at %d", seg.Number, i)
						}
					}
					r.Find(func(seg *live.Segment) bool { return seg.Number == 1 })
				}
			}
		})
	}
	old := p.Snapshot()
	for number := range uint64(2000) {
		now := noon.Add(time.Duration(number) * 2 * time.Second)
		p.Add(v0, segment(number, first, video, 2, 1), live.Targets{Segment: 2 * time.Second}, now)
		p.Add(a0, segment(number, first, audio, 2, 1), live.Targets{Segment: 2 * time.Second}, now)
		if number == 100 {
			old = p.Snapshot()
		}
	}
	p.End(noon)
	close(stop)
	readers.Wait()
	r := old.Rendition(v0)
	if len(r.Segments) != 4 || r.Segments[3].Number != 100 || old.Ended || !p.Snapshot().Ended {
		t.Error("an old snapshot changed")
	}
}

func TestFrameRate(t *testing.T) {
	cases := []struct {
		declared media.Ratio
		frames   int
		length   time.Duration
		want     media.Ratio
	}{
		{media.Ratio{Num: 30000, Den: 1001}, 60, 2 * time.Second, media.Ratio{Num: 30000, Den: 1001}},
		{media.Ratio{}, 60, 1999 * time.Millisecond, media.Ratio{Num: 30, Den: 1}},
		{media.Ratio{}, 60, 2002 * time.Millisecond, media.Ratio{Num: 30000, Den: 1001}},
		{media.Ratio{}, 48, 2002 * time.Millisecond, media.Ratio{Num: 24000, Den: 1001}},
		{media.Ratio{}, 50, 2 * time.Second, media.Ratio{Num: 25, Den: 1}},
		{media.Ratio{}, 54, 2 * time.Second, media.Ratio{}}, // nobody's rate: it varies
	}
	for _, c := range cases {
		p := live.New(live.Settings{Window: 30 * time.Second})
		h := &live.Header{Track: media.Track{ID: media.TrackID{Kind: media.Video}, Timescale: media.VideoTimescale, FrameRate: c.declared}}
		p.Add(h.Track.ID, live.Segment{
			Period: &live.Period{Headers: []*live.Header{h}}, Header: h, Frames: c.frames,
			Duration: media.TicksOf(c.length, media.VideoTimescale), Size: 1,
		}, live.Targets{Segment: 2 * time.Second}, time.Unix(0, 0))
		if got := p.Snapshot().Spans()[0].Tracks[0].FrameRate(); got != c.want {
			t.Errorf("%d frames in %v, declared %v: %v, want %v", c.frames, c.length, c.declared, got, c.want)
		}
	}
}

// TestFrameRateBehindPauses has one frame last for long, in the first segment or in a
// later one.
func TestFrameRateBehindPauses(t *testing.T) {
	for _, frames := range [][]int{{38, 50, 50}, {50, 38, 50}, {50, 50, 25}} {
		p := live.New(live.Settings{Window: 30 * time.Second})
		h := &live.Header{Track: media.Track{ID: media.TrackID{Kind: media.Video}, Timescale: media.VideoTimescale}}
		period := &live.Period{Headers: []*live.Header{h}}
		for i, n := range frames {
			p.Add(h.Track.ID, live.Segment{
				Number: uint64(i), Period: period, Header: h, Frames: n, Start: media.Ticks(i * 180_000), Duration: 180_000, Size: 1,
			}, live.Targets{Segment: 2 * time.Second}, time.Unix(int64(2*i), 0))
		}
		if got := p.Snapshot().Spans()[0].Tracks[0].FrameRate(); got != (media.Ratio{Num: 25, Den: 1}) {
			t.Errorf("%d frames in 2 s each: %v", frames, got)
		}
	}
}

// Gaps in front of the media of a period are no reason to tell of it.
func TestSpansBehindGaps(t *testing.T) {
	p := presentation(time.Minute)
	targets := live.Targets{Segment: 2 * time.Second}
	after := &live.Period{Sequence: 1, First: 3, Headers: []*live.Header{video, audio}}
	add := func(id media.TrackID, number uint64, p0 *live.Period, h *live.Header, gap bool) {
		seg := segment(number, p0, h, 2, 1)
		seg.Gap = gap
		p.Add(id, seg, targets, noon)
	}
	add(v0, 0, first, video, false)
	add(a0, 0, first, audio, false)
	for n := range uint64(2) {
		add(v0, n+1, after, video, true)
		add(a0, n+1, after, audio, true)
	}
	add(v0, 3, after, video, false)
	p.Grow(a0, live.Growing{Segment: segment(3, after, audio, 1, 1)}, "", noon)
	if got := p.Snapshot().Spans(); len(got) != 1 {
		t.Errorf("%d periods while audio has gaps and half a segment in the second", len(got))
	}
	add(a0, 3, after, audio, false)
	got := p.Snapshot().Spans()
	if len(got) != 2 || got[1].Tracks[0].Segments[0].Number != 3 || got[1].Tracks[1].Segments[0].Number != 3 {
		t.Errorf("%+v", got)
	}
}
