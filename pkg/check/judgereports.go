package check

import (
	"context"
	"slices"
	"strings"
	"time"
)

// judgeReports looks at EXT-X-RENDITION-REPORT.
func (h *hlsWatch) judgeReports(r *hlsRendition, p *playlist, a *answer, n notes) {
	if !p.lowLatency() || !p.live() {
		return
	}
	reports := make(map[string]renditionReport)
	for _, report := range p.reports {
		address, err := resolve(p.url, report.uri)
		if err != nil || strings.Contains(report.uri, "://") {
			n.broken("hls/rendition-report", report.line, "the URI %q is not relative", report.uri)
		}
		reports[address] = report
	}
	if _, own := reports[r.url]; own {
		n.broken("hls/rendition-report", reports[r.url].line, "there is a report of the playlist itself")
	}
	for _, other := range h.renditions {
		if other == r {
			continue
		}
		if report, ok := reports[other.url]; ok {
			r.judgeReport(other, report, p, a, n)
		} else if !h.patient {
			n.broken("hls/rendition-report", 0, "there is no EXT-X-RENDITION-REPORT of %s", other.url)
		} else {
			h.probe(func(ctx context.Context) {
				if h.offers(ctx, other.url) {
					n.broken("hls/rendition-report", 0, "there is no EXT-X-RENDITION-REPORT of %s", other.url)
				}
			})
		}
	}
}

// offers reports whether a playlist is one of the multivariant playlist as it is now:
// a track may come back later than others.
func (h *hlsWatch) offers(ctx context.Context, address string) bool {
	a, err := h.client.get(ctx, query{url: h.address, text: true})
	if err != nil || !a.ok() {
		return false
	}
	m := readMultivariant(readLines(a.body, h.notes(h.address)), h.notes(h.address))
	is := func(uri string) bool {
		found, err := resolve(a.url, uri)
		return err == nil && found == address
	}
	return slices.ContainsFunc(m.variants, func(v variant) bool { return is(v.uri) }) ||
		slices.ContainsFunc(m.renditions, func(r rendition) bool { return r.uri != "" && is(r.uri) })
}

// judgeReport compares a report with the playlist that it is of, as it was
// before the playlist with the report was asked for.
func (r *hlsRendition) judgeReport(other *hlsRendition, report renditionReport, p *playlist, a *answer, n notes) {
	other.mu.Lock()
	shown, at := other.shown, other.shownA
	other.mu.Unlock()
	if shown == nil {
		return
	}
	said, newest := report.meant(p), shown.newest()
	implied := !report.hasPart && newest.index >= 0
	rule := "hls/rendition-report-stale"
	if implied {
		rule = "hls/rendition-report-part"
	}
	// An answer that was held was made then. Another one may be from a cache.
	held := a.replied.Sub(a.sent) > p.partTarget.Duration/4
	switch missed := shown.behind(said); {
	case at.After(a.sent):
	case said.msn+1 < newest.msn, held && missed > 2*p.partTarget.Duration+time.Millisecond:
		n.broken(rule, report.line, "the report of %s means %s, and that playlist ended with %s before, %s later", other.url, said, newest, missed)
	}
	if implied && r.implied < maxImplied {
		r.implied++
		r.h.probe(func(ctx context.Context) { other.probeReport(ctx, report, said, n) })
	}
}

// maxImplied is how many reports without LAST-PART are looked into.
const maxImplied = 20

// probeReport asks whether what a report without LAST-PART means is there: it
// may be left out where it is that of the playlist in which the report stands.
func (r *hlsRendition) probeReport(ctx context.Context, report renditionReport, said place, n notes) {
	p, _ := r.probe(ctx, "sluice-check="+random(), requestTimeout)
	if p == nil || !p.live() {
		return
	}
	if newest := p.newest(); newest.msn < said.msn || newest.msn == said.msn && newest.index >= 0 && newest.index < said.index {
		n.broken("hls/rendition-report-part", report.line, "the report of %s has no LAST-PART and so means %s, and that playlist, asked for later, ends with %s", r.url, said, newest)
	}
}

// meant returns the place that a report names. What it leaves out is as in the
// playlist that it stands in.
func (report renditionReport) meant(p *playlist) place {
	at := p.newest()
	if report.hasMSN {
		at.msn = report.msn
	}
	if report.hasPart {
		at.index = int(min(report.part, maxKnown))
	}
	return at
}

// newest returns the place of the last part, with index -1 if that segment has
// none.
func (p *playlist) newest() place {
	msn, parts := p.edge()
	if parts < 0 {
		parts = len(p.segments[len(p.segments)-1].parts)
	}
	return place{msn, parts - 1}
}

// behind returns how much media a playlist has behind a place.
func (p *playlist) behind(at place) time.Duration {
	var sum time.Duration
	add := func(s *segment, whole time.Duration) {
		if s.msn > at.msn {
			sum += whole
			return
		}
		for i := at.index + 1; s.msn == at.msn && i < len(s.parts); i++ {
			sum += s.parts[i].duration.Duration
		}
	}
	for i := range p.segments {
		add(&p.segments[i], p.segments[i].duration.Duration)
	}
	var open time.Duration
	for _, part := range p.open.parts {
		open += part.duration.Duration
	}
	add(&p.open, open)
	return sum
}
