package check

import (
	"fmt"
	"strconv"
	"strings"
)

// A size is that of a picture, in pixels.
type size struct{ width, height int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.width, s.height) }

// cropped is what a picture may lack of whole macroblocks.
const cropped = 16

// near reports whether sizes are the same but for what is cropped. What is 0 is
// not known.
func (s size) near(other size) bool {
	same := func(a, b int) bool { return a == 0 || b == 0 || max(a-b, b-a) < cropped }
	return same(s.width, other.width) && same(s.height, other.height)
}

// shows reports whether a track may be said to have a size: that of its samples,
// or that which it is shown in.
func (t *track) shows(said size) bool {
	return t.coded == size{} || said.near(t.coded) || t.shown != size{} && said.near(t.shown)
}

// sounds reports whether a track of AAC may be said to have a sampling rate. By
// SBR there may be twice as many samples as its header has.
func (t *track) sounds(said uint64) bool {
	is := uint64(t.rate)
	return t.entry != "mp4a" || is == 0 || said == is || said == 2*is || 2*said == is
}

// A pace is how long the samples of a track are.
type pace struct {
	samples           int
	ticks             uint64
	shortest, longest uint32
}

func (p *pace) add(chunks []chunk) {
	for i := range chunks {
		for _, s := range chunks[i].samples {
			if p.samples++; p.samples == 1 || s.duration < p.shortest {
				p.shortest = s.duration
			}
			p.longest = max(p.longest, s.duration)
			p.ticks += uint64(s.duration)
		}
	}
}

// mean returns samples a second, 0 if there were too few.
func (p *pace) mean(timescale uint32) float64 {
	if p.samples < 30 || p.ticks == 0 {
		return 0
	}
	return float64(p.samples) * float64(timescale) / float64(p.ticks)
}

// contradicts reports whether a frame rate that is said cannot be that of the
// samples: fewer than there are on average or, where they come evenly, half as
// many again. An uneven stream may have had more before.
func (p *pace) contradicts(said float64, timescale uint32) bool {
	mean := p.mean(timescale)
	even := p.longest <= p.shortest+p.shortest/2
	return mean > 0 && (said < 0.9*mean || even && said > 1.5*mean)
}

// readSize reads "1280x720".
func readSize(text string) (size, bool) {
	width, height, ok := strings.Cut(text, "x")
	w, errW := strconv.Atoi(width)
	h, errH := strconv.Atoi(height)
	return size{w, h}, ok && errW == nil && errH == nil
}

// readRate reads a frame rate: "25", "29.97" or "30000/1001".
func readRate(text string) (float64, bool) {
	over, under, fraction := strings.Cut(strings.TrimSpace(text), "/")
	rate, err := strconv.ParseFloat(over, 64)
	if fraction {
		divisor, e := strconv.ParseFloat(under, 64)
		if e != nil || divisor <= 0 {
			return 0, false
		}
		rate /= divisor
	}
	return rate, err == nil && rate > 0
}
