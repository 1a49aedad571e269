package timeline_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// A line says when frame i of video at 25 frames a second comes, in ms after
// start, and what time it has, in ms.
type line func(i int) (sent, time float64)

// exact makes frames in real time that come at once.
func exact(i int) (sent, time float64) { return float64(i * 40), float64(i * 40) }

// drifting has an encoder whose clock is so much too fast.
func drifting(ppm float64) line {
	return func(i int) (sent, time float64) { return float64(i*40) / (1 + ppm/1e6), float64(i * 40) }
}

// late lets frames come later, in order.
func late(l line, by func(at float64) float64) line {
	last := 0.0
	return func(i int) (float64, float64) {
		sent, time := l(i)
		last = max(last, sent+by(time))
		return last, time
	}
}

// setClock sets our clock by so many seconds after ten minutes.
func setClock(by float64) line {
	return func(i int) (sent, time float64) { return float64(i*40) + step(600, by)(float64(i*40)), float64(i * 40) }
}

// speed sends a file so much faster than real time.
func speed(factor float64) line {
	return func(i int) (sent, time float64) { return float64(i*40) / factor, float64(i * 40) }
}

// stall holds the frames of some seconds until they are over.
func stall(from, to float64) func(at float64) float64 {
	return func(at float64) float64 {
		if at < from*1000 || at > to*1000 {
			return 0
		}
		return to*1000 - at
	}
}

// step has all frames from a second on come so many seconds later.
func step(from, by float64) func(at float64) float64 {
	return func(at float64) float64 {
		if at < from*1000 {
			return 0
		}
		return by * 1000
	}
}

// jitter has frames come up to so many ms later.
func jitter(most float64) func(at float64) float64 {
	r := rand.New(rand.NewPCG(1, 1))
	return func(float64) float64 { return r.Float64() * r.Float64() * most }
}

// spikes has one frame in 200 come a second later, and those behind it wait.
func spikes() func(at float64) float64 {
	r := rand.New(rand.NewPCG(1, 1))
	return func(float64) float64 { return 1000 * float64(1/(1+r.IntN(200))) }
}

var undisturbed = []struct {
	name string
	line line
}{
	{"exact", exact},
	{"jitter of 100 ms", late(exact, jitter(100))},
	{"jitter of 400 ms", late(exact, jitter(400))},
	{"a second late now and then", late(exact, spikes())},
	{"a stall of 5 s", late(exact, stall(900, 905))},
	{"a stall of 5 s at the beginning", late(exact, stall(0.01, 5))},
	{"a stall of two minutes", late(exact, stall(900, 1020))},
	{"stalls of seconds, one after the other", late(exact, func(at float64) float64 { return math.Mod(7919*math.Floor(at/8000), 8000) - math.Mod(at, 8000) })},
	{"a line that is two seconds late for five minutes", late(exact, func(at float64) float64 { return max(0, step(900, 2)(at)-step(1200, 2)(at)) })},
	{"three seconds at once, then real time", late(exact, func(at float64) float64 { return -min(at, 3000) })},
	{"a minute at once, then real time", late(exact, func(at float64) float64 { return -min(at, 60000) })},
	{"half a minute ahead from ten minutes on", late(exact, step(600, -31))},
	{"half a minute late from ten minutes on", late(exact, step(600, 31))},
	{"our clock is set ahead", setClock(3600)},
	{"our clock is set back", setClock(-3600)},
	{"a file, 0.2 % too fast", speed(1.002)},
	{"a file, 5 % too fast", speed(1.05)},
	{"a file, twice as fast", speed(2)},
	{"a file, 5 % too slow", speed(0.95)},
}

// TestNothingMoves has publishers whose clock does not drift: each frame has
// the time that was sent, for an hour.
func TestNothingMoves(t *testing.T) {
	for _, c := range undisturbed {
		p := newPublisher(video)
		var first media.Ticks
		for i := range 3600 * 25 {
			sent, time := c.line(i)
			s := p.at(int(sent), media.Frame{Track: v0, Time: 77 + uint32(time)})
			if i == 0 {
				first = s.DTS
			}
			if off := s.DTS - first - media.Ticks(time*90); off != 0 {
				t.Errorf("%s: the frame of %v ms is %d ticks off", c.name, time, off)
				break
			}
		}
		if ppm, _ := p.clock.Drift(); c.name[0] != 'a' && math.Abs(ppm) > 5 {
			t.Errorf("%s: a drift of %v ppm is seen", c.name, ppm)
		}
	}
}

