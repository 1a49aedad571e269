package stream

import "time"

// A predecessor is what an earlier stream of the same name leaves to the next:
// numbers and times go on rising.
type predecessor struct {
	number uint64 // media sequence number
	period uint64
	end    time.Time
}

// successor returns what follows on an entry, which may be nil.
func successor(e *entry) predecessor {
	if e == nil {
		return predecessor{}
	}
	p := e.before
	for _, r := range e.presentation.Snapshot().Renditions {
		if n := len(r.Segments); n > 0 {
			last := r.Segments[n-1]
			p.number = max(p.number, last.Number+1)
			p.period = max(p.period, last.Period.Sequence+1)
			if end := last.End().Time(last.Timescale()); end.After(p.end) {
				p.end = end
			}
		}
	}
	return p
}

// numbering is when media sequence numbers began. It keeps them below 2^31,
// which is all that some players read.
const numbering = 1577836800 // seconds since the epoch: the year 2020

// firstNumber returns the number of the first segment of a stream that begins
// now. Numbers rise by less than one in half a target duration, so what begins
// later has higher ones, also after a restart of the process.
func firstNumber(now time.Time, target time.Duration) uint64 {
	elapsed := now.Sub(time.Unix(numbering, 0))
	return uint64(max(elapsed/max(target/2, 1), 0))
}
