// Package segment decides where a live stream is cut into segments and parts.
// It does no I/O, reads no clock and starts no goroutine: samples go in, and
// come out again with the place they belong to.
//
// # Segments
//
// The lead track, which is the first video track or else the first audio
// track, is cut at key frames that are at least the target duration apart. Its
// cuts are the boundaries of all tracks: every other track begins the segment
// of the same number with its first sample at or after the boundary. So
// samples that run ahead of the lead are held until it has passed them, but
// not for longer than a second of media.
//
// # The promise
//
// The first whole segment fixes the longest duration that any segment may
// have (TargetDuration). Where the key frame that should end a segment does
// not come in time, the segment is cut without one.
//
// Where samples are missing the promise needs the caller: the boundary then
// lies behind the hole, and the segment in front of it ends with its last
// sample and not at the boundary.
package segment

import (
	"time"

	"sluice/pkg/media"
)

// Config says how long segments and parts shall be.
type Config struct {
	Target time.Duration // a segment ends at the first key frame after this
	Max    time.Duration // the first segment ends here if no key frame comes; at least Target
	Part   time.Duration // how long parts shall be
	Chunk  time.Duration // and the chunks that they consist of; at most Part
}

// A Cut says what begins or ends with a sample.
type Cut uint8

// Nothing begins or ends with most samples. A new segment is also a new part,
// and a new part a new chunk.
const (
	None Cut = iota
	Chunk
	Part
	Segment
)

// Placed is a sample and its place: Number counts the segments of the stream
// from 0 and is the same for all tracks.
//
// Ends is Chunk or Part where one ends for sure with the sample, after its
// Length; the track's next sample then has the decode time DTS + Length and
// begins at least the same. Otherwise a chunk, part or segment ends where the
// next one begins.
type Placed struct {
	media.Sample
	Cut    Cut // what begins with the sample
	Ends   Cut // what ends with it
	Number uint64
}

const (
	// held is how much media of a track may wait for the lead track.
	held = time.Second

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

	// jitter is what a part may exceed its target by, because publishers
	// round times to milliseconds.
	jitter = time.Millisecond

	// maxBoundaries bounds how far a track may fall behind the lead.
	maxBoundaries = 64
)

// A Cutter places the samples of one stream. It is not safe for concurrent
// use.
type Cutter struct {
	config     Config
	tracks     []*track
	boundaries []boundary // oldest first; the last one began the current segment
	promise    time.Duration
	reach      time.Duration // where samples of other tracks than the lead had come to before it
	forced     bool          // the next key frame of the lead cuts
	broken     time.Duration // where one last did so
	frame      time.Duration // longest audio frame of a track that does not lead
}

// A boundary is where a segment begins, in nanoseconds since the epoch.
type boundary struct {
	number uint64
	at     time.Duration
}

type track struct {
	id      media.TrackID
	scale   uint32
	begun   bool
	number  uint64      // segment of the last sample
	part    media.Ticks // where the current part began
	last    media.Ticks // decode time of the last sample
	gap     media.Ticks // from the last sample but one to the last
	step    media.Ticks // from one sample to the next, when nothing is missing
	waiting []media.Sample
}

// New returns a Cutter.
func New(config Config) *Cutter {
	return &Cutter{config: config}
}

// SetTracks declares which tracks there are, the lead track first, and what
// their timescales are. Tracks that stay go on as they were; samples of the
// others that still wait are dropped (see Release).
func (c *Cutter) SetTracks(tracks []media.Track) {
	before := c.tracks
	c.tracks, c.frame = make([]*track, 0, len(tracks)), 0
	for i, t := range tracks {
		tr := find(before, t.ID)
		if tr == nil || tr.scale != t.Timescale {
			tr = &track{id: t.ID, scale: t.Timescale}
		}
		c.tracks = append(c.tracks, tr)
		if i > 0 {
			c.frame = min(max(c.frame, tr.time(t.FrameTicks)), rounding/2)
		}
	}
}

// Break makes the next key frame of the lead track begin a new segment, whose
// number no track has had. That happens at most four times a second.
func (c *Cutter) Break() { c.forced = true }

// Release appends to out the samples of a track that wait for the lead, because
// what will come after them is of another kind.
func (c *Cutter) Release(id media.TrackID, out []Placed) []Placed {
	if tr := find(c.tracks, id); tr != nil {
		out = c.placeAll(tr, out)
	}
	return out
}

// TargetDuration returns the longest duration that a segment will have,
// rounded to whole seconds. It is 0 until the first segment is complete and
// never changes after that.
func (c *Cutter) TargetDuration() time.Duration { return c.promise }

// PartTarget returns the longest duration that a part will have. It is 0 until
// the first part is complete and never changes after that.
func (c *Cutter) PartTarget() time.Duration { return c.config.Part }

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

// Push takes one sample and appends to out the samples whose place is now
// known, in an order in which each track's decode times rise. It retains the
// sample's data until then. Samples of tracks that were not declared, and
// those before the lead's first key frame, are dropped.
func (c *Cutter) Push(s media.Sample, out []Placed) []Placed {
	tr := find(c.tracks, s.Track)
	if tr == nil {
		return out
	}
	if tr == c.tracks[0] {
		return c.pushLead(tr, s, out)
	}
	tr.waiting = append(tr.waiting, s)
	var passed time.Duration
	if lead := c.tracks[0]; lead.begun {
		passed = lead.time(lead.last) + 1
	}
	return c.release(tr, passed, out)
}

