package stream

import (
	"slices"
	"strconv"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// catchUp sees to the tracks that say nothing while another one, whose sample
// s begins a segment, goes on: a segment that ended two cuts ago is closed, and
// one that never began becomes a gap. A track that has left is left alone.
func (p *programme) catchUp(s *segment.Placed) {
	for _, w := range p.writers {
		late := w.next < s.Number
		if w.era == nil { // nothing is listed yet: it may begin later
			late = w.next+1 < s.Number
		}
		if w.id == s.Track || !late || !slices.Contains(p.active, w.id) {
			continue
		}
		for w.next < s.Number && w.skip() {
		}
	}
}

// skip ends a segment of a track that says nothing or, if none is open, lists
// a gap in place of the next. It reports whether it could.
func (w *writer) skip() bool {
	p := w.programme
	if w.open {
		if _, ok := p.cutter.Boundary(w.next); !ok {
			return false
		}
		w.finish(w.tail(), elsewhere)
		return true
	}
	if oldest := p.cutter.Oldest(); w.next < oldest { // it was away for so long that nobody remembers
		w.next, w.end = oldest, 0
	}
	from, _ := p.cutter.Boundary(w.next)
	to, ok := p.cutter.Boundary(w.next + 1)
	e := p.eraOf(w.next)
	if !ok || e == nil {
		return false
	}
	w.enter(e)
	scale := w.header.Track.Timescale
	start := w.end
	if start == 0 {
		start = media.TicksOf(from, scale)
	}
	length := max(min(media.TicksOf(to, scale)-start, w.limit()), 1)
	offset := w.offset()
	w.seg = gap(p.base+w.next, &e.Period, w.header, start, length)
	w.seg.Offset = offset
	w.end = w.seg.End()
	if w.next >= p.era.first && !w.stale { // else nobody was there to be silent
		w.silent += length.Duration(scale)
	}
	w.next++
	w.list(p.env.Now())
	return true
}

// offset returns by how much the newest segment is shown after it is decoded, in ticks
// of the header: a gap behind it is dated as if that went on.
func (w *writer) offset() media.Ticks {
	if w.seg.Header == nil {
		return 0
	}
	return w.seg.Offset.Rescale(w.seg.Timescale(), w.header.Track.Timescale)
}

// gap returns a segment without media.
func gap(number uint64, period *live.Period, header *live.Header, start, duration media.Ticks) live.Segment {
	return live.Segment{
		Number: number, Period: period, Header: header, Name: gapName(number),
		Start: start, Duration: duration, Gap: true,
	}
}

// gapName returns the name of a gap. It says nothing of when that begins: the segment
// behind it may begin then, too.
func gapName(number uint64) string { return "gap" + strconv.FormatUint(number, 10) }
