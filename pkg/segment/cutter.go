package segment

import (
	"time"

	"sluice/pkg/media"
)

// held is how much media of a track may wait for the lead track.
const held = time.Second

// A Cutter places the samples of one stream. It is not safe for concurrent
// use.
type Cutter struct {
	config     Config
	tracks     []*track
	boundaries []boundary // oldest first; the last one began the current segment
	promise    time.Duration
	reach      time.Duration // where other tracks than the lead have come to
	edge       time.Duration // where the lead has come to, with its last sample
	flushed    bool          // nothing came since Flush
	forced     bool          // the next key frame of the lead cuts
	broken     time.Duration // where one last did so
	frame      time.Duration // longest audio frame of a track that does not lead
	lag        time.Duration // largest of a track so far, either way: the next may have another
	part       time.Duration // longest duration of a part, 0 until it is settled
	chunk      time.Duration // and of a chunk
}

// New returns a Cutter.
func New(config Config) *Cutter {
	return &Cutter{config: config}
}

// SetTracks declares which tracks there are, the lead track first, and what
// their timescales are. Tracks that stay go on as they were; samples of the
// others that still wait are dropped (see Release, Flush). Without any, those
// that come next begin anew: another publisher sends them. Promises stay.
func (c *Cutter) SetTracks(tracks []media.Track) {
	before := c.tracks
	if len(tracks) == 0 {
		c.lag = 0
	}
	c.tracks, c.frame = make([]*track, 0, len(tracks)), 0
	for i, t := range tracks {
		tr := find(before, t.ID)
		if tr == nil || tr.scale != t.Timescale {
			tr = &track{id: t.ID, scale: t.Timescale}
			tr.limit(c.part, c.config)
		}
		tr.pace.frame, tr.pace.rate = t.FrameTicks, t.FrameRate
		c.tracks = append(c.tracks, tr)
		if i == 0 {
			tr.lag = 0
		} else {
			c.frame = min(max(c.frame, tr.time(t.FrameTicks)), rounding/2)
		}
	}
}

// Break makes the next key frame of the lead track begin a new segment, whose
// number no track has had. That happens at most four times a second.
func (c *Cutter) Break() { c.forced = true }

// Release appends to out the samples of a track that wait for the lead, because
// what will come after them is of another kind: it does not follow from them.
func (c *Cutter) Release(id media.TrackID, out []Placed) []Placed {
	if tr := find(c.tracks, id); tr != nil {
		out = c.placeRest(tr, out)
		tr.ended, tr.end = Part, 0
	}
	return out
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
	if c.part == 0 {
		tr.pace.add(s.DTS)
	}
	if s.Key && tr.video() {
		c.compare(tr, s.Offset)
	}
	if tr == c.tracks[0] {
		return c.pushLead(tr, s, out)
	}
	tr.waiting.add(s)
	return c.release(tr, c.sure(), out)
}

// compare takes the delay of a key frame of a track of video.
func (c *Cutter) compare(tr *track, delay media.Ticks) {
	const most = rounding / 2 // more would make segments too long
	tr.delay, tr.delayed = delay, true
	lead := c.tracks[0]
	for _, other := range c.tracks[1:] {
		other.lag = 0
		if !lead.delayed || !other.delayed {
			continue
		}
		if lag := other.delay - lead.delay.Rescale(lead.scale, other.scale); other.time(lag).Abs() <= most {
			other.lag = lag
			c.lag = max(c.lag, other.time(lag).Abs())
		}
	}
}

// near is by how much a key frame of video may be in front of a boundary of the lead that it
// belongs to: times are rounded, and follow a clock.
const near = 10 * time.Millisecond

// spot returns where a sample is among the boundaries.
func (c *Cutter) spot(tr *track, s media.Sample) time.Duration {
	at := tr.place(s.DTS)
	if tr != c.tracks[0] && tr.video() && s.Key {
		at += near
	}
	return at
}

// Short returns how long before the end of the lead another track ends, if a segment has
// begun since then, or else 0.
func (c *Cutter) Short(id media.TrackID) time.Duration {
	tr, n := find(c.tracks, id), len(c.boundaries)
	if tr == nil || n == 0 || !tr.begun || !c.tracks[0].begun {
		return 0
	}
	end := tr.time(tr.newest() + tr.step)
	if c.boundaries[n-1].at <= end {
		return 0
	}
	return c.edge - end
}

// Waiting returns the bytes of the samples that wait for the lead.
func (c *Cutter) Waiting() int64 {
	var bytes int64
	for _, tr := range c.tracks {
		bytes += tr.waiting.bytes
	}
	return bytes
}

