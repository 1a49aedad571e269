package stream

import "time"

// A predecessor is what an earlier programme of the same name leaves to the next:
// numbers and times go on rising.
type predecessor struct {
	number uint64 // media sequence number
	period uint64
	end    time.Time
	seen   time.Time // when it last changed
}

// succeeded returns what the programme leaves to the next when it ends at a time.
func (p *programme) succeeded(at time.Time) predecessor {
	last := p.before
	s := p.live.Snapshot()
	last.seen = at
	if end := s.End(); end.After(last.end) {
		last.end = end
	}
	for _, r := range s.Renditions {
		if n := len(r.Segments); n > 0 {
			newest := r.Segments[n-1]
			last.number = max(last.number, newest.Number+1)
			last.period = max(last.period, newest.Period.Sequence+1)
		}
	}
	return last
}

// numbering is when media sequence numbers began. It keeps them below 2^31,
// which is all that some players read.
const numbering = 1577836800 // seconds since the epoch: the year 2020

// quickest is less than the time from one segment to the next, whatever the
// configuration.
const quickest = 250 * time.Millisecond

// firstNumber returns the number of the first segment of a stream that begins
// now. Numbers rise more slowly than the clock that gives it, so what begins
// later has higher ones, also after a restart of the process.
func firstNumber(now time.Time) uint64 {
	return uint64(max(now.Sub(time.Unix(numbering, 0))/quickest, 0))
}

// floor returns the earliest time for the first frame of what begins now: where
// the predecessor ended, also when the wall clock was set back since. But one
// whose publisher was faster than real time, and which so ended in the future,
// does not take its successor there.
func (p predecessor) floor(now time.Time) time.Time {
	const early = 2 * time.Second
	if latest := now.Add(early); p.end.After(latest) && !now.Before(p.seen) {
		return latest
	}
	return p.end
}
