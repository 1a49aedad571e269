package timeline

import "time"

const (
	// A frame that is so much later than the one before it, or so much earlier
	// than where decode times have come to, shows a jump of the publisher's
	// clock, or a pause.
	maxForward  = 3000 * time.Millisecond
	maxBackward = -500 * time.Millisecond

	// A frame that is this near to the wall clock after a jump, or to when it
	// would usually come, shows that the publisher paused and its clock went
	// on.
	nearWallClock = 2000 * time.Millisecond

	// After a jump of its clock a publisher that did not pause goes on
	// where it was; one that paused for longer than this is put at the
	// wall clock, and leaves a hole.
	maxBridged = 500 * time.Millisecond

	// A track that is further than this from the wall clock and from the
	// other tracks does not begin apart from them, or run ahead of them: it
	// counts by another clock.
	farApart = 10 * time.Second

	// Two tracks whose clocks jump by amounts that differ by less than this
	// made the same jump.
	sameJump = 1000 * time.Millisecond

	// A track whose time is this near to that of the track that jumped last
	// counts by the same clock.
	sameClock = 1000 * time.Millisecond
)

// A shift is what was added to the publisher's time after one of its jumps.
type shift struct {
	number int
	offset time.Duration // from the publisher's time to the epoch, before it is slewed
	jump   time.Duration // by how much the publisher's clock jumped
	first  *track        // the track on which it was seen
}

// lead returns the track of the publisher that counts by its newest clock and
// has come furthest, nil if there is none.
func (c *Clock) lead() *track {
	var lead *track
	for _, tr := range c.tracks {
		if tr.seen && tr.shift.number == c.current.number && (lead == nil || tr.time > lead.time) {
			lead = tr
		}
	}
	return lead
}

// enter takes a publisher's first frame of a track.
func (c *Clock) enter(tr *track, raw uint32, now time.Duration) {
	lead := c.lead()
	tr.seen, tr.raw = true, raw
	if lead == nil {
		c.begin(tr, now)
		return
	}
	tr.join(lead)
	if distance(c.at(tr), now) > farApart && distance(tr.time, lead.time) > farApart {
		c.count(OtherClock)
		c.anchor(tr, now, tr.time-lead.time)
	}
}

// begin takes the first frame of a publisher.
func (c *Clock) begin(tr *track, now time.Duration) {
	if c.current.number > 0 {
		tr.time, tr.shift = c.left.unwrap(tr.raw), c.current
		if at := c.at(tr); at > c.newest && c.inTime(at, now) {
			return
		}
	}
	c.pace.forget(max(c.floor-now, 0))
	c.shift(tr, max(now, c.floor), 0)
}

// advance takes a later frame of a track.
func (c *Clock) advance(tr *track, raw uint32, now time.Duration) {
	step := tr.until(raw)
	tr.raw, tr.time = raw, tr.time+step
	if first := c.current.first; tr.shift.number != c.current.number && distance(first.until(raw), 0) < sameClock {
		tr.join(first)
		return
	}
	at, last := c.at(tr), tr.stamped()
	jumps, ahead := step > maxForward || at-last < maxBackward, c.runsAway(tr, at, now)
	switch {
	case !jumps && !ahead:
		return
	case tr.shift.number != c.current.number && distance(step, c.current.jump) < sameJump:
		tr.join(c.current.first)
		return
	case step > maxForward && (c.inTime(at, now) || c.wasSilent(tr, step)):
		return
	case step > maxForward:
		c.count(JumpedForward)
	case ahead:
		c.count(RanAhead)
	default:
		c.count(JumpedBack)
	}
	at = last + tr.bridge()
	switch {
	case now-at > maxBridged:
		c.anchor(tr, now, step)
	case last-now > farApart:
		c.shift(tr, last+1, step) // the wall clock catches up
	default:
		c.shift(tr, at, step)
	}
}

// inTime reports whether a frame of the given time comes about when it should.
func (c *Clock) inTime(at, now time.Duration) bool {
	return distance(at, now) < nearWallClock || distance(at+c.pace.usual, now) < nearWallClock
}

// wasSilent reports whether the other tracks went on by about the given step
// since the frame of tr before the last.
func (c *Clock) wasSilent(tr *track, step time.Duration) bool {
	return tr.shift.number == c.current.number && distance(c.pace.head-tr.beside, step) < sameClock
}

// runsAway reports whether a track that comes to the given time has left the
// wall clock and all other tracks behind: the unit of its times is wrong.
func (c *Clock) runsAway(tr *track, at, now time.Duration) bool {
	if at-now <= farApart {
		return false
	}
	alone := true
	for _, other := range c.tracks {
		if other == tr || !other.seen {
			continue
		}
		if at-other.stamped() <= farApart {
			return false
		}
		alone = false
	}
	return !alone
}

// anchor puts a track's last frame at the wall-clock time, whatever the
// publisher's was. How late its frames usually come is not known then.
func (c *Clock) anchor(tr *track, now, jump time.Duration) {
	c.pace.forget(0)
	c.shift(tr, now, jump)
}

// shift puts a track's last frame at the given time. The other tracks follow
// when they make the same jump. The publisher's time is unwrapped anew from
// there.
func (c *Clock) shift(tr *track, at, jump time.Duration) {
	tr.time = time.Duration(tr.raw) * time.Millisecond
	c.current = shift{number: c.current.number + 1, offset: at - tr.time - c.pace.slew, jump: jump, first: tr}
	tr.shift = c.current
}

func distance(a, b time.Duration) time.Duration { return max(a-b, b-a) }
