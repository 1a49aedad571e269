package timeline_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
)

// A source is a track of an encoder. Times are in ms of our clock after start.
type source struct {
	media.Track
	frame float64 // length
	next  float64 // when the next one is made
	off   float64 // stamped less exact time of the last one
	last  time.Time
}

// An encoder sends its sources in real time, whatever it says of their times.
type encoder struct {
	*publisher
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	sources []*source
	now     float64
	base    float64 // what its clock shows at start
	held    float64 // no frame comes before
}

func newEncoder(t *testing.T, seed uint64) *encoder {
	e := &encoder{publisher: newPublisher(), t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 1))}
	e.sources = []*source{{Track: video}, {Track: audio}, {Track: audio}}
	e.sources[2].ID.Index = 1
	e.sources = e.sources[:1+e.r.IntN(3)]
	e.base = float64(e.r.Uint32())
	e.configure()
	return e
}

// configure gives the sources other rates, and maybe leaves one out.
func (e *encoder) configure() {
	for _, s := range e.sources {
		if s.frame = 1000 / (10 + 20*e.r.Float64()); s.FrameTicks != 0 {
			s.Timescale = []uint32{22050, 44100, 48000}[e.r.IntN(3)]
			s.frame = s.FrameTicks.Seconds(s.Timescale) * 1000
		}
		s.next = e.now + e.r.Float64()*s.frame
		e.clock.SetTrack(s.Track)
	}
	e.sources[e.r.IntN(len(e.sources))].next += float64(e.r.IntN(2)) * 3000 // begins later
}

// play sends frames for some ms, and what change makes of each if it does not
// drop it.
func (e *encoder) play(length float64, change func(*source, *media.Frame) bool) {
	for end := e.now + length; ; {
		s := e.sources[0]
		for _, other := range e.sources {
			if other.next < s.next {
				s = other
			}
		}
		if s.next > end {
			e.now = end
			return
		}
		e.now = s.next
		s.next += s.frame
		f := media.Frame{Track: s.ID, Time: uint32(int64(math.Round(e.now + e.base))), Offset: int32(e.r.IntN(200))}
		if change == nil || change(s, &f) {
			e.send(s, f)
		}
	}
}

// send sends one frame and checks what holds for every frame.
func (e *encoder) send(s *source, f media.Frame) {
	e.held = max(e.held, e.now+20*e.r.Float64())
	got := e.at(int(e.held), f)
	at := got.DTS.Time(s.Timescale)
	if !at.After(s.last) {
		e.t.Fatalf("seed %d: %v is decoded at %v after %v", e.seed, f, at, s.last)
	}
	s.last, s.off = at, at.Sub(start).Seconds()*1000-e.now
	sent := media.Ticks(min(max(f.Offset, -2000), 5000)) * 90
	most := sent
	if int64(sent) != 90*int64(f.Offset) { // a mistake
		most = max(sent, 0)
	}
	if s.FrameTicks == 0 && (got.Offset < min(sent, 0) || got.Offset > most) {
		e.t.Fatalf("seed %d: sent to be shown %d ticks after it is decoded, and shown %d after", e.seed, sent, got.Offset)
	}
	if got.Length < 0 {
		e.t.Fatalf("seed %d: the next frame is foretold %d ticks before", e.seed, -got.Length)
	}
}

// settle plays regular frames and then checks that all tracks have the distance
// from each other that they were sent with.
func (e *encoder) settle(after string) {
	e.play(10000, nil)
	e.play(1000, func(s *source, f *media.Frame) bool {
		e.send(s, *f)
		for _, other := range e.sources {
			if other.ID == s.ID {
				continue
			}
			if apart := math.Abs(other.off - s.off); apart > max(s.frame, other.frame) {
				e.t.Fatalf("seed %d, after %s: %v and %v are %v ms further apart than they were sent", e.seed, after, s.ID, other.ID, apart)
			}
		}
		return false
	})
}

// jump sets the encoder's clock.
func (e *encoder) jump(by float64) { e.base += by }