// Flush appends to out the samples that still wait for the lead, when the
// stream ends, but for those that have no place in the segment that it ends in. The last
// part of a track ends Length after its last sample.
func (c *Cutter) Flush(out []Placed) []Placed {
	if len(c.boundaries) > 0 && len(c.tracks) > 0 {
		c.settle()
		if lead := c.tracks[0]; c.promise == 0 {
			c.fix(lead.time(lead.last) - c.boundaries[0].at)
		}
	}
	c.flushed = true
	for _, tr := range c.tracks {
		before := len(out)
		out = c.placeRest(tr, out)
		if n := len(out); n > before && out[n-1].Length > 0 {
			out[n-1].Ends = Part
		}
	}
	return out
}

// pushLead takes a sample of the lead track.
func (c *Cutter) pushLead(tr *track, s media.Sample, out []Placed) []Placed {
	return c.lead(tr, s, c.catchUp(tr, out))
}

// lead places a sample of the lead track, and what waited for it of others. A track that
// has just come to lead begins with a key frame and a segment of its own.
func (c *Cutter) lead(tr *track, s media.Sample, out []Placed) []Placed {
	if !tr.begun && !s.Key {
		return out
	}
	moved := c.follow(tr, s)
	at := tr.time(moved.DTS)
	for _, other := range c.tracks[1:] {
		out = c.release(other, at, out)
	}
	cut := c.cuts(tr, s.Key, at, tr.time(max(s.DTS-moved.DTS, 0)))
	if !tr.begun && !cut {
		return out
	}
	if cut {
		c.fill(tr, at)
		c.bound(at)
		if s.Key && c.forced {
			c.forced, c.broken = false, at
		}
	}
	out = c.place(tr, s, out)
	sure := c.sure()
	for _, other := range c.tracks[1:] {
		out = c.release(other, sure, out)
	}
	return out
}

// placeRest places the waiting samples of a track when no more will come of it, but for
// those behind the end of the segment in which the lead is.
func (c *Cutter) placeRest(tr *track, out []Placed) []Placed {
	if tr == c.tracks[0] {
		return c.catchUp(tr, out)
	}
	for _, s := range tr.waiting.samples {
		if c.tracks[0].begun && c.outlasts(tr, s) {
			break
		}
		out = c.place(tr, s, out)
	}
	tr.waiting = queue{}
	return out
}

// outlasts reports whether the segment of the lead would get too long with a waiting
// sample.
func (c *Cutter) outlasts(tr *track, s media.Sample) bool {
	at := c.spot(tr, tr.moved(s))
	return c.behind(tr, at).number == c.tracks[0].number && c.outruns(tr, at, tr.place(s.DTS)-at)
}

// catchUp places the samples of the lead track that have waited while another one led.
func (c *Cutter) catchUp(tr *track, out []Placed) []Placed {
	waited := tr.waiting.samples
	if len(waited) == 0 {
		return out
	}
	tr.waiting = queue{}
	for _, s := range waited {
		out = c.lead(tr, s, out)
	}
	return out
}

// release places the waiting samples of a track from before a time, before
// which there will be no more boundaries, and those that have waited too long.
func (c *Cutter) release(tr *track, before time.Duration, out []Placed) []Placed {
	n := 0
	for _, s := range tr.waiting.samples {
		if c.spot(tr, tr.moved(s)) >= before && tr.time(tr.newest()-s.DTS) <= held {
			break
		}
		n++
		out = c.place(tr, s, out)
	}
	tr.waiting.forget(n)
	return out
}

// place finds the segment, part and chunk of a sample and appends it to out.
func (c *Cutter) place(tr *track, s media.Sample, out []Placed) []Placed {
	own := s.DTS
	s = c.follow(tr, s)
	number, ok := c.segmentAt(tr, c.spot(tr, s), tr.time(max(own-s.DTS, 0)))
	if !ok {
		return out
	}
	p := Placed{Sample: s, Number: number}
	if !tr.begun || number != tr.number {
		p.Cut = Segment
		if tr.begun {
			c.settle()
		}
	} else {
		p.Cut = tr.cut(s, own)
	}
	tr.take(&p, own)
	p.Ends = c.ends(tr, &p)
	if tr == c.tracks[0] {
		c.edge = tr.time(p.DTS + tr.usual(p.Sample))
	}
	if tr != c.tracks[0] {
		c.reach = max(c.reach, tr.place(s.DTS+tr.step))
	}
	return append(out, p)
}
