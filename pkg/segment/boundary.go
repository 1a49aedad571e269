package segment

import "time"

const (
	// A key frame of video cuts when the segment has early/10 of its target.
	early = 9

	// slack is by how much the first segment may exceed the promise that it
	// makes, and rounding by how much any segment may: players round to
	// whole seconds (RFC 8216bis 4.4.3.1).
	slack    = 250 * time.Millisecond
	rounding = 490 * time.Millisecond

	// shortest is the time at least from one segment that begins on demand
	// (Break) to the next.
	shortest = 250 * time.Millisecond

	// ahead is how far a track may go on before the next sample of the lead to
	// a boundary that has only been foretold.
	ahead = 150 * time.Millisecond

	// jitter is by how much the time from one sample of the lead to the next varies
	// where it is in milliseconds, and a little.
	jitter = 2 * time.Millisecond

	// maxBoundaries bounds how far a track may fall behind the lead.
	maxBoundaries = 64

	// gapless is what may be missing in front of a segment without one for it.
	gapless = 500 * time.Millisecond

	// brief is how long the first segment is of those of which nothing will come. It
	// can be listed as the last one of what was before, and all others with what comes
	// behind. Players that know of the segment behind one that ended take it to be of
	// the same period (hls.js 1.6); and players that begin to watch in a gap wait for
	// media of its period (hls.js).
	brief = 100 * time.Millisecond
)

// A boundary is where a segment begins, in nanoseconds since the epoch.
type boundary struct {
	number uint64
	at     time.Duration
}

// TargetDuration returns the longest duration that a segment will have,
// rounded to whole seconds. It is 0 until the first segment is complete and
// never changes after that.
func (c *Cutter) TargetDuration() time.Duration { return c.promise }

// Oldest returns the number of the oldest segment whose boundary is known.
func (c *Cutter) Oldest() uint64 {
	if len(c.boundaries) == 0 {
		return 0
	}
	return c.boundaries[0].number
}

// Boundary returns where a segment begins, since the epoch. It is known for the
// newest segments only.
func (c *Cutter) Boundary(number uint64) (time.Duration, bool) {
	for _, b := range c.boundaries {
		if b.number == number {
			return b.at, true
		}
	}
	return 0, false
}

// fix makes the promise, when the first segment had the given duration in the
// lead track. Others may have gone on in it.
func (c *Cutter) fix(first time.Duration) {
	first = max(first, c.reach-c.boundaries[0].at)
	covered := min(max(c.config.Target, first), c.config.Max) - slack
	c.promise = max((covered+time.Second-1)/time.Second, 1) * time.Second
}

// cuts reports whether the lead's sample at the given time begins a segment
// that has no boundary yet. The sample after it comes so much later than usual
// as it was moved.
func (c *Cutter) cuts(tr *track, key bool, at, moved time.Duration) bool {
	n := len(c.boundaries)
	if n == 0 {
		return true
	}
	newest, b := c.boundaries[n-1], c.behind(tr, at)
	if key && (c.forced || !tr.begun || c.apart(tr, at)) {
		if since := at - c.broken; since < 0 || since >= shortest {
			return true
		}
	}
	// Another track may have made a boundary in front of which the lead still
	// is. It will do, unless it is too far away.
	if key && b.number >= newest.number && at-b.at >= c.target(tr) {
		return true
	}
	return tr.begun && c.overdue(tr, at+moved-b.at)
}

// apart reports whether the lead's sample at the given time leaves a hole behind its
// last one: viewers know where that ended, or its segment may not last until then.
func (c *Cutter) apart(lead *track, at time.Duration) bool {
	began, known := c.Boundary(lead.number)
	return lead.ended != None && at > lead.time(lead.end) || !known || at-began > c.limit()
}

// target returns the duration from which on a key frame ends a segment: a
// little less than was asked for where key frames are rare, and no more than was
// promised, perhaps when something else was asked for.
func (c *Cutter) target(lead *track) time.Duration {
	target := c.config.Target
	if c.promise != 0 {
		target = min(target, c.promise)
	}
	if !lead.video() {
		return target
	}
	return target / 10 * early
}

// overdue reports whether a segment that goes on with a sample at so long
// after its beginning would get longer than was promised.
func (c *Cutter) overdue(tr *track, elapsed time.Duration) bool {
	return elapsed+tr.time(tr.step) > c.limit()
}

