// Package timeline turns a stranger's 32-bit milliseconds into exact ticks
// that count from the Unix epoch. It does no I/O, reads no clock and starts
// no goroutine: the wall clock comes in as an argument.
//
// # What it promises
//
// The decode times of a track strictly increase, whatever comes in and however
// many publishers follow each other. All tracks of a publisher share one offset
// between its clock and the epoch, so that they keep the distance from each
// other that the publisher gave them. The decode time of the first frame is the
// wall-clock time at which it was stamped.
//
// Audio is counted in samples: RTMP rounds to milliseconds, and a frame of
// 1024 samples is not a whole number of them. A frame that says its length
// need not be as long as those of its track are. The count follows the
// publisher's time slowly, within a bounded correction.
//
// Decode times and composition offsets of video are kept as they were sent.
//
// # What it repairs
//
// Each way in which a publisher's times can be wrong is a Repair, and Repairs
// says how often it was made. That 32 bits wrap around is no mistake.
//
// # Drift
//
// The clock of an encoder is up to 200 ppm faster or slower than ours. The one
// offset follows it by at most 500 ppm, so that frames are stamped as long
// before their arrival as when the publisher began, within 30 ms and what drifts
// in 200 s. Jitter, stalls and bursts do not move it, and neither does a
// publisher that is faster than real time. See pace.
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
	"time"

	"sluice/pkg/media"
)

const (
	// Composition offsets outside these bounds are mistakes.
	minOffset, maxOffset = -2000, 5000 // ms

	// millisecond is the timescale of RTMP, nanosecond that of time.Duration.
	millisecond = 1000
	nanosecond  = uint32(time.Second)
)

// A Clock stamps the frames of one stream, which one publisher after the other
// may send (Resume). It is not safe for concurrent use.
//
// Points in time are held as the time since the epoch.
type Clock struct {
	tracks  []*track
	current shift
	pace    pace
	repairs Counts

	// What came before the publisher.
	floor  time.Duration // earliest time of its first frame
	newest time.Duration // newest decode time
	left   reading       // of the publisher before, when it was last heard of
}

// New returns a Clock whose first frame is stamped no earlier than notBefore.
func New(notBefore time.Time) *Clock {
	return &Clock{floor: sinceEpoch(notBefore)}
}

// sinceEpoch returns t in whole milliseconds since the epoch.
func sinceEpoch(t time.Time) time.Duration {
	return time.Duration(max(t.UnixMilli(), 0)) * time.Millisecond
}

// SetTrack declares a track, or that its configuration has changed. Frames of
// tracks that were not declared are stamped on the video timescale. The
// timescale must not be 0.
func (c *Clock) SetTrack(t media.Track) {
	tr := c.track(t.ID)
	if t.Timescale != tr.scale {
		last := tr.stamped()
		tr.last = tr.last.Rescale(tr.scale, t.Timescale)
		if tr.last.Duration(t.Timescale) < last { // rounded down, so that the next could be before it
			tr.last++
		}
		tr.step = tr.step.Rescale(tr.scale, t.Timescale)
		tr.drift = follower{}
	}
	tr.scale, tr.frame = t.Timescale, t.FrameTicks
	tr.beat.declare(t.Timescale, t.FrameRate)
}

// Resume says that the next frame comes from another publisher, or from the
// same one after it was away. Tracks that it does not send do not matter any
// more.
//
// Its first frame goes on by the old clock where that puts it behind all that
// was stamped so far and near the wall clock: what is missing leaves a hole of
// its length. Otherwise the first frame is stamped with the wall-clock time, or
// with the end of what was stamped on any track if that is later. The other
// tracks follow, but none goes back behind its own last sample.
func (c *Clock) Resume() {
	if lead := c.lead(); lead != nil {
		c.left = lead.reading
	}
	for _, tr := range c.tracks {
		c.newest = max(c.newest, tr.stamped())
		c.floor = max(c.floor, tr.end())
		tr.leave()
	}
	c.pace.interrupt()
}

// Stamp returns f as a sample. now is the wall-clock time at which f arrived.
// Where the publisher went away and came back, the sample's decode time is so
// much later than the one before it.
func (c *Clock) Stamp(f media.Frame, now time.Time) media.Sample {
	tr, came := c.track(f.Track), sinceEpoch(now)
	before := tr.shift.number
	if !tr.seen {
		c.enter(tr, f.Time, came)
	} else {
		c.advance(tr, f.Time, came)
	}
	if tr.shift.number != before {
		tr.beat.stop()
	}
	if tr.shift.number == c.current.number && c.pace.take(tr.time+tr.shift.offset, came) {
		c.count(DriftCorrected)
	}
	tr.beside = c.pace.head
	at := media.Ticks(c.at(tr)).Rescale(nanosecond, tr.scale)
	s := media.Sample{Track: f.Track, Key: f.Key, DTS: c.place(tr, at), Data: f.Data}
	if f.Length > 0 {
		tr.frame = f.Length
	}
	if tr.frame == 0 {
		offset := c.offset(tr, f.Offset).Rescale(millisecond, tr.scale) + media.Ticks(f.Nanos).Rescale(nanosecond, tr.scale)
		// A decode time that was repaired does not move the presentation,
		// unless the picture would be shown before it is decoded.
		s.Offset = max(at+offset-s.DTS, min(offset, 0))
	}
	s.Length = tr.foretell(at)
	return s
}

// Drift returns by how many parts in a million the publisher's clock is faster
// than ours, and how much later than usual its frames come by the times they
// are stamped with: by how much these are behind the wall clock. Both are 0
// until they are known, which takes some minutes.
func (c *Clock) Drift() (ppm float64, behind time.Duration) {
	return c.pace.ppm, c.pace.behind()
}

// Repairs returns how many repairs of each kind were made, of all publishers.
func (c *Clock) Repairs() Counts { return c.repairs }

// Note counts a repair of times that somebody else has made.
func (c *Clock) Note(r Repair) { c.count(r) }

func (c *Clock) count(r Repair) { c.repairs[r]++ }

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

// at returns where the publisher put the last frame of a track.
func (c *Clock) at(tr *track) time.Duration { return tr.time + tr.shift.offset + c.pace.slew }

// offset returns the composition offset of a frame, in ms: that of the frame before in
// place of a mistake, as far as it is to the same side. The bound itself would date a
// segment that begins with the frame by seconds wrong.
func (c *Clock) offset(tr *track, sent int32) media.Ticks {
	switch {
	case sent > maxOffset:
		c.count(OffsetReplaced)
		return media.Ticks(max(tr.offset, 0))
	case sent < minOffset:
		c.count(OffsetReplaced)
		return media.Ticks(min(tr.offset, 0))
	}
	tr.offset = sent
	return media.Ticks(sent)
}

// place returns the decode time of the frame of a track whose publisher put it
// at the given time: later than the one before it, and counted in samples for
// audio.
func (c *Clock) place(tr *track, at media.Ticks) media.Ticks {
	dts := at
	switch {
	case tr.frame == 0:
	case tr.counting:
		counted := tr.last + tr.frame
		correction, repair := tr.drift.correct(at-counted, tr.frame, tr.scale)
		if dts = counted + correction; repair != none {
			c.count(repair)
		}
	case at > tr.last:
		tr.counting = true
		if tr.begun {
			dts = max(at, tr.last+tr.frame)
		}
	}
	if tr.begun {
		if dts <= tr.last {
			dts = tr.last + 1
			c.count(NotIncreasing)
		}
		tr.step = dts - tr.last
	}
	tr.begun, tr.last = true, dts
	return dts
}