// Flush appends to out all samples that still wait for the lead, when the
// stream ends.
func (c *Cutter) Flush(out []Placed) []Placed {
	if len(c.boundaries) > 0 && c.promise == 0 {
		lead := c.tracks[0]
		c.fix(lead.time(lead.last) - c.boundaries[0].at)
	}
	for _, tr := range c.tracks {
		out = c.placeAll(tr, out)
	}
	return out
}

// fix makes the promise, when the first segment had the given duration in the
// lead track. Others may have gone on in it.
func (c *Cutter) fix(first time.Duration) {
	first = max(first, c.reach-c.boundaries[0].at)
	covered := min(max(c.config.Target, first), c.config.Max) - slack
	c.promise = max((covered+time.Second-1)/time.Second, 1) * time.Second
}

// pushLead takes a sample of the lead track. A track that has just come to
// lead begins with a key frame and a segment of its own.
func (c *Cutter) pushLead(tr *track, s media.Sample, out []Placed) []Placed {
	if !tr.begun && !s.Key {
		return out
	}
	at := tr.time(s.DTS)
	for _, other := range c.tracks[1:] {
		out = c.release(other, at, out)
	}
	cut := c.cuts(tr, s.Key, at)
	if !tr.begun && !cut {
		return out
	}
	if cut {
		c.bound(at)
		if s.Key && c.forced {
			c.forced, c.broken = false, at
		}
	}
	out = c.place(tr, s, out)
	for _, other := range c.tracks[1:] {
		out = c.release(other, at+1, out)
	}
	return out
}

// cuts reports whether the lead's sample at the given time begins a segment
// that has no boundary yet.
func (c *Cutter) cuts(tr *track, key bool, at time.Duration) bool {
	n := len(c.boundaries)
	if n == 0 {
		return true
	}
	newest, b := c.boundaries[n-1], c.behind(tr, at)
	if key && (c.forced || !tr.begun) {
		if since := at - c.broken; since < 0 || since >= shortest {
			return true
		}
	}
	// Another track may have made a boundary in front of which the lead still
	// is. It will do, unless it is too far away.
	if key && b.number >= newest.number && at-b.at >= c.target(tr) {
		return true
	}
	return tr.begun && c.overdue(tr, at-b.at)
}

// target returns the duration from which on a key frame ends a segment: a
// little less than was asked for where key frames are rare.
func (c *Cutter) target(lead *track) time.Duration {
	if lead.id.Kind == media.Audio {
		return c.config.Target
	}
	return c.config.Target / 10 * early
}

// overdue reports whether a segment that goes on with a sample at so long
// after its beginning would get longer than was promised. Tracks that do not
// lead may begin and end up to a frame behind the boundaries.
func (c *Cutter) overdue(tr *track, elapsed time.Duration) bool {
	limit := c.config.Max
	if c.promise != 0 {
		limit = c.promise + rounding - c.frame
	}
	return elapsed+tr.time(tr.step) > limit
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

// placeAll places all waiting samples of a track.
func (c *Cutter) placeAll(tr *track, out []Placed) []Placed {
	for _, s := range tr.waiting {
		out = c.place(tr, s, out)
	}
	tr.forget(len(tr.waiting))
	return out
}

// release places the waiting samples of a track from before a time, to which
// the lead has come, and those that have waited too long.
func (c *Cutter) release(tr *track, before time.Duration, out []Placed) []Placed {
	n := 0
	for _, s := range tr.waiting {
		at, newest := tr.time(s.DTS), tr.time(tr.waiting[len(tr.waiting)-1].DTS)
		if at >= before && newest-at <= held {
			break
		}
		n++
		out = c.place(tr, s, out)
	}
	tr.forget(n)
	return out
}

// place finds the segment and part of a sample and appends it to out.
func (c *Cutter) place(tr *track, s media.Sample, out []Placed) []Placed {
	number, ok := c.segmentAt(tr, tr.time(s.DTS))
	if !ok {
		return out
	}
	p := Placed{Sample: s, Number: number}
	switch {
	case !tr.begun || number != tr.number:
		p.Cut = Segment
	case tr.time(s.DTS+tr.step-tr.part) > c.config.Part+jitter:
		p.Cut = Part
	}
	if p.Cut != None {
		tr.part = s.DTS
	}
	if tr.begun {
		// A single long step is a pause, two are a low frame rate.
		gap := s.DTS - tr.last
		tr.step = gap
		if tr.gap != 0 {
			tr.step = min(gap, tr.gap)
		}
		tr.gap = gap
	}
	tr.begun, tr.number, tr.last = true, number, s.DTS
	if c.promise == 0 && tr != c.tracks[0] {
		c.reach = max(c.reach, tr.time(s.DTS+tr.step))
	}
	return append(out, p)
}

// segmentAt returns the number of the segment that a track's sample at the
// given time belongs to. A track that runs on while the lead stands still
// makes its own boundary when a segment would get too long.
func (c *Cutter) segmentAt(tr *track, at time.Duration) (uint64, bool) {
	// Where both began in the same millisecond, a tick may be rounded away.
	if len(c.boundaries) == 0 || !tr.begun && at+tr.time(1) < c.boundaries[0].at {
		return 0, false
	}
	if tr != c.tracks[0] && c.overdue(tr, at-c.behind(tr, at).at) {
		c.bound(at)
	}
	return c.behind(tr, at).number, true
}

// forget removes the first n waiting samples.
func (tr *track) forget(n int) {
	rest := copy(tr.waiting, tr.waiting[n:])
	clear(tr.waiting[rest:])
	tr.waiting = tr.waiting[:rest]
}

func (tr *track) time(t media.Ticks) time.Duration { return t.Duration(tr.scale) }

func find(tracks []*track, id media.TrackID) *track {
	for _, tr := range tracks {
		if tr.id == id {
			return tr
		}
	}
	return nil
}
