package check

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An hlsWatch follows the media playlists of one presentation.
type hlsWatch struct {
	*watch
	address    string
	multi      *multivariant // the newest, nil when a media playlist is watched alone
	renditions []*hlsRendition
	readings   sync.WaitGroup // of multi, beside the watching
}

// watchHLS follows a playlist and returns what kind of HLS it is.
func (w *watch) watchHLS(ctx context.Context, address string, first *answer) string {
	h := &hlsWatch{watch: w, address: address}
	lines := readLines(first.body, w.notes(address))
	if isMultivariant(lines) {
		w.ledger.saw(multivariantText.String())
		judgeAnswer(first, multivariantText, 0, w.notes(address))
		w.probe(func(ctx context.Context) { w.probeHTTP(ctx, first, multivariantText) })
		h.multi = readMultivariant(lines, w.notes(address))
		h.list(first.url)
	} else {
		h.renditions = []*hlsRendition{newHLSRendition(h, address)}
	}
	w.mu.Lock()
	w.lists = h.lists
	w.mu.Unlock()
	var group sync.WaitGroup
	for _, r := range h.renditions {
		group.Go(func() { r.media.run(ctx) })
		group.Go(func() {
			r.follow(ctx)
			r.media.finish()
			r.judgeHints()
		})
	}
	group.Wait()
	h.readings.Wait()
	kind := "HLS"
	for _, r := range h.renditions {
		if p := r.latest(); p != nil && p.lowLatency() {
			kind = "LL-HLS"
		}
	}
	h.judgeTogether()
	return kind
}

// readAgain reads the multivariant playlist again, if there is one, when a rendition
// has gone on with another header. After the given time all renditions have, and the
// playlist tells of it.
func (h *hlsWatch) readAgain(after time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.multi == nil {
		return
	}
	h.readings.Go(func() {
		if !pause(h.probing, after) {
			return
		}
		n := h.notes(h.address)
		a, err := h.client.get(h.probing, query{url: h.address, text: true})
		if err != nil || !a.ok() {
			n.broken("hls/playlist-available", 0, "%s", tell(a, err))
			return
		}
		h.ledger.saw(multivariantText.String())
		judgeAnswer(a, multivariantText, 0, n)
		m := readMultivariant(readLines(a.body, n), n)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.multi = m
	})
}

// list finds the media playlists of the multivariant playlist.
func (h *hlsWatch) list(base string) {
	known := make(map[string]bool)
	add := func(uri string, line int) {
		address, err := resolve(base, uri)
		if err != nil {
			h.notes(h.address).broken("hls/uri", line, "%v", err)
			return
		}
		if !known[address] && len(h.renditions) < maxRenditions {
			known[address] = true
			h.renditions = append(h.renditions, newHLSRendition(h, address))
		}
	}
	for _, v := range h.multi.variants {
		if !v.iFrames {
			add(v.uri, v.line)
		}
	}
	for _, r := range h.multi.renditions {
		if r.uri != "" && (r.kind == "AUDIO" || r.kind == "VIDEO") {
			add(r.uri, r.line)
		}
	}
}

// lists returns the rule that is broken when what a playlist lists at an address
// cannot be had, "" if none lists it.
func (h *hlsWatch) lists(_ context.Context, url string) string {
	for _, r := range h.renditions {
		p := r.latest()
		if p == nil {
			continue
		}
		is := func(what resource) bool {
			address, err := resolve(p.url, what.uri)
			return err == nil && address == url
		}
		for i := range p.segments {
			if s := &p.segments[i]; !s.gap && is(s.resource) {
				return "hls/segment-available"
			}
		}
		for i := max(0, len(p.segments)-2); i <= len(p.segments); i++ {
			s := &p.open
			if i < len(p.segments) {
				s = &p.segments[i]
			}
			if slices.ContainsFunc(s.parts, func(part part) bool { return !part.gap && is(part.resource) }) {
				return "hls/part-available"
			}
		}
	}
	return ""
}

