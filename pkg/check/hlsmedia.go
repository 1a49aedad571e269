package check

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

// maxHeld bounds the bytes of parts that wait for their segment.
const maxHeld = 64 << 20

// An hlsMedia fetches and judges the media of one playlist, in order.
type hlsMedia struct {
	w    *watch
	r    *hlsRendition
	jobs chan func(context.Context)

	offered  bool
	segments map[uint64]bool // offered
	parts    map[place]bool  // offered

	// What follows belongs to run alone, until it has ended.
	headers map[resource]*header
	thread  thread
	lastMSN uint64
	lastDSN uint64
	held    map[place][]byte // bodies of parts
	size    int

	mu      sync.Mutex
	codecs  map[string]bool // of the newest header
	peak    float64         // bit rate of the largest segment
	peakAt  string
	counted int    // segments measured for it
	video   *track // the newest header of it, nil if there is none
	pace    pace

	zeros   map[uint64]time.Time // the date of media time 0, by discontinuity sequence number
	longest time.Duration        // that a segment may be
}

func newHLSMedia(w *watch, r *hlsRendition) *hlsMedia {
	return &hlsMedia{
		w: w, r: r, jobs: make(chan func(context.Context), 1024), segments: make(map[uint64]bool), parts: make(map[place]bool),
		headers: make(map[resource]*header), held: make(map[place][]byte),
		zeros: make(map[uint64]time.Time),
	}
}

// run does the jobs until there are no more.
func (m *hlsMedia) run(ctx context.Context) {
	for job := range m.jobs {
		if ctx.Err() == nil {
			job(ctx)
		}
	}
}

// finish ends run. Nothing may be offered after it.
func (m *hlsMedia) finish() { close(m.jobs) }

// enqueue adds a job. When far too many wait, it is dropped.
func (m *hlsMedia) enqueue(job func(context.Context)) {
	select {
	case m.jobs <- job:
	default:
	}
}

// offer has the media of a playlist fetched that are new. Of the first one it
// takes the newest.
func (m *hlsMedia) offer(p *playlist, h *history) {
	from := 0
	if !m.offered {
		from = max(0, len(p.segments)-2)
		for _, s := range p.segments[:from] {
			m.segments[s.msn] = true
		}
		m.enqueue(func(ctx context.Context) { m.oldest(ctx, p) })
	}
	for i := from; i < len(p.segments); i++ {
		s := p.segments[i]
		if m.segments[s.msn] {
			continue
		}
		m.segments[s.msn] = true
		m.offerParts(p, s)
		m.enqueue(func(ctx context.Context) { m.segment(ctx, p, s) })
	}
	m.offered = true
	m.forget(p.sequence)
	m.offerParts(p, p.open)
	for msn, s := range h.removed {
		delete(h.removed, msn)
		m.enqueue(func(ctx context.Context) { m.gone(ctx, p, s) })
	}
}

// forget drops, when there are many, what was offered and has left the playlist.
func (m *hlsMedia) forget(before uint64) {
	if len(m.segments)+len(m.parts) < maxKnown {
		return
	}
	maps.DeleteFunc(m.segments, func(msn uint64, _ bool) bool { return msn < before })
	maps.DeleteFunc(m.parts, func(at place, _ bool) bool { return at.msn < before })
}

func (m *hlsMedia) offerParts(p *playlist, s segment) {
	for i, part := range s.parts {
		at := place{s.msn, i}
		if m.parts[at] || part.gap {
			continue
		}
		m.parts[at] = true
		m.enqueue(func(ctx context.Context) { m.part(ctx, p, s, at, part) })
	}
}

