package timeline_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

var rates = []media.Ratio{
	{Num: 10, Den: 1},
	{Num: 15, Den: 1},
	{Num: 24000, Den: 1001},
	{Num: 24, Den: 1},
	{Num: 25, Den: 1},
	{Num: 30000, Den: 1001},
	{Num: 30, Den: 1},
	{Num: 48, Den: 1},
	{Num: 50, Den: 1},
	{Num: 60000, Den: 1001},
	{Num: 60, Den: 1},
	{Num: 27, Den: 1},
	{Num: 100, Den: 7}, // of nobody else
}

// roundings are how publishers make milliseconds of exact times.
var roundings = map[string]func(float64) float64{"rounded": math.Round, "cut off": math.Floor}

// sendAt stamps frame i of a rate as a publisher sends it whose first frame
// has some fraction of a millisecond.
func (p *publisher) sendAt(i int, rate media.Ratio, fraction float64, round func(float64) float64) media.Sample {
	at := int(round(float64(i)*1000/rate.Float() + fraction))
	return p.at(at, media.Frame{Track: v0, Time: uint32(at), Key: i == 0})
}

// TestTheGridIsExact has streams of constant rates, with and without a
// declared rate. From some frame on the foretold times are on one grid, for
// ever, within a millisecond of the frames.
func TestTheGridIsExact(t *testing.T) {
	for _, rate := range rates {
		for name, round := range roundings {
			for _, declared := range []media.Ratio{{}, rate, {Num: 2 * rate.Num, Den: rate.Den}} {
				track := video
				track.FrameRate = declared
				usual := media.UsualRate(rate.Float(), rate.Float()).Known() || declared == rate
				p := newPublisher(track)
				var origin, foretold media.Ticks
				from := 300
				for i := range 5000 {
					s := p.sendAt(i, rate, 0.37, round)
					bound := media.Ticks(90)
					if i < from || !usual {
						bound = 180 // the rate may turn out to be another
					}
					if off := s.DTS - foretold; i > 6 && (off < -bound || off > bound) {
						t.Fatalf("%v, %s, declared %v: frame %d is %d ticks off", rate, name, declared, i, off)
					}
					if i >= 6 && s.Length <= 0 {
						t.Fatalf("%v, %s, declared %v: nothing is foretold after frame %d", rate, name, declared, i)
					}
					foretold = s.DTS + s.Length
					if i < from {
						origin = foretold
						continue
					}
					ticks, num := uint64(i+1-from)*uint64(rate.Den)*90000, uint64(rate.Num)
					tolerance := media.Ticks(min(90000*uint64(rate.Den)%num, 1)) // of the origin's fraction
					if off := foretold - origin - media.Ticks(ticks/num); usual && (off < 0 || off > tolerance) {
						t.Fatalf("%v, %s, declared %v: frame %d is foretold %d ticks off the grid", rate, name, declared, i+1, off)
					}
				}
			}
		}
	}
}

func TestNothingIsForetoldOfAVariableRate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, declared := range []media.Ratio{{}, {Num: 30, Den: 1}} {
		track := video
		track.FrameRate = declared
		p := newPublisher(track)
		at, foretold := 0, 0
		for range 5000 {
			if s := p.at(at, media.Frame{Track: v0, Time: uint32(at)}); s.Length != 0 {
				foretold++
			}
			at += 16 + r.IntN(105)
		}
		if foretold > 0 {
			t.Errorf("declared %v: %d of 5000 lengths were foretold", declared, foretold)
		}
	}
}

func TestAfterAnIrregularityItIsLearntAnew(t *testing.T) {
	for _, c := range []struct {
		name string
		next uint32 // time of the frame after one of 4000 ms
	}{
		{"a frame is missing", 4080},
		{"half a second is missing", 4500},
		{"a frame is early", 4020},
		{"the clock jumps ahead", 900000},
		{"the clock jumps back", 17},
		{"the clock jumps where the next frame belongs", 4040 + 1<<31},
	} {
		p := newPublisher(video)
		for at := 0; at <= 4000; at += 40 {
			p.at(at, media.Frame{Track: v0, Time: uint32(at)})
		}
		for i := range 10 {
			at := 4040 + 40*i
			s := p.at(at, media.Frame{Track: v0, Time: c.next + uint32(40*i)})
			if want := map[bool]media.Ticks{true: 3600}[i >= 6]; s.Length != want {
				t.Errorf("%s: %d frames later the next is foretold after %d ticks, want %d", c.name, i, s.Length, want)
			}
		}
	}
}

// TestAClockThatDrifts has frames that come at a rate a little beside the usual
// one: what is foretold stays with them.
func TestAClockThatDrifts(t *testing.T) {
	for _, ppm := range []float64{-200, -50, 50, 200} {
		p := newPublisher(video)
		unknown := 0
		foretold := media.Ticks(0)
		for i := range 50000 {
			at := int(float64(i)*40*(1+ppm/1e6) + 0.5)
			s := p.at(at, media.Frame{Track: v0, Time: uint32(at)})
			if s.Length == 0 {
				unknown++
			} else if off := s.DTS - foretold; i > 6 && (off > 180 || off < -180) {
				t.Fatalf("%v ppm: frame %d is %d ticks off", ppm, i, off)
			}
			foretold = s.DTS + s.Length
		}
		if unknown > 6 {
			t.Errorf("%v ppm: after %d frames nothing was foretold", ppm, unknown)
		}
	}
}

func TestLengthOfAudio(t *testing.T) {
	p := newPublisher(audio)
	if s := p.at(0, media.Frame{Track: a0}); s.Length != 1024 {
		t.Errorf("the next frame is foretold after %d ticks", s.Length)
	}
}

func BenchmarkStampVideo(b *testing.B) {
	clock := timeline.New(time.Time{})
	clock.SetTrack(video)
	b.ReportAllocs()
	for i := range b.N {
		clock.Stamp(media.Frame{Track: v0, Time: uint32(i * 100 / 3)}, start)
	}
}