// An hlsRendition follows one media playlist.
type hlsRendition struct {
	h       *hlsWatch
	url     string
	media   *hlsMedia
	history *history // of follow alone
	turn    int      // counts reloads
	again   bool     // the whole is to be asked for: a delta did not fit
	vain    bool     // the newest answer did not bring what was asked for
	implied int      // reports without LAST-PART that were looked into
	open    int      // playlists that can be expected to hint at a part
	maps    int      // hinted headers that were asked for
	hinted  bool     // one did

	mu     sync.Mutex
	shown  *playlist       // the newest
	shownA time.Time       // when it was there
	uris   map[string]bool // of all parts that were listed
}

func newHLSRendition(h *hlsWatch, address string) *hlsRendition {
	r := &hlsRendition{h: h, url: address, history: newHistory(), uris: make(map[string]bool)}
	r.media = newHLSMedia(h.watch, r)
	return r
}

// latest returns the newest playlist, nil if there was none.
func (r *hlsRendition) latest() *playlist {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shown
}

// listed reports whether a part with a URI was ever listed.
func (r *hlsRendition) listed(uri string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.uris[uri]
}

// follow reloads the playlist until ctx ends.
func (r *hlsRendition) follow(ctx context.Context) {
	n := r.h.notes(r.url)
	failures := 0
	for ctx.Err() == nil {
		ask := r.next()
		if !pause(ctx, ask.wait) {
			return
		}
		p, a, err := r.load(ctx, ask)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil:
			n.broken("hls/playlist-available", 0, "%s: %v", ask.query, err)
		case p == nil && a.status == http.StatusNotFound && r.left(ctx):
			failures, r.again = 0, true
		case p == nil:
			r.judgeRefusal(a, ask, n)
			r.again = r.h.patient // what comes next may not be what it was
		default:
			failures = 0
			r.vain = !r.take(p, a, ask)
			if !p.live() {
				r.h.ledger.end()
				return
			}
			continue
		}
		if failures++; failures == 5 || !pause(ctx, 500*time.Millisecond) {
			return
		}
	}
}

// An ask is how a playlist is to be asked for.
type ask struct {
	query  string        // "" for none
	wait   time.Duration // before asking
	until  place         // what the answer must hold, with blocking
	whole  bool          // of until, the whole segment
	blocks bool
	skips  bool
}

// next decides how to ask.
func (r *hlsRendition) next() ask {
	var a ask
	if r.turn > 0 {
		a.wait = 10 * time.Millisecond
	}
	if r.vain {
		a.wait = 250 * time.Millisecond // a server that does not hold is not to be stormed
	}
	r.turn++
	p := r.history.last
	if p == nil || r.again {
		r.again = false
		return a
	}
	switch {
	case p.control.block && p.lowLatency():
		msn, parts := p.edge()
		if parts < 0 {
			msn, parts = msn+1, 0
		}
		a.query, a.until, a.blocks = fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", msn, parts), place{msn, parts}, true
	case p.control.block:
		msn, _ := p.edge()
		a.query, a.until, a.whole, a.blocks = fmt.Sprintf("_HLS_msn=%d", msn+1), place{msn: msn + 1}, true, true
	case time.Since(r.history.grown) < p.target/2:
		a.wait = max(p.target, time.Second)
	default:
		a.wait = max(p.target/2, 500*time.Millisecond)
	}
	if p.control.hasSkipUntil && r.turn%3 == 0 {
		a.skips = true
		a.query = strings.TrimPrefix(a.query+"&_HLS_skip=YES", "&")
	}
	return a
}

// load asks for the playlist. The playlist is nil when the answer has none.
func (r *hlsRendition) load(ctx context.Context, k ask) (*playlist, *answer, error) {
	address, timeout := r.url, requestTimeout
	if k.query != "" {
		address = withQuery(r.url, k.query)
	}
	if last := r.history.last; k.blocks && last != nil {
		timeout += 3 * last.target
	}
	a, err := r.h.client.get(ctx, query{url: address, text: true, timeout: timeout})
	if err != nil || !a.ok() {
		return nil, a, err
	}
	n := r.h.notes(address)
	lines := readLines(a.body, n)
	p := readPlaylist(a.url, lines, n)
	judgePlaylist(p, lines, n)
	c := livePlaylist
	switch {
	case !p.live():
		c = endedPlaylist
	case k.blocks:
		c = blockedPlaylist
	}
	judgeAnswer(a, c, p.target, n)
	r.h.ledger.saw(c.String())
	return p, a, nil
}