// get fetches a resource; nil when it is not to be had, which is written down
// under a rule.
func (m *hlsMedia) get(ctx context.Context, p *playlist, what resource, line int, rule string) *answer {
	address, err := resolve(p.url, what.uri)
	if err != nil {
		m.w.notes(m.r.url).broken("hls/uri", line, "%v", err)
		return nil
	}
	q := query{url: address}
	if what.length > 0 {
		q.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", what.offset, what.offset+what.length-1)}
		q.limit = what.length + 1
	}
	q.limit = min(cmp.Or(q.limit, maxMedia), maxMedia)
	a, err := m.w.client.get(ctx, q)
	if ctx.Err() != nil {
		return nil
	}
	switch {
	case err != nil:
		m.w.notes(address).broken(rule, 0, "%s is listed and cannot be had: %v", what.uri, err)
		return nil
	case !a.ok():
		m.w.notes(address).broken(rule, 0, "%s is listed and answered %s", what.uri, a.problem())
		return nil
	case len(a.body) == 0:
		m.w.notes(address).broken(rule, 0, "%s is listed and empty", what.uri)
		return nil
	}
	if what.length > 0 && a.status == 200 && int64(len(a.body)) >= what.offset+what.length {
		a.body = a.body[what.offset : what.offset+what.length] // the whole came: allowed, if wasteful
	}
	return a
}

// header returns the CMAF header of a segment, nil if it has none that can be
// read.
func (m *hlsMedia) header(ctx context.Context, p *playlist, s *segment) *header {
	if s.init.uri == "" {
		return nil
	}
	h, known := m.headers[s.init]
	if !known {
		h = m.newHeader(ctx, p, s)
	}
	if h != nil {
		m.describe(h)
	}
	return h
}

// newHeader fetches and judges the header of a segment, nil if it cannot be read.
func (m *hlsMedia) newHeader(ctx context.Context, p *playlist, s *segment) *header {
	a := m.get(ctx, p, s.init, s.line, "hls/map-available")
	if a == nil {
		return nil
	}
	m.w.ledger.saw(initMedia.String())
	n := m.w.notes(a.url)
	judgeAnswer(a, initMedia, p.target, n)
	h, err := readHeader(a.body)
	m.headers[s.init] = h
	if err != nil {
		n.broken("cmaf/boxes", 0, "%v", err)
		return nil
	}
	judgeHeader(h, n)
	if len(m.headers) > 1 {
		m.r.h.readAgain(2 * p.target)
	}
	if m.w.first(initMedia.String()) {
		m.w.probe(func(ctx context.Context) { m.w.probeHTTP(ctx, a, initMedia) })
	}
	return h
}

// describe notes what the newest header says.
func (m *hlsMedia) describe(h *header) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.codecs, m.video = make(map[string]bool), nil
	for _, t := range h.tracks {
		if t.codec != "" {
			m.codecs[t.codec] = true
		}
		if t.handler == "vide" {
			m.video = &t
		}
	}
}

// segment judges a whole segment.
func (m *hlsMedia) segment(ctx context.Context, p *playlist, s segment) {
	if s.gap {
		m.thread = thread{}
		return
	}
	h := m.header(ctx, p, &s)
	a := m.get(ctx, p, s.resource, s.line, "hls/segment-available")
	if a == nil {
		m.thread = thread{}
		return
	}
	m.w.ledger.saw(segmentMedia.String())
	n := m.w.notes(a.url)
	judgeAnswer(a, segmentMedia, p.target, n)
	if m.w.first(segmentMedia.String()) && s.length == 0 {
		m.w.probe(func(ctx context.Context) { m.w.probeHTTP(ctx, a, segmentMedia) })
	}
	m.measure(a, &s)
	m.judgeConcatenation(&s, a.body, n)
	if h == nil {
		if a.body[0] == 0x47 || strings.HasSuffix(s.uri, ".ts") {
			judgeTransport(a.body, n)
		}
		return
	}
	chunks, err := readChunks(a.body, h)
	if err != nil {
		n.broken("cmaf/boxes", 0, "%v", err)
	}
	if s.msn != m.lastMSN+1 || s.dsn != m.lastDSN {
		m.thread = thread{}
	}
	m.lastMSN, m.lastDSN = s.msn, s.dsn
	m.thread.judgeChunks(chunks, h, n)
	if p.independent && len(chunks) > 0 && !startsSync(chunks) {
		n.broken("hls/independent-segments", 0, "the first sample of %s is no sync sample, and the playlist says EXT-X-INDEPENDENT-SEGMENTS", s.uri)
	}
	m.note(p, &s, chunks, h)
	m.compare(total(chunks), h, s.duration, "hls/extinf-media", fmt.Sprintf("EXTINF of %s is %s", s.uri, s.duration), n)
}

