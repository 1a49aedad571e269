package stream

import (
	"errors"
	"slices"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// A writer makes the segments of one track. Their numbers have no gap.
type writer struct {
	programme *programme
	id        media.TrackID
	stale     bool   // what comes belongs to a period that has not begun
	keyless   bool   // what comes needs a key frame that is not there
	from      uint64 // what comes belongs to no segment before this one

	era    *era // of the newest segment, nil before the first
	header *live.Header
	chunks *cmaf.Fragmenter

	open bool   // a segment is being written
	next uint64 // the cutter's number of the segment behind the newest
	seg  live.Segment
	data [][]byte       // finished chunks of seg
	part live.Part      // the one behind those in seg.Parts, which is being written
	gaps []live.Segment // listed since the last segment that was stored

	blob   string      // the name of seg in the store
	record cmaf.Record // of seg, as it was staged last; its memory is used again
	note   []byte      // record in bytes
	staged bool        // something of seg is
	shown  bool        // viewers know of seg

	last, step media.Ticks   // decode time of the newest sample, and its distance from the one before
	end        media.Ticks   // of the newest chunk, or of the newest gap
	silent     time.Duration // length of the gaps since, in the newest period
	refused    bool          // a sample was refused, and the log says so
	torn       bool          // samples were missing, and the log says so
	failing    bool          // the store refused the last segment
}

// put takes a sample, with what ends and begins with it.
func (w *writer) put(s *segment.Placed) {
	if s.Number < w.from {
		return
	}
	if w.keyless && (!s.Key || s.Cut != segment.Segment) && w.id != w.programme.active[0] {
		return
	}
	if s.Cut != segment.Segment && w.open && s.Number+1 != w.next {
		return // the segment began without it
	}
	w.keyless = false
	if s.Cut == segment.Segment {
		w.cut(s)
	} else if w.open && !w.continues(s) {
		w.tear(w.era)
	}
	if !w.open || w.early(s) {
		return
	}
	if s.Cut == segment.Chunk || s.Cut == segment.Part {
		w.complete(s.Cut, s.DTS)
	}
	err := w.chunks.Append(s.Sample)
	if errors.Is(err, cmaf.ErrFull) {
		w.complete(segment.Chunk, s.DTS)
		err = w.chunks.Append(s.Sample)
	}
	if err != nil {
		w.refuse(err)
		return
	}
	w.count(s)
	if s.Ends != segment.None {
		w.complete(s.Ends, s.DTS+s.Length)
	}
}

// early reports whether s, which does not lead, would begin a segment before the gap in
// front of it ends, as that is listed.
func (w *writer) early(s *segment.Placed) bool {
	n := len(w.gaps)
	return w.seg.Frames == 0 && n > 0 && w.id != w.programme.active[0] && w.gaps[n-1].Period == w.seg.Period && s.DTS < w.gaps[n-1].End()
}

// count takes what a sample that was appended says of its segment and part.
func (w *writer) count(s *segment.Placed) {
	if w.seg.Frames == 0 {
		w.seg.Start, w.seg.Offset, w.seg.Independent = s.DTS, s.Offset, s.Key
		w.seg.Name = segmentName(s.DTS)
		w.blob = w.programme.live.Blob(w.id, w.seg.Name)
	} else {
		w.step = s.DTS - w.last
	}
	if w.chunks.Len() == 1 && w.part.Offset == w.seg.Size {
		w.part.Start = s.DTS
	}
	w.part.Independent = w.part.Independent || s.Key
	w.last = s.DTS
	w.seg.Frames++
}

func (w *writer) refuse(err error) {
	if !w.refused {
		w.refused = true
		w.programme.log.Warn().Err(err).Stringer("track", w.id).Msg("frame dropped")
	}
}

// cut ends the current segment where s begins, and begins the next. Within a
// period segments follow each other without a hole; where there would be one
// the period is over for this track.
func (w *writer) cut(s *segment.Placed) {
	e := w.programme.eraOf(s.Number)
	switch {
	case e == nil || s.Number < w.next:
		return // it came so late that a gap is listed for its segment
	case e == w.era && w.follows(s):
		if e = w.pass(s); e == nil {
			return
		}
	case e == w.era && w.next > e.first:
		w.tear(e)
		return
	default:
		w.turn(e, s)
		if s.Number > e.first && w.era == e { // there is a gap behind media of others
			w.tear(e)
			return
		}
	}
	w.begin(e, s)
}

// pass ends the current segment where s begins, which follows, and returns the period
// of s: where the store refuses the segment, a new one if one can begin, or else none.
func (w *writer) pass(s *segment.Placed) *era {
	p := w.programme
	w.finish(s.DTS, adjacent)
	if !w.stale {
		return w.era
	}
	p.retry(p.env.Now())
	if p.begins(s, w) {
		p.beginEra(s)
		return p.era
	}
	p.live.Forgo(w.id)
	return nil
}

// follows reports whether s, of the current period, can begin the segment
// behind the current one.
func (w *writer) follows(s *segment.Placed) bool {
	return w.open && s.Number == w.next && s.DTS-w.seg.Start <= w.limit() && w.continues(s)
}

// continues reports whether s can come behind the newest sample. Where a chunk
// ended with that one, it lasts as long as the chunk says.
func (w *writer) continues(s *segment.Placed) bool {
	return w.chunks.Len() > 0 || w.seg.Frames == 0 || s.DTS == w.end
}

// tear ends the current segment with its last sample. What comes after it waits
// for a new period, unless one has begun.
func (w *writer) tear(e *era) {
	w.finish(w.tail(), elsewhere)
	if e != w.programme.era {
		return
	}
	w.stale = true
	w.programme.renew()
	if !w.torn {
		w.torn = true
		w.programme.log.Warn().Stringer("track", w.id).Msg("frames are missing: the track goes on with a new period")
	}
}

// turn ends the current segment in front of s, with which the track enters the
// new period e, and lists gaps for the segments between them.
func (w *writer) turn(e *era, s *segment.Placed) {
	if w.era == nil {
		w.next = s.Number
		return
	}
	if w.open {
		end := w.tail()
		if h := e.Header(w.id); h != nil {
			end = min(end, max(s.DTS.Rescale(h.Track.Timescale, w.header.Track.Timescale), w.last+1))
		}
		w.finish(end, elsewhere)
	}
	for w.next < s.Number && w.skip() {
	}
}

// tail returns where the current segment ends when nothing comes behind its last
// sample: by that, or where the next one begins if that is later.
func (w *writer) tail() media.Ticks {
	end := w.last + w.step
	if next, ok := w.programme.cutter.Boundary(w.next); ok {
		end = max(end, media.TicksOf(next, w.header.Track.Timescale))
	}
	return max(min(end, w.seg.Start+w.limit()), w.last+1)
}

// limit returns the longest duration that rounds to the target duration.
func (w *writer) limit() media.Ticks {
	const rounding = 499 * time.Millisecond
	return media.TicksOf(w.programme.cutter.TargetDuration()+rounding, w.header.Track.Timescale)
}

func (w *writer) begin(e *era, s *segment.Placed) {
	if e.Header(w.id) == nil {
		return
	}
	w.enter(e)
	w.chunks.StartSegment()
	w.open, w.next, w.silent = true, s.Number+1, 0
	w.data = make([][]byte, 0, max(cap(w.data), len(w.data)+1)) // what viewers have seen stays; a record follows
	w.staged, w.shown = false, false
	w.part = live.Part{}
	w.seg = live.Segment{
		Number: w.programme.base + s.Number, Period: &e.Period, Header: w.header,
		Parts: make([]live.Part, 0, len(w.seg.Parts)+1),
	}
}

// enter makes e the era of the next segment. A track that has left the stream
// keeps its header.
func (w *writer) enter(e *era) {
	w.era = e
	header := e.Header(w.id)
	if header == nil || header == w.header {
		return
	}
	if w.header != nil {
		w.end = w.end.Rescale(w.header.Track.Timescale, header.Track.Timescale)
	}
	if w.header != nil && w.header.Name == header.Name {
		w.header = header
		return
	}
	w.header = header
	w.chunks = cmaf.NewFragmenter(header.Track, 1)
	w.step = header.Track.FrameTicks
	if w.step == 0 {
		w.step = media.Ticks(header.Track.Timescale / 30)
	}
}

// A sequel is what comes behind a segment.
type sequel uint8

const (
	unknown   sequel = iota // for now nothing: nobody publishes
	elsewhere               // what does not begin where the segment ends, or belongs to another period
	adjacent                // the track's next segment
)

// finish ends the current segment, if there is one: it is stored and listed. Where the
// store refuses it, an adjacent one is of a period to come. Whoever waits for a part of
// which nothing came is answered once it is known what comes.
func (w *writer) finish(end media.Ticks, then sequel) {
	if !w.open {
		return
	}
	w.open = false
	if w.seg.Frames == 0 {
		w.next--
		return
	}
	news := w.flush(end)
	news = w.endPart() || news
	now := w.programme.date()
	begins := now
	if !w.shown {
		now = begins.Add(tick)
	}
	w.stage(now)
	if news || then == elsewhere {
		w.grow(then == adjacent, begins)
	}
	if !w.store() {
		w.seg.Gap, w.seg.Parts, w.seg.Name = true, nil, gapName(w.seg.Number)
		w.stale = w.stale || w.era == w.programme.era
	}
	w.list(now)
}

// list shows the finished segment to viewers.
func (w *writer) list(now time.Time) {
	p := w.programme
	p.reveal(w.era)
	if next := p.eraOf(w.next); next != nil && next != w.era {
		w.seg.Next = next.Sequence
	}
	w.noteGap()
	w.retire(p.live.Add(w.id, w.seg, p.targets(), now))
	p.tellStart()
	if w.id == p.writers[0].id {
		p.examine()
	}
}

// noteGap keeps in mind which gaps are listed since the last segment that was
// stored.
func (w *writer) noteGap() {
	if !w.seg.Gap {
		w.gaps = nil
		return
	}
	if len(w.gaps) == maxGaps {
		w.gaps = slices.Delete(w.gaps, 0, 1)
	}
	w.gaps = append(w.gaps, w.seg)
}

// retire removes what left the window, when its time has come or its room in memory
// is needed.
func (w *writer) retire(removed []live.Removed) {
	p := w.programme
	for _, old := range removed {
		p.retire(w.id, old.Segment, old.Until)
		p.env.Memory.Spare(p.live.Blob(w.id, old.Name))
	}
}