var corrected = []struct {
	name  string
	line  line
	ppm   float64
	bound float64 // of the error of the wall clock, in ms
	jumps bool    // more is allowed for two hours
}{
	{"200 ppm too fast", drifting(200), 200, 60, false},
	{"200 ppm too slow", drifting(-200), -200, 60, false},
	{"50 ppm too fast", drifting(50), 50, 40, false},
	{"10 ppm too slow", drifting(-10), -10, 40, false},
	{"200 ppm too slow, with jitter", late(drifting(-200), jitter(200)), -200, 60, false},
	{"100 ppm too fast, a second later from ten minutes on", late(drifting(100), step(600, 1)), 100, 60, true},
	{"100 ppm too slow, a second earlier from ten minutes on", late(drifting(-100), step(600, -1)), -100, 60, true},
}

// TestDriftIsFollowed has encoders whose clock drifts for three hours. Time
// moves by no more than 500 ppm, and what is foretold stays with the frames.
func TestDriftIsFollowed(t *testing.T) {
	for _, c := range corrected {
		p := newPublisher(video)
		var last, foretold media.Ticks
		var usual, least, worst float64 // delays: of the first minute, of this one, and how far apart they were
		for i := range 3 * 3600 * 25 {
			sent, time := c.line(i)
			s := p.at(int(sent), media.Frame{Track: v0, Time: uint32(time)})
			if step := s.DTS - last; i > 0 && (step < 3597 || step > 3603) {
				t.Fatalf("%s: frame %d comes %d ticks after the last", c.name, i, step)
			}
			if off := s.DTS - foretold; i > 6 && (off < -3 || off > 3) {
				t.Fatalf("%s: frame %d comes %d ticks after what was foretold", c.name, i, off)
			}
			last, foretold = s.DTS, s.DTS+s.Length
			if delay := sent - ms(s.DTS, 90000); i%1500 == 0 {
				least = delay
			} else {
				least = min(least, delay)
			}
			switch minute := i / 1500; {
			case i%1500 != 1499:
			case minute == 0:
				usual = least
			case !c.jumps || minute < 10 || minute > 120:
				worst = max(worst, math.Abs(least-usual))
			}
		}
		if worst > c.bound {
			t.Errorf("%s: the wall clock is %.1f ms off", c.name, worst)
		}
		ppm, behind := p.clock.Drift()
		if math.Abs(ppm-c.ppm) > 5 || behind.Abs() > 60*time.Millisecond {
			t.Errorf("%s: %v ppm measured, %v behind", c.name, ppm, behind)
		}
		t.Logf("%s: off by %.1f ms at most, %.1f ppm measured, corrected %d times", c.name, worst, ppm, p.clock.Repairs()[timeline.DriftCorrected])
	}
}

// TestWhatIsOwedIsPaidBack has a publisher that sends three seconds at once when
// it begins, and takes over from itself.
func TestWhatIsOwedIsPaidBack(t *testing.T) {
	p := newPublisher(video)
	send := func(from, seconds int) (ahead float64) {
		for i := range seconds * 25 {
			made := max(i*40-3000, 0)
			s := p.at(from*1000+made, media.Frame{Track: v0, Time: uint32(from*7777777 + i*40), Key: i == 0})
			ahead = ms(s.DTS, 90000) - float64(from*1000+made)
		}
		return ahead
	}
	before := send(0, 603)
	p.clock.Resume()
	if at := send(600, 3+60) - before; at < 2900 || at > 3100 {
		t.Errorf("after a minute it is ahead by %v ms more than the first", at)
	}
	p.clock.Resume()
	if at := send(660, 5*3600) - before; at < -40 || at > 40 {
		t.Errorf("after five hours it is ahead by %v ms more than the first", at)
	}
}
