package live

import (
	"math"
	"slices"
	"sort"
	"time"

	"sluice/pkg/media"
)

// A Grid is a stretch of a period whose segments begin at regular times, near
// enough for a player that computes the time of a segment from its number.
type Grid struct {
	Period *Period
	Number uint64      // of the first segment of the stretch
	Start  media.Ticks // presentation time of that, on the timescale of the period's first track
	Length media.Ticks // nominal duration of a segment; 0 until one is complete, then constant
}

// Timescale returns the unit of the grid's ticks.
func (g Grid) Timescale() uint32 { return g.Period.Headers[0].Track.Timescale }

// At returns when a segment begins by the grid.
func (g Grid) At(number uint64) media.Ticks { return g.Start + media.Ticks(number-g.Number)*g.Length }

// On returns what a rendition has on the grid, which ends in front of the segment of the
// number next, or not yet if that is 0.
func (g Grid) On(r *Rendition, next uint64) Listed {
	if next == 0 {
		next = math.MaxUint64
	}
	run := r.Segments[before(r.Segments, g.Period.Sequence):before(r.Segments, g.Period.Sequence+1)]
	at := func(number uint64) int {
		return sort.Search(len(run), func(i int) bool { return run[i].Number >= number })
	}
	l := Listed{Header: g.Period.Header(r.ID), Rendition: r, Segments: run[at(g.Number):at(next)]}
	if seg := r.Growing; seg != nil && seg.Period == g.Period && seg.Number >= g.Number && seg.Number < next {
		l.Growing = &seg.Segment
	}
	return l
}

const (
	// Segments may begin 1/early of their length before the grid says so, by
	// which players then stay behind, and 1/late behind it, for which their
	// requests are held. ISO/IEC 23009-1 7.2.1 allows half a length. Those of other
	// tracks begin up to a frame later.
	early = 4
	late  = 2
	frame = 30 * time.Millisecond

	// typical is how many segments say how long one usually is, and settled
	// how many a grid has that says it better than they do.
	typical = 5
	settled = 30

	// uneven is what a segment's duration may differ by from its frames at
	// their nominal rate: publishers round times to milliseconds.
	uneven = 5 * time.Millisecond
)

// fits reports whether a segment that begins at the given time does so near
// enough to the grid.
func (g Grid) fits(number uint64, at media.Ticks) bool {
	off := at - g.At(number)
	return -off*early <= g.Length && (off+media.TicksOf(frame, g.Timescale()))*late <= g.Length
}

// align sees to it that the newest segment of r is on a grid, if r is the first
// track of the segment's period, and forgets grids of which nothing is listed.
func (s *Snapshot) align(r *Rendition) {
	seg, complete := r.newest()
	if seg == nil || len(seg.Period.Headers) == 0 || seg.Period.Headers[0].Track.ID != r.ID {
		return
	}
	s.Grids = lay(s.Grids, r, seg, complete)
	for len(r.Segments) > 0 && len(s.Grids) > 1 && s.Grids[1].Number <= r.Segments[0].Number {
		s.Grids = s.Grids[1:]
	}
}

// lay returns grids with one at the end that seg is on. A grid that it does not
// fit ends in front of it.
func lay(grids []Grid, r *Rendition, seg *Segment, complete bool) []Grid {
	next := Grid{Period: seg.Period, Number: seg.Number, Start: seg.Start + seg.Offset}
	if n := len(grids); n > 0 {
		g := grids[n-1]
		switch count := media.Ticks(seg.Number - g.Number); {
		case g.Period.Sequence > seg.Period.Sequence: // another track is in the next period already
			return grids
		case g.Period != seg.Period:
		case g.Length == 0 && complete:
			grids = slices.Clone(grids)
			grids[n-1].Length = seg.nominal(r)
			return grids
		case count == 0 || g.fits(next.Number, next.Start):
			return grids
		case count >= settled:
			next.Length = (next.Start - g.Start) / count
		}
	}
	whole := func(s, behind *Segment) bool { return !behind.Gap && behind.Period == s.Period }
	if next.Length == 0 {
		next.Length = typicalOf(r.lengths(seg, whole))
	}
	if n := len(grids); next.Length == 0 && n > 0 && grids[n-1].Timescale() == next.Timescale() {
		next.Length = grids[n-1].Length
	}
	if next.Length == 0 {
		next.Length = typicalOf(r.lengths(seg, func(_, _ *Segment) bool { return true }))
	}
	return append(slices.Clone(grids), next)
}

// newest returns the newest segment of which there is anything, nil if there
// is none.
func (r *Rendition) newest() (seg *Segment, complete bool) {
	if r.Growing != nil {
		return &r.Growing.Segment, false
	}
	if n := len(r.Segments); n > 0 {
		return &r.Segments[n-1], true
	}
	return nil, false
}

// typicalOf returns a length that few of the given ones exceed, newest first, 0 if
// there is none. Players take a segment that begins early better than one that begins
// late.
func typicalOf(lengths []media.Ticks) media.Ticks {
	if n := len(lengths); n > 0 && n%2 == 0 {
		lengths = lengths[:n-1]
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return lengths[(len(lengths)-1)*3/4]
}

// lengths returns those of the newest segments in front of seg, newest first, that
// count beside the segment behind them: the last one before an interruption was cut
// short. Those for which time was counted otherwise do not count.
func (r *Rendition) lengths(seg *Segment, counts func(s, behind *Segment) bool) (all []media.Ticks) {
	behind := seg
	for i := range r.Segments {
		s := &r.Segments[len(r.Segments)-1-i]
		if s.Number < seg.Number && !s.Gap && s.Timescale() == seg.Timescale() && counts(s, behind) {
			all = append(all, s.nominal(r))
		}
		if behind = s; len(all) == typical {
			break
		}
	}
	return all
}

// nominal returns the time that a segment's frames take at their nominal rate,
// or its duration where that is something else.
func (s *Segment) nominal(r *Rendition) media.Ticks {
	t := s.Header.Track
	length := media.Ticks(s.Frames) * t.FrameTicks
	if rate := (Listed{Header: s.Header, Rendition: r}).FrameRate(); t.ID.Kind == media.Video && rate.Known() {
		length = media.Ticks(int64(s.Frames) * int64(t.Timescale) * int64(rate.Den) / int64(rate.Num))
	}
	if off := length - s.Duration; max(off, -off) > media.TicksOf(uneven, t.Timescale) {
		return s.Duration
	}
	return length
}
