package stream

import (
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// complete ends the current chunk, and the current part if that is what ends,
// and shows them to viewers.
func (w *writer) complete(what segment.Cut, end media.Ticks) {
	if !w.flush(end) {
		return
	}
	if what == segment.Part {
		w.endPart()
	}
	now := w.programme.date()
	if what == segment.Part || !w.era.listed {
		w.stage(now)
	}
	w.grow(true, now)
}

// tick is the least that manifests tell of when they were published.
const tick = time.Millisecond

// date returns the time at which viewers are told of the beginning or the end of a
// segment: now, or later, since no two of these are told at the same time.
func (p *programme) date() time.Time {
	now := p.env.Now()
	if least := p.live.Snapshot().Published.Add(tick); now.Before(least) {
		return least
	}
	return now
}

// flush ends the current chunk and reports whether there was one.
func (w *writer) flush(end media.Ticks) bool {
	chunk := w.chunks.Flush(end)
	if chunk == nil {
		return false
	}
	w.data = append(w.data, chunk)
	w.seg.KeySize = int64(w.chunks.KeySize())
	w.end = max(end, w.last+1)
	w.seg.Size += int64(len(chunk))
	w.seg.Duration = w.end - w.seg.Start
	return true
}

// endPart ends the current part with the newest chunk and reports whether there
// was one in it.
func (w *writer) endPart() bool {
	w.part.Size = w.seg.Size - w.part.Offset
	if w.part.Size == 0 {
		return false
	}
	w.part.Duration = w.end - w.part.Start
	w.seg.Parts = append(w.seg.Parts, w.part)
	w.part = live.Part{Offset: w.seg.Size}
	return true
}

// grow shows viewers the current segment as it is. certain says that the
// track goes on where it ends; a period that is about to end does not promise
// more.
func (w *writer) grow(certain bool, now time.Time) {
	p, hint := w.programme, ""
	if certain && !p.pending && w.era == p.era {
		hint = live.PartName(w.nextPart())
	}
	if p.cutter.TargetDuration() != 0 {
		p.reveal(w.era)
	}
	w.shown = true
	w.retire(p.live.Grow(w.id, live.Growing{Segment: w.seg, Chunks: w.data}, hint, now))
}

// nextPart returns where the part starts that viewers have not seen yet.
func (w *writer) nextPart() media.Ticks {
	if w.part.Offset < w.seg.Size {
		return w.part.Start
	}
	return w.end
}
