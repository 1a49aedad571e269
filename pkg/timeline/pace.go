package timeline

import (
	"slices"
	"time"
)

// A pace follows how late frames come, which is their time of arrival less the
// time they are stamped with, and slews that time after a publisher whose clock
// drifts against ours.
//
// Arrival is noisy, but only to one side: no frame comes before it was made. So
// the least lateness of the last minute of frames is what counts, and neither
// jitter nor a stall and the burst behind it change that. What it was in the
// first minute is the publisher's usual delay. Where it has come to be more
// than tolerated off that, the time is slewed until it is back; so media time is
// within tolerated, and what drifts in the first three minutes, from the wall
// clock less the usual delay.
//
// What changes by more than doubtful at once is no drift: a line is busy, or
// the publisher has caught up with something. When that has lasted it is mended
// all the same, unless it is so much that it shows how the publisher works.
// The same goes for the time by which a publisher was stamped into the future
// because it took over at once from one that had come to there. Where lateness
// changes faster than a clock drifts, the publisher is faster or
// slower than real time, and nothing is done.
type pace struct {
	slew time.Duration // what was added to the time so far
	goal time.Duration // where it goes
	rate float64       // and how fast
	head time.Duration // newest time of a frame, before it was slewed

	// Lateness is that by the time before it was slewed.
	began  time.Duration // when the newest block did; 0 when there is none
	least  time.Duration // in that block
	blocks [window]time.Duration
	filled int           // how many blocks there were
	level  time.Duration // the least of all blocks
	noise  time.Duration // from that to the least of half of them
	owed   time.Duration // how far in the future the first frame was stamped
	usual  time.Duration // what the level was at first, by the slewed time, with what is owed
	known  bool          // the usual delay is
	odd    int           // for how many blocks lateness has been doubtful
	trend  trend
	ppm    float64
}

const (
	// The last minute of frames is divided into blocks. Time in which no
	// frames come does not count.
	block  = 10 * time.Second
	window = 6

	// tolerated is how far media time may leave the wall clock before it is
	// slewed.
	tolerated = 20 * time.Millisecond

	// Time is slewed by little more than it drifts, so that players and whoever
	// foretells frames notice least: what it is off by is gone in unhurried
	// seconds. It is never slewed by more than steepest of itself.
	unhurried = 1000
	steepest  = 500e-6

	// A change of lateness by more than doubtful is believed when it has
	// lasted for patience blocks; one by more than lasting then shows what
	// is usual.
	doubtful = 200 * time.Millisecond
	patience = 60
	lasting  = 30 * time.Second

	// maxDrift is how many ppm a clock can drift.
	maxDrift = 400
)

// take takes the time of a frame, before it is slewed, and when it came. It
// reports whether slewing begins with it.
func (p *pace) take(at, now time.Duration) (begins bool) {
	p.run(at)
	switch {
	case p.began == 0 || now < p.began:
		p.began, p.least = now, now-at
	case now-p.began < block:
		p.least = min(p.least, now-at)
	default:
		begins = p.judge()
		p.began, p.least = now, now-at
	}
	return begins
}

// run slews the time as far as it may when it comes to the given one.
func (p *pace) run(at time.Duration) {
	if at <= p.head {
		return
	}
	most := time.Duration(float64(min(at-p.head, time.Second)) * p.rate)
	p.slew += min(max(p.goal-p.slew, -most), most)
	p.head = at
}

// judge takes a block that is complete. It reports whether slewing begins.
func (p *pace) judge() bool {
	p.blocks[p.filled%window] = p.least
	p.filled++
	if p.filled < window {
		return false
	}
	sorted := p.blocks
	slices.Sort(sorted[:])
	p.level, p.noise = sorted[0], sorted[window/2]-sorted[0]
	if !p.known {
		p.known, p.usual = true, p.level-p.slew+p.owed
	}
	if p.doubts() {
		p.goal = p.slew
		return false
	}
	if p.filled%window == 0 {
		p.trend.add(p.began, -p.level) // frames of a fast clock come ever earlier
		p.ppm = p.trend.slope() * 1e6
	}
	if p.trend.known && max(p.ppm, -p.ppm) > maxDrift {
		p.goal = p.slew
		return false
	}
	return p.aim()
}

// doubts reports whether lateness has changed by so much that it is not
// believed yet, or that it is usual from now on.
func (p *pace) doubts() bool {
	off := max(p.behind(), -p.behind())
	if off <= doubtful {
		p.odd = 0
		return false
	}
	p.odd++
	switch {
	case p.odd <= patience:
		p.trend.restart()
		return true
	case off > lasting:
		p.odd = 0
		p.usual += p.behind()
		p.trend.restart()
		return true
	}
	return false
}

// aim sets the goal. It reports whether slewing begins. On a line that never has
// a quiet moment in ten seconds, more is tolerated.
func (p *pace) aim() bool {
	slewing, off := p.goal != p.slew, max(p.behind(), -p.behind())
	if !p.trend.known || !slewing && off <= tolerated+p.noise {
		return false
	}
	if !slewing {
		p.rate = 0
	}
	needed := max(p.ppm, -p.ppm)/1e6 + off.Seconds()/unhurried
	p.rate = min(max(p.rate, needed), steepest)
	p.goal = p.slew + p.behind()
	return !slewing
}

// behind returns by how much the slewed time is behind where it usually is when
// a frame arrives.
func (p *pace) behind() time.Duration {
	if !p.known {
		return 0
	}
	return p.level - p.usual - p.slew
}

// forget says that frames are stamped by another offset now, from a time on that
// is so much later than the wall clock because others were there before.
func (p *pace) forget(owed time.Duration) { *p = pace{slew: p.slew, goal: p.slew, owed: owed} }

// interrupt says that the publisher was away. What was usual remains so, as
// long as nothing is forgotten.
func (p *pace) interrupt() {
	p.began, p.filled, p.odd, p.goal = 0, 0, 0, p.slew
	p.trend.restart()
}
