// Package timeline turns a stranger's 32-bit milliseconds into exact ticks
// that count from the Unix epoch. It does no I/O, reads no clock and starts
// no goroutine: the wall clock comes in as an argument.
//
// # What it promises
//
// The decode times of a track strictly increase, whatever comes in. All tracks
// of a publication share one offset between the publisher's clock and the
// epoch, so that they keep the distance from each other that the publisher
// gave them. The decode time of the first frame is the wall-clock time at which
// it was stamped.
//
// Audio is counted in samples: RTMP rounds to milliseconds, and a frame of
// 1024 samples is not a whole number of them. The count follows the
// publisher's time slowly, within a bounded correction.
//
// Decode times and composition offsets of video are kept as they were sent.
//
// # What it foretells
//
// A sample's Length is the foretold time to the next sample of its track. For
// audio it is the length of a frame. For video it leads from the sample's
// decode time, which was rounded, to the next point of the exact grid that the
// frames have been on; so the grid of a steady stream can be had by adding
// Length. It is 0 while frames come at no constant rate.
package timeline

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

const (
	// A frame that is so much later than the one before it, or so much earlier
	// than where decode times have come to, shows a jump of the publisher's
	// clock, or a pause.
	maxForward  = 3000 // ms
	maxBackward = -500 // ms

	// A frame that is this near to the wall clock after a jump shows that
	// the publisher paused and its clock went on.
	nearWallClock = 2000 // ms

	// After a jump of its clock a publisher that did not pause goes on
	// where it was; one that paused for longer than this is put at the
	// wall clock, and leaves a hole.
	maxBridged = 500 // ms

	// A track that is further than this from the wall clock and from the
	// other tracks does not begin apart from them, or run ahead of them: it
	// counts by another clock.
	farApart = 10000 // ms

	// A jump of a video track is bridged by no more than this.
	maxBridge = 100 // ms

	// Two tracks whose clocks jump by amounts that differ by less than this
	// made the same jump.
	sameJump = 1000 // ms

	// A track whose time is this near to that of the track that jumped last
	// counts by the same clock.
	sameClock = 1000 // ms

	// Composition offsets outside these bounds are mistakes and are clamped.
	minOffset, maxOffset = -2000, 5000 // ms

	// millisecond is the timescale of RTMP.
	millisecond = 1000
)

// A Clock stamps the frames of one publication. It is not safe for concurrent
// use.
type Clock struct {
	tracks  []*track
	floor   int64 // earliest time of the first frame, in ms since the epoch
	current shift
}

// A shift is what was added to the publisher's time after one of its jumps.
type shift struct {
	number int
	offset int64  // ms from the publisher's unwrapped time to the epoch
	jump   int64  // by how many ms the publisher's clock jumped
	first  *track // the track on which it was seen
}

type track struct {
	id    media.TrackID
	scale uint32
	frame media.Ticks // length of an audio frame, 0 for video

	seen  bool
	raw   uint32 // time of the last frame, as received
	time  int64  // the same without the wrap at 2^32
	shift shift

	last  media.Ticks // decode time of the last sample
	step  media.Ticks // from the sample before it to the last
	drift follower
	beat  metronome
}

// New returns a Clock whose first frame is stamped no earlier than notBefore.
func New(notBefore time.Time) *Clock {
	return &Clock{floor: notBefore.UnixMilli()}
}

// SetTrack declares a track, or that its configuration has changed. Frames of
// tracks that were not declared are stamped on the video timescale.
func (c *Clock) SetTrack(t media.Track) {
	tr := c.track(t.ID)
	if t.Timescale != tr.scale {
		tr.last = tr.last.Rescale(tr.scale, t.Timescale)
		tr.step = tr.step.Rescale(tr.scale, t.Timescale)
		tr.drift = follower{}
	}
	tr.scale, tr.frame = t.Timescale, t.FrameTicks
	tr.beat.declare(t.Timescale, t.FrameRate)
}

// Resume says that the next frame comes from another publisher.
func (c *Clock) Resume() {
	for _, tr := range c.tracks {
		c.floor = max(c.floor, tr.stamped()+1)
		tr.seen = false
		tr.beat.stop()
	}
}

// Stamp returns f as a sample. now is the wall-clock time at which f arrived.
// Where the publisher went away and came back, the sample's decode time is so
// much later than the one before it.
func (c *Clock) Stamp(f media.Frame, now time.Time) media.Sample {
	tr := c.track(f.Track)
	before := tr.shift.number
	if !tr.seen {
		c.enter(tr, f.Time, now.UnixMilli())
	} else {
		c.advance(tr, f.Time, now.UnixMilli())
	}
	at := media.Ticks(tr.time+tr.shift.offset).Rescale(millisecond, tr.scale)
	s := media.Sample{Track: f.Track, Key: f.Key, DTS: tr.place(at), Data: f.Data}
	if tr.frame == 0 {
		offset := media.Ticks(min(max(f.Offset, minOffset), maxOffset)).Rescale(millisecond, tr.scale)
		// A decode time that was repaired does not move the presentation,
		// unless the picture would be shown before it is decoded.
		s.Offset = max(at+offset-s.DTS, min(offset, 0))
	}
	if tr.shift.number != before {
		tr.beat.stop()
	}
	s.Length = tr.foretell(at)
	return s
}

