package dash

import (
	"strconv"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
)

// A timelineKey names what was written of the timelines of a track, in all periods.
type timelineKey media.TrackID

// writeTimeline writes runs of equally long segments. Only the first run and one behind a gap say
// where they begin. A run that is over stays as it is, and is written once; the first one becomes
// shorter, and the last one longer.
func (p period) writeTimeline(b *draft, l live.Listed) {
	segments := l.Segments
	first, last := segments[0].Number, segments[len(segments)-1].Number
	runs := p.runs(l.Rendition).Sub(first, last)
	from, to, some := runs.Written()
	if !some {
		b.Write(appendRun(b.AvailableBuffer(), segments, 0, len(segments)-1))
		return
	}
	b.Write(appendRun(b.AvailableBuffer(), segments, 0, int(from-first)))
	b.insert(runs.Sub(from+1, to+1))
	b.Write(appendRun(b.AvailableBuffer(), segments, int(to+1-first), len(segments)-1))
}

// runs returns a line for each segment of a rendition that another one follows: the run that ends
// with it, or nothing.
func (p period) runs(r *live.Rendition) scroll.Piece {
	kept := live.Lasting(p.snapshot, timelineKey(r.ID), func() *scroll.Scroll { return new(scroll.Scroll) })
	all := r.Segments
	first := all[0].Number
	return kept.Cut(first, all[len(all)-1].Number, func(text []byte, n uint64) []byte {
		i := int(n - first)
		if continues(&all[i], &all[i+1]) {
			return text
		}
		j := i
		for i > 0 && continues(&all[i-1], &all[i]) {
			i--
		}
		return appendRun(text, all, i, j)
	})
}

// appendRun appends the run that ends with segment j, and begins with the first one from i on that
// has media, if any has.
func appendRun(text []byte, segments []live.Segment, i, j int) []byte {
	for i <= j && segments[i].Gap {
		i++
	}
	if i > j {
		return text
	}
	seg := &segments[i]
	text = append(text, "            <S"...)
	if i == 0 || segments[i-1].Gap || segments[i-1].End() != seg.Start {
		text = attribute(text, "t", int64(seg.Start))
	}
	text = attribute(text, "d", int64(seg.Duration))
	if i < j {
		text = attribute(text, "r", int64(j-i))
	}
	return append(text, "/>\n"...)
}

// attribute appends one of a number.
func attribute(text []byte, name string, value int64) []byte {
	text = append(append(append(text, ' '), name...), `="`...)
	return append(strconv.AppendInt(text, value, 10), '"')
}

// continues reports whether b, the segment behind a, goes on with its run.
func continues(a, b *live.Segment) bool {
	return !a.Gap && !b.Gap && b.Start == a.End() && b.Duration == a.Duration && b.Period.Sequence == a.Period.Sequence
}
