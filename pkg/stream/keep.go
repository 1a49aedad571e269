package stream

import (
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// store puts the current segment into the store, with its record behind its media,
// and reports whether it is there. Viewers do not get the record: the parts of a
// segment are all its bytes (RFC 8216bis 3.2). Where it is not, that is a loss.
func (w *writer) store() bool {
	record := w.record.Append(make([]byte, 0, len(w.note)))
	p, size := w.programme, w.seg.Size+int64(len(record))
	err := p.fit(size)
	if err == nil {
		p.squeeze(w.blob, size)
		w.record.Window = p.live.Snapshot().Window // which may be shorter by now
		record = w.record.Append(record[:0])
		err = p.env.Store.Put(w.blob, append(w.data, record)...) // those who read w.data know its length
	}
	if err != nil && w.staged {
		_ = p.env.Store.Unstage(w.blob) // or it comes back after a crash
	}
	if err != nil {
		p.losses.lose(w.id, err, p.env.Now(), p.log)
	} else {
		p.losses.stored(p.env.Now(), p.log)
	}
	if err == nil && w.failing {
		p.delay = 0
	}
	w.failing = err != nil
	return err == nil
}

// retireAll removes what is listed, when the playlists that list it are gone
// and those who read one shortly before have had the time to play it. It returns
// when the last of it is removed.
func (p *programme) retireAll(gone time.Time) (last time.Time) {
	for _, r := range p.live.Snapshot().Renditions {
		for _, seg := range r.Segments {
			at := gone.Add(r.Depth + seg.Length())
			p.retire(r.ID, seg, at)
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

// retire removes a segment from the store at a later time.
func (p *programme) retire(id media.TrackID, seg live.Segment, at time.Time) {
	if !seg.Gap {
		p.env.Retire.Add(at, p.live.Blob(id, seg.Name))
	}
}
