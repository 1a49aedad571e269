package live

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

// GridTolerance is for the laboratory.
var GridTolerance = 4

// A Grid is a stretch of a period in which segments begin at regular times:
// the one with Number n begins near Start + (n - Number) * Length.
type Grid struct {
	Period *Period
	Number uint64      // of the first segment of the stretch
	Start  media.Ticks // when that begins, on the lead's timescale
	Length media.Ticks // nominal length of a segment, 0 until one is complete
}

// Lead returns the track whose segments the grid was made from, and on whose
// timescale it is.
func (g Grid) Lead() media.Track { return g.Period.Headers[0].Track }

// At returns when a segment begins by the grid.
func (g Grid) At(number uint64) media.Ticks {
	return g.Start + media.Ticks(number-g.Number)*g.Length
}

// fits reports whether a segment begins near enough to where it should.
func (g Grid) fits(seg *Segment) bool {
	off := seg.Start - g.At(seg.Number)
	return max(off, -off)*media.Ticks(GridTolerance) <= g.Length
}

// align sees to the grid that the newest segment of the lead belongs to.
func (s *Snapshot) align(r *Rendition) {
	seg, complete := r.newest()
	if seg == nil || len(seg.Period.Headers) == 0 || seg.Period.Headers[0].Track.ID != r.ID {
		return
	}
	n := len(s.Grids)
	if n > 0 && s.Grids[n-1].Period == seg.Period {
		g := s.Grids[n-1]
		if g.Length == 0 && complete {
			s.Grids = slices.Clone(s.Grids)
			s.Grids[n-1].Length = nominal(seg, r)
			return
		}
		if g.Number == seg.Number || g.fits(seg) {
			return
		}
	}
	g := Grid{Period: seg.Period, Number: seg.Number, Start: seg.Start}
	if k := len(r.Segments); k > 0 && r.Segments[k-1].Timescale() == seg.Timescale() && !r.Segments[k-1].Gap {
		g.Length = nominal(&r.Segments[k-1], r)
	}
	s.Grids = append(slices.Clone(s.Grids), g)
	for len(s.Grids) > 1 && len(r.Segments) > 0 && s.Grids[1].Number <= r.Segments[0].Number {
		s.Grids = s.Grids[1:]
	}
}

// newest returns the rendition's newest segment, nil if there is none.
func (r *Rendition) newest() (seg *Segment, complete bool) {
	if r.Growing != nil {
		return &r.Growing.Segment, false
	}
	if n := len(r.Segments); n > 0 {
		return &r.Segments[n-1], true
	}
	return nil, false
}

// nominal returns how long a segment is by the count of its frames, when that
// is near to its duration.
func nominal(seg *Segment, r *Rendition) media.Ticks {
	t := seg.Header.Track
	length := media.Ticks(seg.Frames) * t.FrameTicks
	if rate := (Listed{seg.Header, r, nil}).FrameRate(); t.FrameTicks == 0 && rate.Known() {
		length = media.Ticks(seg.Frames) * media.Ticks(rate.Den).Rescale(rate.Num, t.Timescale)
		length = media.Ticks(uint64(seg.Frames) * uint64(rate.Den) * uint64(t.Timescale) / uint64(rate.Num))
	}
	if off := length - seg.Duration; max(off, -off) > media.TicksOf(5*time.Millisecond, t.Timescale) {
		return seg.Duration
	}
	return length
}
