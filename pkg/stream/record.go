package stream

import (
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
)

// stage keeps what there is of the current segment for the case that the gateway
// is killed, with the record that it would have if it ended here. It is called
// before viewers are told of what is new.
func (w *writer) stage(now time.Time) {
	w.writeRecord(now)
	err := w.programme.env.Store.Stage(w.blob, w.note, w.data...)
	if err != nil {
		w.note = nil // it may be in use
	}
	w.staged = true // also after an error: it may go on
}

// writeRecord makes the note the record of the current segment, which is listed at
// the given time: what it takes to go on with the stream from what is in the store.
func (w *writer) writeRecord(now time.Time) {
	p, seg, r := w.programme, &w.seg, &w.record
	targets, snap := p.targets(), p.live.Snapshot()
	tally, grid := snap.Rendition(w.id).Tally(), snap.Grid(seg)
	*r = cmaf.Record{
		Stream: p.live.Started, Listed: now, Whole: !w.open, Number: seg.Number,
		Period: cmaf.Period{
			Sequence: w.era.Sequence, From: p.base + w.era.from, First: w.era.First,
			Start: w.era.Start, Tracks: r.Period.Tracks[:0],
		},
		Start: seg.Start, Duration: seg.Duration, Offset: seg.Offset,
		Frames: seg.Frames, Independent: seg.Independent, KeySize: seg.KeySize,
		SegmentTarget: targets.Segment, PartTarget: targets.Part, ChunkTarget: targets.Chunk, Window: snap.Window,
		Bytes: tally.Bytes, Count: tally.Frames, Length: tally.Length, Longest: tally.Longest, Bandwidth: tally.Bandwidth,
		GridNumber: grid.Number, GridStart: grid.Start, GridLength: grid.Length,
		Parts: r.Parts[:0], Gaps: r.Gaps[:0],
	}
	for _, h := range w.era.Headers {
		r.Period.Tracks = append(r.Period.Tracks, h.Track)
	}
	for _, part := range seg.Parts {
		r.Parts = append(r.Parts, cmaf.Piece(part))
	}
	if part := w.part; part.Offset < seg.Size { // it has begun
		part.Size, part.Duration = seg.Size-part.Offset, w.end-part.Start
		r.Parts = append(r.Parts, cmaf.Piece(part))
	}
	for _, gap := range w.gaps {
		r.Gaps = append(r.Gaps, cmaf.Gap{
			Number: gap.Number, Period: gap.Period.Sequence,
			Start: gap.Start, Duration: gap.Duration, Offset: gap.Offset,
		})
	}
	w.note = r.Append(w.note[:0])
}

// maxGaps is how many gaps one record tells of: far more than are listed.
const maxGaps = 1024

// A found segment is one that is in the store, with its record.
type found struct {
	blob
	cmaf.Record
	size int64 // of its media, without the record
}

// segment returns a found segment as it was listed, of a period that has its track.
func (f *found) segment(period *live.Period) live.Segment {
	seg := live.Segment{
		Number: f.Number, Period: period, Header: period.Header(f.track), Name: f.start,
		Start: f.Start, Offset: f.Offset, Duration: f.Duration,
		Size: f.size, KeySize: f.KeySize, Frames: f.Frames, Independent: f.Independent,
	}
	for _, part := range f.Parts {
		seg.Parts = append(seg.Parts, live.Part(part))
	}
	return seg
}
