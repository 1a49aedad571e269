package live

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

// A Tally is what a rendition knows of segments that it may not list any more.
type Tally struct {
	Bytes     int64
	Frames    int
	Length    time.Duration // together
	Longest   time.Duration // playlist
	Bandwidth int
}

// Tally returns that of r, which may be nil.
func (r *Rendition) Tally() Tally {
	if r == nil {
		return Tally{}
	}
	return Tally{r.bytes, r.frames, r.length, r.longest, r.Bandwidth}
}

// Grid returns the grid that a segment is on, if it is of the first track of the
// newest period. Otherwise it has no period.
func (s *Snapshot) Grid(seg *Segment) Grid {
	n := len(s.Grids)
	if n == 0 || s.Grids[n-1].Period != seg.Period || seg.Period.Headers[0].Track.ID != seg.Header.Track.ID {
		return Grid{}
	}
	return s.Grids[n-1]
}

// Restore begins the rendition of a track with what was known before its first
// segment, which is on the given grid if that has a period.
func (p *Presentation) Restore(id media.TrackID, t Tally, g Grid) {
	p.update(id, func(next *Snapshot, r *Rendition) {
		r.floor = t.Longest
		r.bytes, r.frames, r.length, r.longest, r.Bandwidth = t.Bytes, t.Frames, t.Length, t.Longest, t.Bandwidth
		if g.Period != nil && len(next.Grids) == 0 {
			next.Grids = []Grid{g}
		}
	})
}

// Retain makes the window what it was when a segment was listed.
func (p *Presentation) Retain(window time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.successor()
	next.whole, next.Window = window, window
	p.publish(next)
}

// Begin takes what is in front of a segment out of the window of a track that has come to
// it, and returns that.
func (p *Presentation) Begin(id media.TrackID, number uint64, now time.Time) (removed []Removed) {
	p.update(id, func(_ *Snapshot, r *Rendition) {
		n := slices.IndexFunc(r.Segments, func(s Segment) bool { return s.Number >= number })
		if n <= 0 {
			return
		}
		known := len(r.past)
		r.remove(n, now)
		removed = r.past[known:len(r.past):len(r.past)]
	})
	return removed
}

// Return says that what there is was published up to a time, before anybody could
// see it here, and that nobody publishes now: see Hush. What has become too old since then
// leaves, as it may have before.
func (p *Presentation) Return(published, now time.Time) {
	p.stop(func(next *Snapshot) {
		next.Published, next.Away = now, true
		if published.After(now) {
			next.Published = published // what viewers are told never goes back
		}
		for i := range next.Renditions {
			next.Renditions[i].floor = 0
		}
	})
}