// disturbances are what can happen to a stream. What is honest comes of the line
// or is a fault that can be mended in full: time is near the wall clock
// afterwards.
var disturbances = []struct {
	name   string
	honest bool
	happen func(e *encoder)
}{
	{"a jump forward", true, func(e *encoder) { e.jump(3100 + 1e6*e.r.Float64()) }},
	{"a jump back", true, func(e *encoder) { e.jump(-3100 - 1e6*e.r.Float64()) }},
	{"a jump to anywhere", true, func(e *encoder) { e.jump(1e7 + 4e9*e.r.Float64()) }},
	{"a jump of the clock while nothing is sent", true, func(e *encoder) {
		e.jump(1e9)
		e.play(600+10000*e.r.Float64(), func(*source, *media.Frame) bool { return false })
	}},
	{"silence", true, func(e *encoder) {
		e.play(20000*e.r.Float64(), func(*source, *media.Frame) bool { return false })
	}},
	{"silence of one track", true, func(e *encoder) {
		silent := e.sources[e.r.IntN(len(e.sources))]
		e.play(20000*e.r.Float64(), func(s *source, _ *media.Frame) bool { return s != silent })
	}},
	{"lost frames", true, func(e *encoder) {
		e.play(2000, func(*source, *media.Frame) bool { return e.r.IntN(4) > 0 })
	}},
	{"a stall", true, func(e *encoder) { e.held = e.now + 8000*e.r.Float64() }},
	{"a stall, and lost frames", true, func(e *encoder) {
		e.held = e.now + 5000*e.r.Float64()
		e.play(3000, func(*source, *media.Frame) bool { return e.r.IntN(20) == 0 })
	}},
	{"a return", true, func(e *encoder) {
		e.clock.Resume()
		e.now += 5000 * e.r.Float64()
		e.configure()
	}},
	{"a return with another clock", true, func(e *encoder) {
		e.clock.Resume()
		e.now += 5000 * e.r.Float64()
		e.base = float64(e.r.Uint32())
		e.configure()
	}},
	{"returns, one after the other", true, func(e *encoder) {
		for range 10 {
			e.clock.Resume()
			e.base += float64(e.r.IntN(2)) * 1e8 * e.r.Float64()
			e.play(100, nil)
		}
	}},
	{"a little jump back", false, func(e *encoder) { e.jump(-500 * e.r.Float64()) }},
	{"a little jump forward", false, func(e *encoder) { e.jump(3000 * e.r.Float64()) }},
	{"equal times", false, func(e *encoder) {
		at := uint32(e.now + e.base)
		e.play(1000*e.r.Float64(), func(_ *source, f *media.Frame) bool { f.Time = at; return true })
	}},
	{"decreasing times", false, func(e *encoder) {
		e.play(500, func(_ *source, f *media.Frame) bool { f.Time -= 2 * (f.Time - uint32(e.now-250+e.base)); return true })
	}},
	{"times out of order", false, func(e *encoder) {
		e.play(2000, func(_ *source, f *media.Frame) bool { f.Time += e.r.Uint32N(100); return true })
	}},
	{"offsets without sense", false, func(e *encoder) {
		e.play(2000, func(_ *source, f *media.Frame) bool { f.Offset = int32(e.r.Uint32()) >> e.r.IntN(32); return true })
	}},
	{"one track that jumps alone and back", false, func(e *encoder) {
		alone, by := e.sources[e.r.IntN(len(e.sources))], e.r.Uint32()
		e.play(2000, func(s *source, f *media.Frame) bool {
			if s == alone {
				f.Time += by
			}
			return true
		})
	}},
	{"times in the wrong unit", false, func(e *encoder) {
		wrong := e.sources[e.r.IntN(len(e.sources))]
		e.play(2000, func(s *source, f *media.Frame) bool {
			if s == wrong {
				f.Time *= 48
			}
			return true
		})
	}},
	{"times without sense", false, func(e *encoder) {
		e.play(2000, func(_ *source, f *media.Frame) bool { f.Time = e.r.Uint32(); return true })
	}},
}

// TestTheLaw has random encoders to which random things happen.
func TestTheLaw(t *testing.T) {
	worst := 0.0
	for seed := range uint64(lawSeeds) {
		e := newEncoder(t, seed)
		e.settle("the beginning")
		honest := true
		for range 4 {
			d := disturbances[e.r.IntN(len(disturbances))]
			d.happen(e)
			e.settle(d.name)
			if honest = honest && d.honest; !honest {
				continue
			}
			for _, s := range e.sources {
				worst = max(worst, math.Abs(s.off))
				if math.Abs(s.off) > 1000 {
					t.Fatalf("seed %d, after %s: %v is %v ms off the wall clock", seed, d.name, s.ID, s.off)
				}
			}
		}
	}
	t.Logf("at most %.0f ms off the wall clock", worst)
}