// judgeConcatenation compares a segment with its parts.
func (m *hlsMedia) judgeConcatenation(s *segment, body []byte, n notes) {
	var joined []byte
	for i := range s.parts {
		piece, ok := m.held[place{s.msn, i}]
		if !ok {
			return
		}
		joined = append(joined, piece...)
	}
	if len(s.parts) > 0 && !bytes.Equal(joined, body) {
		n.broken("hls/part-bytes", 0, "the %d parts of %s are %d bytes together, and the segment is %d others", len(s.parts), s.uri, len(joined), len(body))
	}
	for at, piece := range m.held {
		if at.msn <= s.msn {
			m.size -= len(piece)
			delete(m.held, at)
		}
	}
}

// part judges a part.
func (m *hlsMedia) part(ctx context.Context, p *playlist, s segment, at place, part part) {
	h := m.header(ctx, p, &s)
	a := m.get(ctx, p, part.resource, part.line, "hls/part-available")
	if a == nil {
		return
	}
	m.w.ledger.saw(partMedia.String())
	n := m.w.notes(a.url)
	judgeAnswer(a, partMedia, p.target, n)
	if part.length == 0 && m.w.first(partMedia.String()) {
		m.w.probe(func(ctx context.Context) { m.w.probeHTTP(ctx, a, partMedia) })
	}
	if m.size += len(a.body); m.size > maxHeld {
		clear(m.held)
		m.size = len(a.body)
	}
	m.held[at] = a.body
	if h == nil {
		return
	}
	chunks, err := readChunks(a.body, h)
	if err != nil {
		n.broken("cmaf/boxes", 0, "%v", err)
		return
	}
	m.compare(total(chunks), h, part.duration, "hls/part-media", fmt.Sprintf("DURATION of %s is %s", part.uri, part.duration), n)
	switch {
	case part.independent && !hasSync(chunks):
		n.broken("hls/part-independent-wrong", 0, "%s says INDEPENDENT=YES and has no sync sample", part.uri)
	case !part.independent && hasSync(chunks):
		m.w.notes(m.r.url).broken("hls/part-independent", part.line, "%s has a sync sample and does not say INDEPENDENT=YES", part.uri)
	}
}

// oldest looks whether the oldest segment is to be had.
func (m *hlsMedia) oldest(ctx context.Context, p *playlist) {
	for _, s := range p.segments {
		if !s.gap {
			m.exists(ctx, p, s, "hls/segment-available", "is listed")
			return
		}
	}
}

// gone looks whether a segment that has just left the playlist is still to be
// had.
func (m *hlsMedia) gone(ctx context.Context, p *playlist, s segment) {
	m.exists(ctx, p, s, "hls/segment-removed", "has just left the playlist")
}

// exists asks for the first bytes of a segment.
func (m *hlsMedia) exists(ctx context.Context, p *playlist, s segment, rule, what string) {
	address, err := resolve(p.url, s.uri)
	if err != nil {
		return
	}
	q := query{url: address, header: map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", s.offset, s.offset+1)}}
	a, err := m.w.client.get(ctx, q)
	if ctx.Err() == nil && (err != nil || !a.ok()) {
		m.w.notes(address).broken(rule, 0, "%s %s and cannot be had: %s", s.uri, what, tell(a, err))
	}
}
