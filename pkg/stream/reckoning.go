package stream

import (
	"time"

	"sluice/pkg/media"
)

const (
	// alike is by how much members' clocks differ at most that are taken to be one: those of
	// outputs of one encoder, of which some come later than others.
	alike = 1500 * time.Millisecond

	// moved is by how much a member's times may be moved for its key frames to be at those of the
	// others: what is shown jumps by that where a player switches.
	moved = 500 * time.Millisecond

	// calm is how long a member must have sent for when its frames come to say what time it is: ffmpeg 8 and
	// later send the first half second at once.
	calm = time.Second

	// together is by how much key frames differ that are taken to be the same one while the time from
	// one to the next is not known: several encoders are started at once.
	together = 100 * time.Millisecond

	// same is by how much times differ that were the same before they were rounded.
	same = 10 * time.Millisecond
)

// A reckoning is what time it is in a stream that several publishers send, in ms modulo 2^32: as
// the first of them says, or whoever leads behind it.
type reckoning struct {
	known  bool
	newest uint32 // time of the newest frame of the lead
	at     time.Time
	ahead  uint32   // of the lead: see member
	keys   keyTimes // of its picture
}

// note takes a frame of the lead, which has its time in the whole.
func (c *reckoning) note(a arrival, ahead uint32) {
	c.known, c.newest, c.at, c.ahead = true, a.Time, a.at, ahead
	if a.Track.Kind == media.Video && a.Key {
		c.keys.add(shown(a))
	}
}

// now returns what time it is.
func (c *reckoning) now(at time.Time) uint32 { return c.newest + uint32(at.Sub(c.at).Milliseconds()) }

// drift returns by how much a key frame at a time of another member has moved away from one of the
// lead, as their clocks differ, in ms; 0 if it is where it was, or belongs to none of the lead's.
func (c *reckoning) drift(at uint32) uint32 {
	const least, most = same / 2, 4 * same
	if len(c.keys) == 0 {
		return 0
	}
	if key := c.keys.coming(at); apart(at, key) >= least && apart(at, key) < most {
		return key - at
	}
	return 0
}

// meets reports whether a key frame that is shown at a time is shown together with one of the lead.
func (c *reckoning) meets(at uint32) bool {
	return len(c.keys) > 0 && apart(c.keys.coming(at), at) < same
}

// place returns the time in the whole of the first frame that comes of a member, and by how much
// that is off its time of arrival. Where the others send a picture, a key frame is at one of
// theirs, or, where that is too far, it is left where it came. It may be too early to say, while
// somebody leads, as long as the member has not settled or key frames of the lead are to come.
func (c *reckoning) place(a arrival, key, led, settled bool) (at uint32, off time.Duration, ok bool) {
	if !c.known {
		return a.Time, 0, true
	}
	now, twin, delay := c.now(a.at), a.Time+c.ahead, uint32(a.Offset)
	if apart(twin, now) < alike && (!key || c.meets(twin+delay)) {
		return twin, since32(now, twin), true
	}
	switch {
	case !key || len(c.keys) == 0:
		return now, 0, true
	case led && (c.keys.interval() == 0 || !settled) && apart(c.keys.nearest(now+delay), now+delay) > together:
		return 0, 0, false
	}
	if at = c.keys.coming(now+delay) - delay; apart(at, now) <= moved {
		return at, since32(now, at), true
	}
	return now, 0, true
}
