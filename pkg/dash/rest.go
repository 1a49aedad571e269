package dash

import (
	"slices"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// hole is how long a track may be missing at the end of a period.
const hole = 500 * time.Millisecond

// A brink is where some tracks of a period end, and others go on.
type brink struct {
	number uint64        // of the first segment that only those have
	at     time.Duration // when that begins, since the epoch
	end    time.Duration // of those that go on
	front  bool          // something is listed in front of it
}

// brinkOf returns where tracks of a period that is over end while others of each kind go on, if it is so. A
// period ends for all with its shortest track: what others have behind that would be lost.
func brinkOf(span live.Span) (b brink, ok bool) {
	kind := media.Audio
	if slices.ContainsFunc(span.Tracks, ofKind(media.Video)) {
		kind = media.Video
	}
	var lead live.Listed
	for _, l := range span.Tracks {
		if end := newest(l).To(); l.Header.Track.ID.Kind == kind && end > b.end {
			lead, b.end = l, end
		}
	}
	shortest := common(span).end
	if b.end-shortest < hole {
		return b, false
	}
	const rounding = 20 * time.Millisecond
	for seg := range lead.Media() {
		if b.number, b.at = seg.Number, seg.From(); b.at <= shortest+rounding {
			break
		}
	}
	after := slices.Collect(b.goOn(span.Tracks))
	for _, k := range []media.Kind{media.Video, media.Audio} {
		if slices.ContainsFunc(span.Tracks, ofKind(k)) && !slices.ContainsFunc(after, ofKind(k)) {
			return b, false
		}
	}
	b.front = b.number > oldest(lead).Number
	return b, true
}

func ofKind(k media.Kind) func(live.Listed) bool {
	return func(l live.Listed) bool { return l.Header.Track.ID.Kind == k }
}

// goOn yields those tracks that go on, as they are.
func (b brink) goOn(tracks []live.Listed) func(func(live.Listed) bool) {
	return func(yield func(live.Listed) bool) {
		for _, l := range tracks {
			if newest(l).To() > b.end-hole && !yield(l) {
				return
			}
		}
	}
}

// behind returns what those that go on have behind the brink. In front of it nothing is taken away, as a
// manifest keeps what it has listed; the Period ends there.
func (b brink) behind(tracks []live.Listed) []live.Listed {
	var all []live.Listed
	for l := range b.goOn(tracks) {
		at := slices.IndexFunc(l.Segments, func(seg live.Segment) bool { return seg.To() > b.at+time.Millisecond })
		if at < 0 {
			at = len(l.Segments) // it is growing
		}
		if l.Segments = l.Segments[at:]; !empty(l) {
			all = append(all, l)
		}
	}
	return all
}

// parts returns a period that is over, and behind it, as Periods of their own, what only some of its
// tracks have.
func parts(span live.Span) []live.Span {
	var all []live.Span
	for {
		b, ok := brinkOf(span)
		if !ok {
			return append(all, span)
		}
		if b.front {
			all = append(all, span)
		}
		rest := *span.Period
		rest.Start, rest.Rest = time.Unix(0, int64(b.at)).UTC(), b.number
		span = live.Span{Period: &rest, Tracks: b.behind(span.Tracks)}
	}
}
