package timeline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// A day is a stream of a day: one encoder, whose clock drifts, sends video of 30
// frames a second and AAC in real time, over a line that jitters and stalls, and
// goes away now and then. Its own clock goes on while it is away, or is set
// anew. Times are in seconds of our clock since start.
type day struct {
	ppm      float64
	sampling uint32
	seed     uint64
	length   float64

	rand  *rand.Rand
	clock *timeline.Clock

	base     float64 // what the encoder's clock shows at start, in ms
	free     float64 // when the line is free again
	anchored bool    // at the last return time was anchored anew

	video, audio       float64      // stamped less exact time of the encoder's clock, in s
	anchor             float64      // stamped time less ours at the last anchor, in s
	fresh              [2]int       // frames of both since the last return
	last               [2]time.Time // decode times
	apart, off         float64      // worst errors so far, in s
	resumes, stalls, n int
}

// TestADay has a day of a stream for each drift and sampling rate, frame by
// frame. The race detector gets some hours of it.
func TestADay(t *testing.T) {
	for _, ppm := range []float64{-200, -50, 50, 200} {
		for _, sampling := range []uint32{44100, 48000} {
			t.Run(fmt.Sprintf("%v ppm, %d Hz", ppm, sampling), func(t *testing.T) {
				t.Parallel()
				d := &day{ppm: ppm, sampling: sampling, seed: uint64(1000 + ppm), length: dayLength}
				d.run(t)
				measured, behind := d.clock.Drift()
				t.Logf("%d frames, %d returns, %d stalls: A/V off by %.1f ms at most, the wall clock by %.1f ms; %.1f ppm measured, %v behind; %d corrections",
					d.n, d.resumes, d.stalls, d.apart*1000, d.off*1000, measured, behind, d.clock.Repairs()[timeline.DriftCorrected])
			})
		}
	}
}

func (d *day) run(t *testing.T) {
	d.rand = rand.New(rand.NewPCG(d.seed, 1))
	d.clock = timeline.New(time.Time{})
	d.base = float64(d.rand.Uint32())
	sound := audio
	sound.Timescale = d.sampling
	d.clock.SetTrack(video)
	d.clock.SetTrack(sound)
	leaves, stalls := 3600*(1+d.rand.Float64()), 600*d.rand.Float64()
	d.fresh, d.anchored = [2]int{}, true
	frame := 1024 / float64(d.sampling)
	for v, a := 0, 0; ; {
		vt, at := float64(v)/30, 0.0123+float64(a)*frame
		now := min(vt, at) / d.rate()
		switch {
		case now > d.length:
			return
		case now > leaves:
			back := now + 1 + 20*d.rand.Float64()
			leaves = back + 3600*(1+3*d.rand.Float64())
			v, a = int(math.Ceil(back*d.rate()*30)), int(math.Ceil(back*d.rate()/frame))
			d.leave()
			continue
		case now > stalls:
			d.free = now + 8*d.rand.Float64()
			if d.stalls%20 == 10 {
				d.free += 90
			}
			stalls = now + 1800*d.rand.Float64()
			d.stalls++
		}
		if vt <= at {
			d.send(t, v0, vt, media.VideoTimescale)
			v++
		} else {
			d.send(t, a0, at, d.sampling)
			a++
		}
	}
}

// rate is how fast the encoder's clock is.
func (d *day) rate() float64 { return 1 + d.ppm/1e6 }

// leave has the publisher go away; in one half of the cases its clock is set
// anew.
func (d *day) leave() {
	d.clock.Resume()
	d.resumes++
	d.free = 0 // the next connection is another one
	d.fresh, d.anchored = [2]int{}, d.rand.IntN(2) == 0
	if d.anchored {
		d.base = float64(d.rand.Uint32())
	}
}

// send sends a frame whose time by the encoder's clock is at seconds.
func (d *day) send(t *testing.T, id media.TrackID, at float64, scale uint32) {
	made := at / d.rate()
	jitter := 0.05 * d.rand.Float64() * d.rand.Float64()
	d.free = max(d.free, made+0.03+jitter)
	raw := uint32(int64(math.Round(at*1000 + d.base)))
	s := d.clock.Stamp(media.Frame{Track: id, Time: raw}, start.Add(time.Duration(d.free*1e9)))
	d.n++
	stamped := s.DTS.Time(scale)
	if last := &d.last[id.Kind-1]; !stamped.After(*last) {
		t.Fatalf("%v at %v s is decoded at %v after %v", id, at, stamped, *last)
	} else {
		*last = stamped
	}
	since := stamped.Sub(start).Seconds()
	if d.anchored {
		d.anchor, d.anchored = since-made, false
	}
	if id == v0 {
		d.video = since - at
	} else {
		d.audio = since - at
	}
	d.fresh[id.Kind-1]++
	if min(d.fresh[0], d.fresh[1]) > 0 {
		d.check(t, at, since-made)
	}
}

// check judges the newest frames, that of the encoder's time at is stamped so
// much later than it was made.
func (d *day) check(t *testing.T, at, delay float64) {
	d.apart = max(d.apart, math.Abs(d.video-d.audio))
	d.off = max(d.off, math.Abs(delay-d.anchor))
	if d.apart > 0.004 {
		t.Fatalf("at %v s video is %v s off and audio %v s", at, d.video, d.audio)
	}
	if d.off > 0.03+math.Abs(d.ppm)*200/1e6 { // and what drifts in 200 s
		t.Fatalf("at %v s the wall clock is %v s off that of the anchor", at, delay-d.anchor)
	}
}
