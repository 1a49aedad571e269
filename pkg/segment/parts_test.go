package segment_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/timeline"
)

// A stream is what a publisher sends: frames at exact times, which are made
// milliseconds on the way.
type stream struct {
	tracks []media.Track
	round  func(float64) float64
	frames []sent
}

// sent is a frame with the exact times at which it is decoded and shown, in ms.
type sent struct {
	track    media.TrackID
	key      bool
	dts, pts float64
	order    float64 // when it comes
}

// newStream returns a stream of video whose frames are decoded at the given
// times, with key frames where key says so, and of AAC of a sampling rate, which
// comes skew ms before the video of its time.
func newStream(round func(float64) float64, declared media.Ratio, times []float64, key func(i int) bool, sampling uint32, skew float64) *stream {
	v, a := video, media.Track{ID: a0, Timescale: sampling, FrameTicks: 1024}
	v.FrameRate = declared
	s := &stream{tracks: []media.Track{v, a}, round: round}
	for i, at := range times {
		s.frames = append(s.frames, sent{track: v0, key: key(i), dts: at, pts: at, order: at})
	}
	end := times[len(times)-1]
	for i := 0; ; i++ {
		at := 5.2 + float64(i)*1024*1000/float64(sampling)
		if at > end {
			break
		}
		s.frames = append(s.frames, sent{track: a0, key: true, dts: at, pts: at, order: at - skew})
	}
	s.sort()
	return s
}

func (s *stream) sort() {
	slices.SortStableFunc(s.frames, func(a, b sent) int { return cmp.Compare(a.order, b.order) })
}

// reorder gives video the order of an encoder with two B frames between the
// others, at a constant rate.
func (s *stream) reorder(frame float64) {
	i := 0
	var anchor *sent // the frame that is shown after the B frames behind it
	for n := range s.frames {
		f := &s.frames[n]
		if f.track != v0 {
			continue
		}
		if f.key {
			i = 0
		}
		if i == 0 || i%3 == 1 {
			anchor = f
			f.pts = f.dts + frame
		} else {
			f.pts = f.dts
			anchor.pts += frame
		}
		i++
	}
}

// A result is a sample that came out, and what went in.
type result struct {
	segment.Placed
	sent media.Sample
	at   float64 // exact decode time in ms from the first frame on
	on   int     // index of the frame at whose arrival it came
	key  bool    // that is a key frame of video
	in   int     // index of the frame
	own  media.Ticks
}

// cut stamps and places all frames of a stream.
func (s *stream) cut(config segment.Config) (*segment.Cutter, map[media.TrackID][]result) {
	start := time.Unix(epoch, 451e6)
	clock, cutter := timeline.New(time.Time{}), segment.New(config)
	for _, t := range s.tracks {
		clock.SetTrack(t)
	}
	cutter.SetTracks(s.tracks)
	samples := make([]media.Sample, len(s.frames))
	results := map[media.TrackID][]result{}
	took := func(on int, placed []segment.Placed) {
		for _, p := range placed {
			i := int(p.Data[0])<<16 | int(p.Data[1])<<8 | int(p.Data[2])
			own := samples[i].DTS
			results[p.Track] = append(results[p.Track], result{p, samples[i], s.frames[i].dts, on, on < len(s.frames) && s.frames[on].track == v0 && s.frames[on].key, i, own})
		}
	}
	var placed []segment.Placed
	for i, f := range s.frames {
		dts, pts := int64(s.round(f.dts)), int64(s.round(f.pts))
		frame := media.Frame{
			Track: f.track, Key: f.key, Time: uint32(dts), Offset: int32(pts - dts), Data: []byte{byte(i >> 16), byte(i >> 8), byte(i)},
		}
		samples[i] = clock.Stamp(frame, start.Add(time.Duration(f.order)*time.Millisecond))
		placed = cutter.Push(samples[i], placed[:0])
		took(i, placed)
	}
	took(len(s.frames), cutter.Flush(placed[:0]))
	return cutter, results
}

// A piece is a part that came out.
type piece struct {
	results []result
	length  media.Ticks // to the next sample
	far     media.Ticks // longest time from one of its samples to the next, which was not moved
	last    bool        // the next sample begins a segment
	first   bool        // it begins one
	known   bool        // it ended when its last frame came
	prompt  bool        // and that was placed at once, or when the key frame came behind which it is
}