// left reports whether the playlist is offered no more, while others may be: the server goes on without
// it, until it is back.
func (r *hlsRendition) left(ctx context.Context) bool {
	r.h.mu.Lock()
	alone := r.h.multi == nil
	r.h.mu.Unlock()
	return !alone && !r.h.offers(ctx, r.url)
}

// judgeRefusal looks at an answer without a playlist.
func (r *hlsRendition) judgeRefusal(a *answer, k ask, n notes) {
	held := a.done.Sub(a.sent)
	if !k.blocks {
		n.broken("hls/playlist-available", 0, "%s", a.problem())
		return
	}
	if a.status == http.StatusServiceUnavailable && held > 3*r.history.last.target-time.Second {
		return // as it should be when nothing comes
	}
	n.broken("hls/block-status", 0, "a request for what comes next, %s, is answered %s after %s", k.query, a.problem(), held.Round(time.Millisecond))
}

// take judges a playlist beside those before it, and has its media fetched. It
// returns whether the playlist is what was asked for.
func (r *hlsRendition) take(p *playlist, a *answer, k ask) bool {
	n := r.h.notes(r.url)
	held := true
	if k.blocks {
		held = r.judgeBlocking(p, a, k, n)
	}
	last := r.history.last
	if p.skip.line > 0 {
		if !k.skips {
			n.broken("hls/delta-form", p.skip.line, "a playlist that was not asked for with _HLS_skip has an EXT-X-SKIP")
		}
		if last == nil {
			return false
		}
		if r.h.patient && a.done.Sub(r.history.at) > last.control.skipUntil.Duration/2 {
			n = sink(func(fault) {}).at(r.url) // so late a client asks for no delta, but this one was held
		}
		whole := r.merge(last, p, n)
		if whole == nil {
			r.again = true
			return false
		}
		n = r.h.notes(r.url)
		p = whole
	} else if k.skips && last != nil && p.live() && p.duration() > p.control.skipUntil.Duration+2*p.target {
		n.broken("hls/delta-unused", 0, "_HLS_skip is answered with the whole playlist of %s, and CAN-SKIP-UNTIL is %s", p.duration(), p.control.skipUntil)
	}
	r.judgePace(p, a, k, n)
	r.history.add(p, a.sent, n)
	edge, _ := p.edge()
	r.h.ledger.number(r.url, p.sequence, edge)
	r.h.judgeReports(r, p, a, n)
	r.publish(p, a)
	r.media.offer(p, r.history)
	if last == nil {
		r.begin(p, a)
	}
	if p.live() && p.lowLatency() {
		r.heed(p)
	}
	return held
}

// merge returns the playlist that a delta means, nil when it does not fit.
func (r *hlsRendition) merge(last, delta *playlist, n notes) *playlist {
	whole := merge(last, delta)
	if whole == nil {
		n.broken("hls/delta-merge", delta.skip.line, "the delta skips %d segments from %d on, and the client knows %d from %d on",
			delta.skip.segments, delta.sequence, len(last.segments), last.sequence)
		return nil
	}
	for i := range whole.segments {
		s := &whole.segments[i]
		if known := last.segment(s.msn); known != nil && known.differs(s) {
			n.broken("hls/delta-merge", s.line, "the delta, merged, has %s of %s as media sequence number %d, and the client knows %s of %s",
				s.uri, s.duration, s.msn, known.uri, known.duration)
			return nil
		}
	}
	return whole
}

// publish shows a playlist to other goroutines.
func (r *hlsRendition) publish(p *playlist, a *answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown, r.shownA = p, a.done
	if len(r.uris) > maxKnown {
		clear(r.uris)
	}
	for _, part := range p.open.parts {
		r.uris[part.uri] = true
	}
	for i := max(0, len(p.segments)-2); i < len(p.segments); i++ {
		for _, part := range p.segments[i].parts {
			r.uris[part.uri] = true
		}
	}
}

// begin starts what is tried once.
func (r *hlsRendition) begin(p *playlist, a *answer) {
	if r.h.first("playlist") {
		r.h.probe(func(ctx context.Context) { r.h.probeHTTP(ctx, a, livePlaylist) })
	}
	if p.control.block && r.h.first("blocking") {
		r.h.probe(r.probeBlocking)
	}
}

// random returns a number that no server knows.
func random() string { return strconv.FormatUint(rand.Uint64(), 36) }
