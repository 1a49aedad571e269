package stream

import (
	"slices"
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
	keys   []uint32 // when its newest key frames of video are shown
}

// note takes a frame of the lead, which has its time in the whole.
func (c *reckoning) note(a arrival, ahead uint32) {
	c.known, c.newest, c.at, c.ahead = true, a.Time, a.at, ahead
	if a.Track.Kind != media.Video || !a.Key {
		return
	}
	const enough = 8
	if len(c.keys) == enough {
		c.keys = slices.Delete(c.keys, 0, 1)
	}
	c.keys = append(c.keys, shown(a))
}

// now returns what time it is.
func (c *reckoning) now(at time.Time) uint32 { return c.newest + uint32(at.Sub(c.at).Milliseconds()) }

// interval returns the time between key frames, 0 if that is not known.
func (c *reckoning) interval() uint32 {
	n := len(c.keys)
	if n < 2 {
		return 0
	}
	return c.keys[n-1] - c.keys[n-2]
}

// nearest returns the time of the key frame next to a time, of those that came or are to come.
func (c *reckoning) nearest(at uint32) uint32 {
	best := c.keys[0]
	for _, key := range c.keys {
		if apart(key, at) < apart(best, at) {
			best = key
		}
	}
	last := c.keys[len(c.keys)-1]
	if every := c.interval(); every > 0 && since32(last, at) > 0 {
		n := (at - last + every/2) / every
		if key := last + n*every; apart(key, at) < apart(best, at) {
			best = key
		}
	}
	return best
}

// drift returns by how much a key frame at a time of another member has moved away from one of the
// lead, as their clocks differ, in ms; 0 if it is where it was, or belongs to none of the lead's.
func (c *reckoning) drift(at uint32) uint32 {
	const least, most = same / 2, 4 * same
	if len(c.keys) == 0 {
		return 0
	}
	if key := c.nearest(at); apart(at, key) >= least && apart(at, key) < most {
		return key - at
	}
	return 0
}

// meets reports whether a key frame that is shown at a time is shown together with one of the lead.
func (c *reckoning) meets(at uint32) bool {
	return len(c.keys) > 0 && apart(c.nearest(at), at) < same
}

// shown returns when a frame is shown, in ms modulo 2^32.
func shown(a arrival) uint32 { return a.Time + uint32(a.Offset) }

// place returns the time in the whole of the first frame that comes of a member, and by how much
// that is off its time of arrival. Where the others send a picture, a key frame is at one of
// theirs, or, where that is too far, it is left where it came. It may be too early to say, while
// somebody leads.
func (c *reckoning) place(a arrival, key, led bool) (at uint32, off time.Duration, ok bool) {
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
	case c.interval() == 0 && led:
		return 0, 0, false
	}
	if at = c.nearest(now+delay) - delay; apart(at, now) <= moved {
		return at, since32(now, at), true
	}
	return now, 0, true
}

// since32 returns the time from a to b, which are in ms modulo 2^32.
func since32(a, b uint32) time.Duration { return time.Duration(int32(b-a)) * time.Millisecond }

// apart returns by how much two such times differ.
func apart(a, b uint32) time.Duration { return since32(a, b).Abs() }