// parts divides the samples of a track into parts. The last one is left out.
func parts(results []result) []piece {
	var all []piece
	begin := 0
	for i, r := range results[1:] {
		if r.Cut < segment.Part {
			continue
		}
		end := results[i]
		far := media.Ticks(0)
		for n := range results[begin : i+1] {
			far = max(far, results[begin+n+1].own-results[begin+n].DTS)
		}
		all = append(all, piece{
			results: results[begin : i+1], length: r.DTS - results[begin].DTS, far: far,
			first: results[begin].Cut == segment.Segment, last: r.Cut == segment.Segment,
			known: end.Ends == segment.Part, prompt: end.on == end.in || end.key,
		})
		begin = i + 1
	}
	return all
}

// checkFollows checks what holds for every stream: what was foretold comes.
func checkFollows(results []result, scale media.Ticks) error {
	for i, r := range results[1:] {
		before := results[i]
		switch {
		case r.DTS <= before.DTS:
			return fmt.Errorf("%d comes after %d", r.DTS, before.DTS)
		case r.Number < before.Number || (r.Number != before.Number) != (r.Cut == segment.Segment):
			return fmt.Errorf("%+v after %+v", r, before)
		case before.Ends == segment.None:
			continue
		case r.Cut < before.Ends:
			return fmt.Errorf("%v begins behind the end of %v", r.Cut, before.Ends)
		case r.own-before.DTS-before.Length > scale:
			if r.DTS != r.own {
				return fmt.Errorf("moved from behind a hole")
			}
		case r.DTS != before.DTS+before.Length:
			return fmt.Errorf("foretold at %d after %d, and comes %d later", before.Length, before.DTS, r.DTS-before.DTS)
		}
	}
	for _, r := range results {
		if r.Offset < min(r.sent.Offset, 0) {
			return fmt.Errorf("offset %d, which was %d", r.Offset, r.sent.Offset)
		}
	}
	return nil
}

// bounds returns between what the durations of parts are, in ticks.
func bounds(target time.Duration, scale media.Ticks) (least, most media.Ticks) {
	whole := int64(target) * int64(scale)
	return media.Ticks((whole*85/100 + 1e9 - 1) / 1e9), media.Ticks(whole / 1e9)
}

var steadyRates = []media.Ratio{
	{Num: 24000, Den: 1001},
	{Num: 24, Den: 1},
	{Num: 25, Den: 1},
	{Num: 30000, Den: 1001},
	{Num: 30, Den: 1},
	{Num: 50, Den: 1},
	{Num: 60000, Den: 1001},
	{Num: 60, Den: 1},
	{Num: 15, Den: 1},
	{Num: 10, Den: 1},
}

// times returns the decode times of frames at a constant rate for some
// seconds, from a fraction of a millisecond on.
func times(rate media.Ratio, seconds, fraction float64) []float64 {
	all := make([]float64, int(seconds*rate.Float()))
	for i := range all {
		all[i] = float64(i)*1000/rate.Float() + fraction
	}
	return all
}

