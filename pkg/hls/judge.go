package hls

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A Verdict says what to do with a request in one state of a presentation.
type Verdict uint8

// The verdicts.
const (
	Ready  Verdict = iota // answer now
	Wait                  // hold the request and judge it again in the next state
	TooFar                // it asks for what is too far away: Bad Request
	Never                 // there is no such thing, nor is it to come: Not Found
)

// Judge says whether to answer a request for a media playlist in the form CMAF
// (RFC 8216bis 6.2.5.2). The last segment, in its words, is the growing one
// from its first part on. The answer is always the whole playlist, or its
// update; directives are ignored when the presentation has ended, or does not
// offer to hold requests. The playlist of a track that the presentation goes on
// without cannot be had: players that have it from an older multivariant playlist
// would wait for more of it, and take another instead.
func (d Directives) Judge(s *live.Snapshot, id media.TrackID) Verdict {
	const furthest = 2 // segments behind the last one
	r := s.Rendition(id)
	if r != nil && r.Gone && !s.Ended {
		return Never
	}
	if !d.Held || s.Ended || s.Targets.Part <= 0 || r == nil || len(r.Segments) == 0 {
		return Ready
	}
	last, parts := r.Edge()
	finished := r.Segments[len(r.Segments)-1].Number
	switch {
	case d.Segment > last+furthest:
		return TooFar
	case !d.ByPart:
		return readyIf(d.Segment <= finished)
	case d.Segment < last:
		return Ready
	case d.Segment > last: // the part is behind one part, at least, of each segment between
		return within(d.Part+d.Segment-last, s.Targets.Part)
	case d.Part < uint64(parts):
		return Ready
	case last == finished: // the first part of the next one is meant; a gap has no parts to wait for
		return readyIf(parts == 0)
	}
	return within(d.Part-uint64(parts)+1, s.Targets.Part)
}

func readyIf(ok bool) Verdict {
	if ok {
		return Ready
	}
	return Wait
}

// within judges a request for a part that comes so many parts after the last
// one. "The Advance Part Limit is three divided by the Part Target Duration if
// the Part Target Duration is less than one second, or three otherwise."
func within(ahead uint64, target time.Duration) Verdict {
	limit := time.Duration(3)
	if target < time.Second {
		limit = 3 * time.Second / target
	}
	if ahead > uint64(limit) {
		return TooFar
	}
	return Wait
}

// A Found part is one that can be had.
type Found struct {
	Part    live.Part
	Segment live.Segment  // it is in this one
	Growing *live.Growing // which holds its bytes while it grows; nil when it is finished
}

// FindPart judges a request for a part by the name of its resource without the
// ending. It is Ready when the part is found, in any segment that can be had;
// Wait when it is hinted, or was when its publisher was heard last; else Never, be
// it that the hint was taken back.
func FindPart(s *live.Snapshot, id media.TrackID, name string) (Found, Verdict) {
	r := s.Rendition(id)
	start, ok := startOf(name)
	if r == nil || !ok {
		return Found{}, Never
	}
	if r.Growing != nil {
		if part, ok := partAt(&r.Growing.Segment, start); ok {
			return Found{part, r.Growing.Segment, r.Growing}, Ready
		}
	}
	var part live.Part
	seg, ok := r.Find(func(seg *live.Segment) (ok bool) {
		part, ok = partAt(seg, start)
		return ok
	})
	switch {
	case ok:
		return Found{part, seg, nil}, Ready
	case name == r.Hint:
		return Found{}, Wait
	}
	return Found{}, Never
}

// startOf returns the start of the part that has a name.
func startOf(name string) (media.Ticks, bool) {
	digits, ok := strings.CutPrefix(name, "p")
	n, err := strconv.ParseInt(digits, 10, 64)
	start := media.Ticks(n)
	return start, ok && err == nil && live.PartName(start) == name
}

// partAt returns the part of a segment that starts at a time.
func partAt(seg *live.Segment, start media.Ticks) (live.Part, bool) {
	i, ok := slices.BinarySearchFunc(seg.Parts, start, func(p live.Part, start media.Ticks) int {
		return cmp.Compare(p.Start, start)
	})
	if !ok {
		return live.Part{}, false
	}
	return seg.Parts[i], true
}
