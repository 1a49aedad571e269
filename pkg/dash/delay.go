package dash

import (
	"iter"
	"math"
	"slices"
	"time"

	"sluice/pkg/live"
)

// A stretch of time has media of all renditions.
type stretch struct {
	begin, end time.Duration // since the epoch
	period     uint64        // its sequence number
}

// stretches returns where there are media, of what is listed: one of each period. The
// last one has no end if somebody goes on with it.
func stretches(s *live.Snapshot, spans iter.Seq[live.Span]) []stretch {
	var all []stretch
	var last live.Span
	for span := range spans {
		next := common(span)
		last = span
		switch n := len(all); {
		case next.begin >= next.end:
		case n > 0 && (all[n-1].period == next.period || next.begin < all[n-1].end+crumb):
			all[n-1].end, all[n-1].period = next.end, next.period
		default:
			all = append(all, next)
		}
	}
	if n := len(all); n > 0 && !s.Away && !over(s, last) {
		all[n-1].end = math.MaxInt64
	}
	return all
}

// over reports whether something of a later period has come, which need not be listed yet, and
// is not the sequel of a track of its kind.
func over(s *live.Snapshot, span live.Span) bool {
	return slices.ContainsFunc(s.Renditions, func(r live.Rendition) bool {
		next := after(&r, span.Sequence)
		return next != nil && !slices.ContainsFunc(span.Tracks, func(l live.Listed) bool {
			return l.Header.Track.ID.Kind == r.ID.Kind && next.From() < newest(l).To()+crumb
		})
	})
}

// after returns the first segment with media of the rendition behind a period, nil if there is none.
func after(r *live.Rendition, period uint64) *live.Segment {
	if i := slices.IndexFunc(r.Segments, func(seg live.Segment) bool { return seg.Period.Sequence > period && played(seg) }); i >= 0 {
		return &r.Segments[i]
	}
	if g := r.Growing; g != nil && g.Period.Sequence > period {
		return &g.Segment
	}
	return nil
}

// common returns the stretch in which each track of a period has media.
func common(span live.Span) stretch {
	s := stretch{period: span.Sequence}
	for i, t := range span.Tracks {
		begin, end := oldest(t).From(), newest(t).To()
		if i == 0 || end < s.end {
			s.end = end
		}
		s.begin = max(s.begin, begin)
	}
	return s
}

// delay returns how far behind the wall clock a player is to begin: as usual, but where
// there are media. dash.js begins in a gap, or jumps into it, and stays there for good.
// So who comes shortly before the end of a stretch, or later and before enough has come
// of the next one, begins as far from that end as from a live edge otherwise, if that is
// in the window still, and plays on behind it.
func delay(s *live.Snapshot, usual time.Duration, all []stretch) time.Duration {
	now, segment := time.Duration(s.Published.UnixNano()), s.Targets.Segment
	most := window(s) - segment
	i := len(all) - 1
	for i > 0 && now-usual < all[i].begin && now-all[i].begin < 2*segment && now-most < all[i-1].end-segment {
		i--
	}
	behind, least := usual, min(usual, segment)
	switch {
	case i < 0:
	case now-usual < all[i].begin && all[i].period > 0: // what is before the first period belongs to it
		behind = max(now-all[i].begin, least)
	case now-usual >= all[i].end-segment:
		behind = max(now-max(all[i].end-delayed*segment, all[i].begin), least)
	}
	return min(behind, most)
}