// TestSteadyStreams checks all that is promised of parts, at all rates, with
// regular and with irregular groups of pictures: after 6 s (or two groups) every part of video
// and of audio ends when its last frame comes.
func TestSteadyStreams(t *testing.T) {
	roundings := []func(float64) float64{math.Round, math.Floor}
	seed, counted := uint64(0), 0
	for _, rate := range steadyRates {
		for _, part := range []time.Duration{100, 200, 250, 333, 500, 1000} {
			for _, gop := range []float64{1, 2, 2.002, 4, 0} {
				seed++
				r := rand.New(rand.NewPCG(seed, 3))
				declared := []media.Ratio{{}, rate, {Num: 57, Den: 2}}[r.IntN(3)]
				sampling := []uint32{44100, 48000}[r.IntN(2)]
				length := int(math.Round(gop * rate.Float()))
				key := func(i int) bool { return i%length == 0 }
				if length == 0 {
					key = irregular(r, int(3*rate.Float()))
				}
				all := times(rate, 24, r.Float64())
				s := newStream(roundings[r.IntN(2)], declared, all, key, sampling, float64(r.IntN(160)-60))
				if r.IntN(2) == 0 {
					s.reorder(1000 / rate.Float())
				}
				config := segment.Config{Target: 2 * time.Second, Max: 10 * time.Second, Part: part * time.Millisecond}
				config.Chunk = []time.Duration{0, time.Millisecond, config.Part / 3, config.Part}[r.IntN(4)]
				name := fmt.Sprintf("%v frames a second, parts of %d ms, groups of %v s, declared %v, sampled at %d, chunks of %v", rate, part, gop, declared, sampling, config.Chunk)
				cutter, results := s.cut(config)
				for _, track := range s.tracks {
					err := checkSteady(results[track.ID], track, cutter.PartTarget(), gop, &counted)
					if err == nil && config.Chunk > 0 && config.Chunk < config.Part {
						err = checkChunks(results[track.ID], media.TicksOf(config.Chunk, track.Timescale))
					}
					if err != nil {
						t.Fatalf("%s, target %v: %v: %v", name, cutter.PartTarget(), track.ID, err)
					}
				}
				if target := cutter.PartTarget(); target < config.Part || target > 2*config.Part || target%time.Millisecond != 0 {
					t.Errorf("%s: the target is %v", name, target)
				}
			}
		}
	}
	t.Logf("%d parts", counted)
}

// checkChunks checks that chunks, from 6 s on, are no longer than they shall be,
// or one frame, and that each ends with its last sample, but for the last one
// of a segment.
func checkChunks(results []result, longest media.Ticks) error {
	begin := 0
	for i, r := range results[1:] {
		if r.Cut == segment.None {
			continue
		}
		end, length := results[i], r.DTS-results[begin].DTS
		switch {
		case end.at < 6000:
		case i > begin && length > longest:
			return fmt.Errorf("chunk at %v ms of %d frames and %d ticks", results[begin].at, i-begin+1, length)
		case end.Ends == segment.None && r.Cut != segment.Segment:
			return fmt.Errorf("chunk at %v ms of %d frames ends with nothing", results[begin].at, i-begin+1)
		}
		begin = i + 1
	}
	return nil
}

// irregular returns where key frames are whose groups have up to longest
// frames, and never as many as the group before.
func irregular(r *rand.Rand, longest int) func(i int) bool {
	next, last := 0, 0
	return func(i int) bool {
		if i != next {
			return false
		}
		frames := 1 + r.IntN(longest-1)
		if frames >= last {
			frames++
		}
		next, last = i+frames, frames
		return true
	}
}

func checkSteady(results []result, track media.Track, target time.Duration, gop float64, counted *int) error {
	regular, from := gop != 0, max(6000, 2000*gop+100)
	scale := media.Ticks(track.Timescale)
	if err := checkFollows(results, scale); err != nil {
		return err
	}
	least, most := bounds(target, scale)
	shown := map[media.Ticks]bool{}
	for _, r := range results {
		if off := r.PTS() - r.sent.PTS(); track.ID == v0 && r.at > 6000 && (off > 90 || off < -90) || off > 2*scale/1000 || off < -2*scale/1000 {
			return fmt.Errorf("frame at %v ms is moved by %d ticks", r.at, off)
		}
		if shown[r.PTS()] {
			return fmt.Errorf("two frames are shown at once")
		}
		shown[r.PTS()] = true
	}
	for _, p := range parts(results) {
		at := p.results[0].at
		switch last := p.results[len(p.results)-1]; {
		case p.length > most:
			return fmt.Errorf("part at %v ms of %d ticks", at, p.length)
		case p.length < least && !p.last:
			return fmt.Errorf("part at %v ms of %d ticks inside of a segment", at, p.length)
		case last.at < from, p.last && !regular, last.on > last.in && !regular:
		case !p.known:
			return fmt.Errorf("part at %v ms of %d frames ends with nothing", at, len(p.results))
		case !p.prompt:
			return fmt.Errorf("part at %v ms: the last of %d frames came with frame %d and was placed with %d", at, len(p.results), last.in, last.on)
		default:
			*counted++
		}
	}
	return nil
}

