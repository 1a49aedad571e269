package stream

import (
	"errors"
	"strconv"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// A writer makes the segments of one track.
type writer struct {
	pub   *Publication
	id    media.TrackID
	stale bool // the configuration has changed, and its period has not begun

	era    *era // of the current segment, nil before the first
	header *live.Header
	chunks *cmaf.Fragmenter

	open   bool   // a segment is being written
	number uint64 // of it, or of the last one if none is; the cutter's count
	seg    live.Segment
	data   [][]byte // its finished chunks

	last, step media.Ticks // decode time of the newest sample, and its distance from the one before
	end        media.Ticks // of the newest finished segment
	refused    bool        // a sample was refused, and the log says so
}

func newWriter(p *Publication, id media.TrackID) *writer {
	return &writer{pub: p, id: id}
}

// put takes a sample and whatever begins with it.
func (w *writer) put(s *segment.Placed) {
	switch s.Cut {
	case segment.Segment:
		w.cut(s)
	case segment.Part:
		w.flush(s.DTS)
	case segment.None:
	}
	if !w.open {
		return
	}
	if w.seg.Frames > 0 {
		w.step = s.DTS - w.last
	}
	err := w.chunks.Append(s.Sample)
	if errors.Is(err, cmaf.ErrFull) {
		w.flush(s.DTS)
		err = w.chunks.Append(s.Sample)
	}
	if err != nil {
		w.refuse(err)
		return
	}
	w.last = s.DTS
	w.seg.Frames++
}

func (w *writer) refuse(err error) {
	if !w.refused {
		w.refused = true
		w.pub.log.Warn().Err(err).Stringer("track", w.id).Msg("frame dropped")
	}
}

// cut ends the current segment where s begins, and begins the next. The
// segment before a new period ends with its own last sample.
func (w *writer) cut(s *segment.Placed) {
	era := w.pub.era
	if era == nil || s.Number < era.first {
		era = w.era
	}
	end := s.DTS
	if era != w.era {
		end = min(end, w.last+w.step)
	}
	w.finish(end)
	if w.era != nil && s.Number <= w.number {
		return // it came so late that a gap is listed for its segment
	}
	for w.era != nil && w.number+1 < s.Number && w.skip() {
	}
	w.begin(era, s)
}

func (w *writer) begin(e *era, s *segment.Placed) {
	if e == nil {
		return
	}
	header := e.Header(w.id)
	if header == nil {
		return
	}
	if w.header != header {
		w.chunks = cmaf.NewFragmenter(header.Track, 1)
		w.step = header.Track.FrameTicks
		if w.step == 0 {
			w.step = media.Ticks(header.Track.Timescale / 30)
		}
	}
	w.chunks.StartSegment()
	w.era, w.header, w.open, w.number = e, header, true, s.Number
	w.data = w.data[:0]
	w.seg = live.Segment{
		Number: w.pub.base + s.Number, Period: &e.Period, Header: header,
		Name: strconv.FormatInt(int64(s.DTS), 10), Start: s.DTS, Independent: s.Key,
	}
}

// flush ends the current part.
func (w *writer) flush(end media.Ticks) {
	chunk := w.chunks.Flush(end)
	if chunk == nil {
		return
	}
	w.data = append(w.data, chunk)
	w.seg.Size += int64(len(chunk))
}

// finish ends the current segment, if there is one: it is stored and listed.
func (w *writer) finish(end media.Ticks) {
	if !w.open {
		return
	}
	w.open = false
	w.flush(end)
	w.end = max(end, w.last+1)
	w.seg.Duration = w.end - w.seg.Start
	if w.seg.Frames == 0 {
		w.seg.Gap = true
	} else if err := w.pub.env.Store.Put(w.pub.live.Blob(w.id, w.seg.Name), w.data...); err != nil {
		w.pub.log.Error().Err(err).Msg("segment not stored")
		w.seg.Gap = true
	}
	clear(w.data)
	w.list()
}

// list shows the segment to viewers.
func (w *writer) list() {
	p := w.pub
	w.era.listed = true
	now := p.env.Now()
	for _, old := range p.live.Add(w.id, w.seg, p.cutter.TargetDuration(), now) {
		p.retire(w.id, old.Segment, old.Until)
	}
}

// skip ends a segment of a track that says nothing, or lists a gap if it never
// began, and reports whether it could.
func (w *writer) skip() bool {
	number := w.number + 1
	if !w.open {
		number++
	}
	at, ok := w.pub.cutter.Boundary(number)
	if !ok {
		return false
	}
	end := media.TicksOf(at, w.header.Track.Timescale)
	if w.open {
		w.finish(max(end, w.last+1))
		return true
	}
	w.number++
	w.seg = live.Segment{
		Number: w.pub.base + w.number, Period: &w.era.Period, Header: w.header,
		Name: strconv.FormatInt(int64(w.end), 10), Start: w.end, Duration: max(end-w.end, 1), Gap: true,
	}
	w.end = w.seg.End()
	w.list()
	return true
}
