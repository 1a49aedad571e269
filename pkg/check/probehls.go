package check

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// ask asks for the playlist with a query and returns how it was answered. The
// playlist is nil when the answer has none, the answer when there was none.
func (r *hlsRendition) probe(ctx context.Context, asked string, timeout time.Duration) (*playlist, *answer) {
	address := withQuery(r.url, asked)
	a, err := r.h.client.get(ctx, query{url: address, text: true, timeout: timeout})
	if err != nil {
		return nil, nil
	}
	if !a.ok() {
		return nil, a
	}
	var quiet sink = func(fault) {}
	return readPlaylist(a.url, readLines(a.body, quiet.at(address)), quiet.at(address)), a
}

// probeBlocking tries what the delivery directives promise.
func (r *hlsRendition) probeBlocking(ctx context.Context) {
	for _, probe := range []func(context.Context){r.probeOld, r.probeRefused, r.probeSegment} {
		if p := r.latest(); p == nil || !p.live() { // directives mean nothing to what has ended
			return
		}
		probe(ctx)
	}
	p := r.latest()
	if p == nil || !p.lowLatency() || !p.live() {
		return
	}
	r.probeRollover(ctx, p)
	r.probeDeltas(ctx)
	for _, hint := range p.hints {
		if address, err := resolve(p.url, hint.uri); err == nil && hint.kind == "PART" {
			r.h.probeMissing(ctx, &answer{url: address}, partMedia)
		}
	}
}

// probeOld asks for what has been long ago.
func (r *hlsRendition) probeOld(ctx context.Context) {
	p := r.latest()
	for _, msn := range []uint64{p.sequence - min(p.sequence, 2), p.sequence} {
		asked := fmt.Sprintf("_HLS_msn=%d", msn)
		got, a := r.probe(ctx, asked, requestTimeout)
		n := r.h.notes(withQuery(r.url, asked))
		switch {
		case a == nil:
			n.broken("hls/block-old", 0, "a request for an old media sequence number is not answered")
		case got == nil:
			n.broken("hls/block-old", 0, "a request for the media sequence number %d, and the playlist begins at %d, is answered %s", msn, p.sequence, a.problem())
		case len(got.segments) == 0:
			n.broken("hls/block-old", 0, "a request for an old media sequence number is answered without segments")
		case a.done.Sub(a.sent) > max(p.partTarget.Duration, time.Second):
			n.broken("hls/block-old", 0, "a request for an old media sequence number is held for %s", a.done.Sub(a.sent).Round(time.Millisecond))
		}
	}
}

// probeRefused asks for what must be refused.
func (r *hlsRendition) probeRefused(ctx context.Context) {
	p := r.latest()
	msn, _ := p.edge()
	for _, c := range []struct{ rule, asked, what string }{
		{"hls/block-part-alone", "_HLS_part=0", "a request with _HLS_part and without _HLS_msn"},
		{"hls/block-far", fmt.Sprintf("_HLS_msn=%d", msn+100), "a request for a media sequence number far ahead"},
		{"hls/block-malformed", "_HLS_msn=sluice", "a request with _HLS_msn that is no number"},
		{"hls/block-malformed", "_HLS_msn=-1", "a request with a negative _HLS_msn"},
	} {
		_, a := r.probe(ctx, c.asked, 2*p.target)
		n := r.h.notes(withQuery(r.url, c.asked))
		switch {
		case a == nil:
			n.broken(c.rule, 0, "%s is not answered at once", c.what)
		case a.status != http.StatusBadRequest:
			n.broken(c.rule, 0, "%s is answered %d, not 400", c.what, a.status)
		}
	}
	asked := "sluice-check=" + random()
	if got, a := r.probe(ctx, asked, requestTimeout); got == nil && a != nil {
		r.h.notes(withQuery(r.url, asked)).broken("hls/query", 0, "a request with a query that means nothing is answered %s", a.problem())
	}
}

// probeSegment asks for a segment that is being made, as a whole.
func (r *hlsRendition) probeSegment(ctx context.Context) {
	p := r.latest()
	if !p.live() || p.target == 0 {
		return
	}
	msn, parts := p.edge()
	if parts < 0 {
		msn++
	}
	asked := fmt.Sprintf("_HLS_msn=%d", msn)
	got, a := r.probe(ctx, asked, 3*p.target+requestTimeout)
	n := r.h.notes(withQuery(r.url, asked))
	switch {
	case a == nil:
	case got == nil:
		n.broken("hls/block-status", 0, "a request for the segment that is being made is answered %s", a.problem())
	case got.live() && got.segment(msn) == nil && got.sequence <= msn:
		n.broken("hls/block-segment", 0, "a request for media sequence number %d is answered before that segment is complete", msn)
	}
}

// probeRollover asks for a part behind the last one of a finished segment.
func (r *hlsRendition) probeRollover(ctx context.Context, p *playlist) {
	if len(p.segments) == 0 {
		return
	}
	s := p.segments[len(p.segments)-1]
	if len(s.parts) == 0 {
		return
	}
	asked := fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", s.msn, len(s.parts))
	got, a := r.probe(ctx, asked, 3*p.target+requestTimeout)
	n := r.h.notes(withQuery(r.url, asked))
	switch {
	case a == nil:
	case got == nil:
		n.broken("hls/block-rollover", 0, "a request for part %d of media sequence number %d, which has %d, is answered %s", len(s.parts), s.msn, len(s.parts), a.problem())
	case got.live() && !contains(got, place{s.msn + 1, 0}, false):
		n.broken("hls/block-rollover", 0, "a request for part %d of media sequence number %d, which has %d, is answered before part 0 of the next", len(s.parts), s.msn, len(s.parts))
	}
}

// probeDeltas compares what a delta makes of an older playlist with the whole.
func (r *hlsRendition) probeDeltas(ctx context.Context) {
	known := r.latest()
	if !known.control.hasSkipUntil || !known.live() {
		return
	}
	delta, _ := r.probe(ctx, "_HLS_skip=YES", requestTimeout)
	whole, _ := r.probe(ctx, "sluice-check="+random(), requestTimeout)
	if delta == nil || whole == nil || delta.skip.line == 0 {
		return
	}
	n := r.h.notes(withQuery(r.url, "_HLS_skip=YES"))
	merged := merge(known, delta)
	if merged == nil {
		return // the watcher tells
	}
	for i := range merged.segments {
		got := &merged.segments[i]
		want := whole.segment(got.msn)
		if want != nil && want.differs(got) {
			n.broken("hls/delta-merge", got.line, "the delta, merged, has %s, discontinuity %d, at %d, and the whole playlist %s, discontinuity %d", got.uri, got.dsn, got.msn, want.uri, want.dsn)
			return
		}
	}
	if !sameEdge(delta, whole) {
		return // time has gone on
	}
	if len(whole.hints) != len(delta.hints) || len(whole.reports) != len(delta.reports) {
		n.broken("hls/delta-complete", 0, "the delta has %d hints and %d reports, and the whole playlist %d and %d", len(delta.hints), len(delta.reports), len(whole.hints), len(whole.reports))
	}
}

// sameEdge reports whether two playlists are of one moment.
func sameEdge(a, b *playlist) bool {
	msnA, partsA := a.edge()
	msnB, partsB := b.edge()
	return msnA == msnB && partsA == partsB
}