// unsteady are ways to make times of frames that no rate explains.
var unsteady = []struct {
	name string
	next func(r *rand.Rand, i int, at float64) float64
}{
	{"variable rate", func(r *rand.Rand, _ int, at float64) float64 { return at + 16 + float64(r.IntN(105)) }},
	{"rate changes", func(_ *rand.Rand, _ int, at float64) float64 {
		if at < 9000 {
			return at + 40
		}
		return at + 1001.0/60
	}},
	{"rate falls", func(_ *rand.Rand, _ int, at float64) float64 {
		if at < 9000 {
			return at + 1000.0/60
		}
		return at + 1000.0/15
	}},
	{"frames are dropped", func(r *rand.Rand, _ int, at float64) float64 {
		if r.IntN(60) == 0 {
			return at + 40*float64(1+r.IntN(3))
		}
		return at + 40
	}},
	{"holes", func(r *rand.Rand, i int, at float64) float64 {
		if i%40 == 39 && r.IntN(3) == 0 {
			return at + 100 + float64(r.IntN(2400))
		}
		return at + 1001.0/30
	}},
	{"times are not exact", func(r *rand.Rand, i int, _ float64) float64 { return float64(i+1)*1001/30 + float64(r.IntN(7)) }},
}

// TestUnsteadyStreams checks what holds when little can be foretold, or it does
// not come true: what was said to end ends there; parts are too long only where
// samples are far from each other, and too short only where an end was foretold.
func TestUnsteadyStreams(t *testing.T) {
	for _, c := range unsteady {
		for seed := range uint64(60) {
			r := rand.New(rand.NewPCG(seed, 3))
			var all []float64
			for i, at := 0, 0.0; at < 20000; i++ {
				all = append(all, at)
				at = c.next(r, i, at)
			}
			key := irregular(r, 80)
			if length := 30 + r.IntN(60); r.IntN(2) == 0 {
				key = func(i int) bool { return i%length == 0 }
			}
			declared := []media.Ratio{{}, {Num: 25, Den: 1}, {Num: 30000, Den: 1001}}[r.IntN(3)]
			s := newStream(math.Round, declared, all, key, []uint32{44100, 48000}[r.IntN(2)], float64(r.IntN(160)-60))
			config := segment.Config{Target: 2 * time.Second, Max: 10 * time.Second}
			config.Part = []time.Duration{100, 200, 250, 333, 500, 1000}[r.IntN(6)] * time.Millisecond
			config.Chunk = []time.Duration{0, time.Millisecond, config.Part / 3}[r.IntN(3)]
			cutter, results := s.cut(config)
			for _, track := range s.tracks {
				err := checkUnsteady(results[track.ID], track, cutter.PartTarget())
				if err != nil {
					t.Fatalf("%s, seed %d, parts of %v, chunks of %v, target %v: %v: %v", c.name, seed, config.Part, config.Chunk, cutter.PartTarget(), track.ID, err)
				}
			}
		}
	}
}

func checkUnsteady(results []result, track media.Track, target time.Duration) error {
	scale := media.Ticks(track.Timescale)
	if err := checkFollows(results, scale); err != nil {
		return err
	}
	least, most := bounds(target, scale)
	for _, p := range parts(results) {
		switch at := p.results[0].at; {
		case p.length > most && p.far < most/2:
			return fmt.Errorf("part at %v ms of %d frames has %d ticks, more than %d", at, len(p.results), p.length, most)
		case p.length < least && !p.last && !p.known:
			return fmt.Errorf("part at %v ms of %d frames has %d ticks", at, len(p.results), p.length)
		}
	}
	return nil
}

func BenchmarkPushLength(b *testing.B) {
	cutter := segment.New(config)
	cutter.SetTracks([]media.Track{video, {ID: a0, Timescale: 48000, FrameTicks: 1024}})
	var out []segment.Placed
	b.ReportAllocs()
	v, a := frame(video, 0, true), frame(audio, 0, true)
	v.Length, a.Length = 3600, 1024
	for i := range b.N {
		v.Key = i%50 == 0
		out = cutter.Push(v, out[:0])
		v.DTS += v.Length
		for a.DTS*90000 < v.DTS*48000 {
			out = cutter.Push(a, out[:0])
			a.DTS += a.Length
		}
	}
}