func (c *Clock) track(id media.TrackID) *track {
	for _, tr := range c.tracks {
		if tr.id == id {
			return tr
		}
	}
	tr := &track{id: id, scale: media.VideoTimescale}
	tr.beat.declare(tr.scale, media.Ratio{})
	c.tracks = append(c.tracks, tr)
	return tr
}

// enter takes the first frame of a track.
func (c *Clock) enter(tr *track, raw uint32, now int64) {
	tr.seen, tr.raw, tr.time = true, raw, int64(raw)
	i := slices.IndexFunc(c.tracks, func(other *track) bool { return other != tr && other.seen })
	if i < 0 {
		c.shift(tr, max(now, c.floor), 0)
		return
	}
	other := c.tracks[i]
	tr.join(other)
	if distance(tr.time+tr.shift.offset, now) > farApart && distance(tr.time, other.time) > farApart {
		c.shift(tr, now, tr.time-other.time)
	}
}

// advance takes a later frame of a track.
func (c *Clock) advance(tr *track, raw uint32, now int64) {
	step := int64(int32(raw - tr.raw))
	tr.raw, tr.time = raw, tr.time+step
	if first := c.current.first; tr.shift.number != c.current.number && distance(int64(int32(raw-first.raw)), 0) < sameClock {
		tr.join(first)
		return
	}
	at, last := tr.time+tr.shift.offset, tr.stamped()
	switch {
	case step <= maxForward && at-last >= maxBackward && !c.runsAway(tr, at, now):
		return
	case tr.shift.number != c.current.number && distance(step, c.current.jump) < sameJump:
		tr.join(c.current.first)
		return
	case step > maxForward && distance(at, now) < nearWallClock:
		return
	}
	at = last + tr.bridge()
	switch {
	case now-at > maxBridged:
		at = now
	case last-now > farApart:
		at = last + 1 // the wall clock catches up
	}
	c.shift(tr, at, step)
}

// runsAway reports whether a track that comes to the given time has left the
// wall clock and all other tracks behind: the unit of its times is wrong.
func (c *Clock) runsAway(tr *track, at, now int64) bool {
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
	return !alone && at-now > farApart
}

// shift puts a track's last received time at the given time, in ms since the
// epoch. The other tracks follow when they make the same jump.
func (c *Clock) shift(tr *track, at, jump int64) {
	c.current = shift{number: c.current.number + 1, offset: at - tr.time, jump: jump, first: tr}
	tr.shift = c.current
}

// join makes tr count by the same clock as another track. Its last received
// time must be set.
func (tr *track) join(other *track) {
	tr.time = other.time + int64(int32(tr.raw-other.raw)) // serial arithmetic, RFC 1982
	tr.shift = other.shift
}

// stamped returns the decode time of the last sample, in ms since the epoch.
func (tr *track) stamped() int64 { return int64(tr.last.Rescale(tr.scale, millisecond)) }

// bridge returns how long after the last sample the next one comes, in ms, when
// the publisher's time does not say.
func (tr *track) bridge() int64 {
	if tr.frame != 0 {
		return int64(tr.frame.Rescale(tr.scale, millisecond))
	}
	return min(int64(tr.step.Rescale(tr.scale, millisecond)), maxBridge)
}

func distance(a, b int64) int64 {
	if a < b {
		return b - a
	}
	return a - b
}

// place returns the decode time of a frame whose publisher put it at the given
// time: later than the one before it, and counted in samples for audio.
func (tr *track) place(at media.Ticks) media.Ticks {
	dts := at
	if tr.last != 0 {
		if tr.frame != 0 {
			counted := tr.last + tr.frame
			dts = counted + tr.drift.correct(at-counted, tr.frame, tr.scale)
		}
		dts = max(dts, tr.last+1)
		tr.step = dts - tr.last
	}
	tr.last = dts
	return dts
}

// foretell returns how long after the last sample, whose publisher put it at
// the given time, the next one comes; 0 when nobody knows.
func (tr *track) foretell(at media.Ticks) media.Ticks {
	if tr.frame != 0 {
		return tr.frame
	}
	next, ok := tr.beat.tick(at)
	if !ok {
		return 0
	}
	return max(next-tr.last, 0)
}
