package check

import "time"

// contains reports whether a playlist has a place, or more.
func contains(p *playlist, at place, whole bool) bool {
	msn, parts := p.edge()
	switch {
	case msn != at.msn:
		return msn > at.msn
	case parts < 0:
		return len(p.segments) > 0 || p.skip.line > 0
	default:
		return !whole && parts > at.index
	}
}

// judgeBlocking looks at the answer to a blocking reload, and returns whether
// it has what was asked for.
func (r *hlsRendition) judgeBlocking(p *playlist, a *answer, k ask, n notes) bool {
	held := contains(p, k.until, k.whole)
	if !held && p.live() {
		n.broken("hls/block-hold", 0, "%s is answered with a playlist that ends before %s", k.query, k.until)
	}
	if wait := a.done.Sub(a.sent); wait > 3*p.target+time.Second {
		n.broken("hls/block-timeout", 0, "%s was held for %s, longer than three target durations", k.query, wait.Round(time.Millisecond))
	}
	return held
}

// slack is what a network may add to a time.
const slack = 500 * time.Millisecond

// judgePace looks at when segments and parts came.
func (r *hlsRendition) judgePace(p *playlist, a *answer, k ask, n notes) {
	h := r.history
	last := h.last
	if last == nil {
		h.grown, h.parted = a.done, a.done
		return
	}
	before, parts := last.edge()
	now, nowParts := p.edge()
	grown := len(p.segments) > 0 && (len(last.segments) == 0 || p.segments[len(p.segments)-1].msn > last.segments[len(last.segments)-1].msn)
	longest := p.target * 5 / 2 // without blocking, a segment may have come a target duration before it is seen
	if k.blocks {
		longest = p.target * 3 / 2
	}
	if since := a.done.Sub(h.grown); p.live() && p.target > 0 && since > longest+slack {
		n.broken("hls/segment-late", 0, "no segment came for %s, longer than one and a half target durations of %s", since.Round(time.Millisecond), p.target)
		h.grown = a.done
	}
	if grown {
		h.grown = a.done
	}
	if now == before && nowParts == parts || !p.lowLatency() {
		return
	}
	if since := a.done.Sub(h.parted); k.blocks && since > 2*p.partTarget.Duration+slack && since > 3*a.done.Sub(a.replied) {
		n.broken("hls/part-late", 0, "no part came for %s, and PART-TARGET is %s", since.Round(time.Millisecond), p.partTarget)
	}
	h.parted = a.done
}