// limit returns the longest duration that a segment may have. Tracks that do
// not lead may begin and end up to a frame behind the boundaries, and video as much
// in front of them or behind as its delay is another one.
func (c *Cutter) limit() time.Duration {
	if c.promise != 0 {
		return c.promise + rounding - max(c.frame, c.lag)
	}
	return c.config.Max
}

// fill bounds the segments of which nothing will come, in front of one that the
// lead begins at the given time, if it was away for longer than its last segment
// may last. The first is brief, each of the others is as long as was promised, the
// last one perhaps a little longer. Where another publisher begins there is one at
// least, however short.
func (c *Cutter) fill(lead *track, at time.Duration) {
	n := len(c.boundaries)
	if n == 0 || lead.begun && at-c.boundaries[n-1].at <= c.limit() {
		return
	}
	if at-c.edge > gapless && c.promise == 0 {
		c.fix(c.edge - c.boundaries[0].at)
	}
	if c.flushed || at-c.edge > gapless {
		c.bound(min(c.edge, at))
		if rest := max(c.edge, c.reach) + brief; at-rest >= brief {
			c.bound(rest)
			for rest += c.promise; at-rest > gapless; rest += c.promise {
				c.bound(rest)
			}
		}
	}
	c.flushed = false
}

// bound begins a new segment at the given time.
func (c *Cutter) bound(at time.Duration) {
	next := boundary{at: at}
	if n := len(c.boundaries); n > 0 {
		next.number = c.boundaries[n-1].number + 1
		if c.promise == 0 {
			c.fix(at - c.boundaries[0].at)
		}
	}
	c.boundaries = append(c.boundaries, next)
	if len(c.boundaries) > maxBoundaries {
		c.boundaries = append(c.boundaries[:0], c.boundaries[1:]...)
	}
}

// behind returns the boundary that a track's sample at the given time comes
// behind, with the number of its segment: no track goes back. There must be a
// boundary.
func (c *Cutter) behind(tr *track, at time.Duration) boundary {
	i := len(c.boundaries) - 1
	for i > 0 && c.boundaries[i].at > at && c.boundaries[i].number > tr.number {
		i--
	}
	b := c.boundaries[i]
	return boundary{max(b.number, tr.number), b.at}
}

// segmentAt returns the number of the segment that a track's sample belongs to
// which was moved to the given time from so much later. A track that runs on
// while the lead stands still makes its own boundary when a segment would get
// too long. Where the lead has made one within a frame, that is taken: another one would
// begin a segment of which a track has nothing.
func (c *Cutter) segmentAt(tr *track, at, moved time.Duration) (uint64, bool) {
	// Where both began in the same millisecond, a tick may be rounded away.
	if len(c.boundaries) == 0 || !tr.begun && at+tr.time(1) < c.boundaries[0].at {
		return 0, false
	}
	if tr != c.tracks[0] && c.outruns(tr, at, moved) {
		b := c.behind(tr, at)
		if next, ok := c.Boundary(b.number + 1); ok && b.number == tr.number && next-at <= c.frame+jitter {
			return b.number + 1, true
		}
		c.bound(at)
	}
	return c.behind(tr, at).number, true
}

// outruns reports whether the segment of a sample, moved to the given time from so much
// later, would get too long in a track that does not lead.
func (c *Cutter) outruns(tr *track, at, moved time.Duration) bool {
	b := c.behind(tr, at)
	without := b.number > c.tracks[0].number && c.promise != 0 // the lead is not in the segment
	elapsed := at + moved - b.at
	return c.overdue(tr, elapsed) || without && elapsed >= c.promise
}

// sure returns the time before which there will be no more boundaries: where
// the lead has come to, or where a key frame cuts at the earliest, or the
// boundary that is foretold if it is near. That one may yet come sooner.
func (c *Cutter) sure() time.Duration {
	lead := c.tracks[0]
	if !lead.begun {
		return 0
	}
	at := lead.time(lead.last)
	passed := at + 1
	if c.forced || c.part == 0 {
		return passed
	}
	newest := c.boundaries[len(c.boundaries)-1].at
	overdue := c.behind(lead, at).at + c.limit() - lead.time(lead.step)
	sure := min(newest+c.target(lead), overdue)
	if b, ok := c.foretold(); ok {
		sure = max(sure, min(b, lead.time(lead.next)+ahead))
	}
	return max(passed, sure)
}
