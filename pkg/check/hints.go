package check

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"
)

// heed follows the hints of a playlist.
func (r *hlsRendition) heed(p *playlist) {
	if len(p.open.parts) > 0 {
		r.open++
	}
	for _, hint := range p.hints {
		switch hint.kind {
		case "PART":
			r.hinted = true
			if r.turn%3 == 1 {
				r.h.probe(func(ctx context.Context) { r.probeHint(ctx, p, hint) })
			}
		case "MAP":
			if r.maps < maxMaps && r.h.first("hint "+r.url+" "+hint.uri) {
				r.maps++
				r.h.probe(func(ctx context.Context) { r.probeMapHint(ctx, p, hint) })
			}
		}
	}
}

// maxMaps is how many hinted headers are asked for.
const maxMaps = 5

// manyOpen is how many playlists may do without a hint.
const manyOpen = 5

// judgeHints looks, at the end, whether there was any hint. A server that does
// not know which part comes may leave it out of a playlist, not of all.
func (r *hlsRendition) judgeHints() {
	if r.open >= manyOpen && !r.hinted {
		r.h.notes(r.url).broken("hls/preload-hint-missing", 0, "none of %d playlists with parts had an EXT-X-PRELOAD-HINT of TYPE=PART", r.open)
	}
}

// probeHint asks for a hinted part before it exists.
func (r *hlsRendition) probeHint(ctx context.Context, p *playlist, h hint) {
	address, err := resolve(p.url, h.uri)
	if err != nil || h.length > 0 {
		return
	}
	n := r.h.notes(address)
	timeout := 3*p.partTarget.Duration + 2*time.Second
	if r.h.patient {
		timeout = 3*p.target + requestTimeout
	}
	a, err := r.h.client.get(ctx, query{url: address, timeout: timeout})
	if err != nil || !a.ok() || len(a.body) == 0 {
		problem := "not answered"
		if err == nil {
			problem = fmt.Sprintf("answered %s, %d bytes", a.problem(), len(a.body))
		}
		if r.h.patient && r.withdrawn(ctx, h) {
			return
		}
		if pause(ctx, 2*p.partTarget.Duration) && r.listed(h.uri) {
			n.broken("hls/preload-hint-answer", 0, "a request for the hinted part is %s, and the part came", problem)
		}
		return
	}
	again, err := r.h.client.get(ctx, query{url: address})
	if err != nil || !again.ok() {
		n.broken("hls/part-available", 0, "the hinted part was to be had and is no more")
		return
	}
	if !bytes.Equal(a.body, again.body) {
		n.broken("hls/part-bytes", 0, "the hinted part had %d bytes, and asked for again it has %d others", len(a.body), len(again.body))
	}
	if len(a.arrivals) == 0 {
		return
	}
	span, plain := a.done.Sub(a.arrivals[0].at), again.done.Sub(again.sent)
	if span > max(p.partTarget.Duration/4, 50*time.Millisecond) && span > 3*plain {
		n.broken("hls/part-burst", 0, "the bytes of the hinted part came over %s, and over %s when it was complete", span.Round(time.Millisecond), plain.Round(time.Millisecond))
	}
}

// withdrawn reports whether a playlist of now has a hint no more, and not the part
// either: its publisher is away.
func (r *hlsRendition) withdrawn(ctx context.Context, h hint) bool {
	p, _ := r.probe(ctx, "sluice-check="+random(), requestTimeout)
	return p != nil && !slices.ContainsFunc(p.hints, func(other hint) bool { return other.resource == h.resource }) &&
		!slices.ContainsFunc(p.open.parts, func(part part) bool { return part.resource == h.resource })
}

// probeMapHint asks for a hinted header. When it cannot be had, the hint must
// go: the server may have changed its mind.
func (r *hlsRendition) probeMapHint(ctx context.Context, p *playlist, h hint) {
	address, err := resolve(p.url, h.uri)
	if err != nil {
		return
	}
	a, err := r.h.client.get(ctx, query{url: address, timeout: 3*p.target + requestTimeout})
	if err == nil && a.ok() && len(a.body) > 0 || !pause(ctx, 2*p.partTarget.Duration) {
		return
	}
	now, _ := r.probe(ctx, "sluice-check="+random(), requestTimeout)
	if now != nil && slices.ContainsFunc(now.hints, func(other hint) bool { return other.resource == h.resource }) {
		r.h.notes(r.url).broken("hls/preload-hint-answer", h.line, "a request for the hinted header %s is answered %s, and the hint stays", h.uri, tell(a, err))
	}
}
