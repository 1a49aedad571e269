package check

import (
	"context"
	"fmt"
	"time"
)

// A dashMedia fetches and judges the segments of one Representation.
type dashMedia struct {
	d      *dashWatch
	key    string
	s      *stream // as the newest manifest has it
	header *header
	thread thread
	judged string  // the key of the stream that thread is of
	last   listing // the newest that was asked for
	begun  bool
	missed []listing // that did not come, and may yet
	short  []func()  // faults, if anything follows
	turn   int
	pace   pace
	bits   float64 // of all segments
	length time.Duration
}

func newDASHMedia(d *dashWatch, s *stream) *dashMedia { return &dashMedia{d: d, key: s.key(), s: s} }

// follow asks for each new segment until ctx ends, or the Representation leaves
// the manifest.
func (m *dashMedia) follow(ctx context.Context) {
	defer m.judgeRate()
	m.loadHeader(ctx)
	m.probeOldest(ctx)
	for ctx.Err() == nil {
		current, changed := m.d.latest()
		if current.stale(time.Now()) {
			if newer := m.d.since(ctx, time.Now()); newer != nil {
				current = newer
			}
		}
		if m.s = current.stream(m.key); m.s == nil {
			return
		}
		next, wait, ok := m.next(time.Now())
		if !ok {
			if !current.dynamic() {
				return
			}
			select {
			case <-ctx.Done():
			case <-changed:
			case <-time.After(min(max(wait, 20*time.Millisecond), 5*time.Second)):
			}
			continue
		}
		had := m.segment(ctx, next)
		m.last, m.begun = next, had // behind one that cannot be had, the newest is asked for
		if m.turn++; m.turn%5 == 0 {
			m.probeOldest(ctx)
		}
		rest := 10 * time.Millisecond // a manifest of tiny segments is not to make a storm
		if !had {
			rest = slack
		}
		if !pause(ctx, rest) {
			return
		}
	}
}

// stream returns the Representation with a key, nil if the manifest has none.
func (m *mpd) stream(key string) *stream {
	for _, s := range m.streams {
		if s.key() == key {
			return s
		}
	}
	return nil
}

// next returns the segment to ask for at an instant by our clock. When there is
// none, it returns how long to wait.
func (m *dashMedia) next(now time.Time) (l listing, wait time.Duration, ok bool) {
	now = m.d.now(now)
	if !m.s.m.dynamic() {
		return m.nextStatic()
	}
	if !m.begun {
		newest, ok := m.s.at(now)
		if ok && m.turn > 0 && !m.after(newest) {
			ok = false // it is the one that could not be had
		}
		return newest, slack, ok
	}
	if m.s.timed {
		for _, l := range m.s.timeline {
			if l.time >= m.last.end() && !m.s.available(l).After(now) {
				return l, 0, true
			}
		}
		return l, time.Second, false
	}
	l, _ = m.s.find(m.last.number + 1)
	if at := m.s.available(l); at.After(now) {
		return l, at.Sub(now), false
	}
	if !m.s.inPeriod(l) {
		return l, time.Second, false
	}
	return l, 0, true
}

// after reports whether a segment comes after the newest that was asked for.
func (m *dashMedia) after(l listing) bool {
	if m.s.timed {
		return l.time > m.last.time
	}
	return l.number > m.last.number
}

// nextStatic goes through the first segments of what is complete.
func (m *dashMedia) nextStatic() (listing, time.Duration, bool) {
	if m.turn >= 3 {
		return listing{}, 0, false
	}
	l, ok := m.s.find(m.s.number + uint64(m.turn))
	return l, 0, ok
}

// loadHeader fetches and judges the initialization segment.
func (m *dashMedia) loadHeader(ctx context.Context) {
	s := m.s
	if s.init == "" {
		m.d.notes(m.d.address).broken("dash/addressing", s.line, "Representation %q has no @initialization", s.rep.ID)
		return
	}
	address, err := s.fill(s.init, listing{})
	if err != nil {
		m.d.notes(m.d.address).broken("dash/addressing", s.line, "%v", err)
		return
	}
	n := m.d.notes(address)
	a, err := m.d.client.get(ctx, query{url: address})
	if ctx.Err() != nil {
		return
	}
	if err != nil || !a.ok() || len(a.body) == 0 {
		n.broken("dash/segment-available", 0, "the initialization segment of %q cannot be had: %s", s.rep.ID, tell(a, err))
		return
	}
	m.d.ledger.saw(initMedia.String())
	judgeAnswer(a, initMedia, s.m.durations.update, n)
	if m.d.first(initMedia.String()) {
		m.d.probe(func(ctx context.Context) { m.d.probeHTTP(ctx, a, initMedia) })
	}
	h, err := readHeader(a.body)
	if err != nil {
		n.broken("cmaf/boxes", 0, "%v", err)
		return
	}
	judgeHeader(h, n)
	m.header = h
	m.judgeProperties()
	for _, t := range h.tracks {
		if t.codec != "" && s.codecs != "" && !names(s.codecs, t.codec) {
			m.d.notes(m.d.address).broken("dash/codecs", s.rep.line, "@codecs of %q is %q, and the initialization segment has %s", s.rep.ID, s.codecs, t.codec)
		}
	}
}

// tell says why something cannot be had.
func tell(a *answer, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case !a.ok():
		return a.problem()
	default:
		return fmt.Sprintf("status %d with %d bytes", a.status, len(a.body))
	}
}

// segment fetches and judges one segment. It returns whether it was to be had.
func (m *dashMedia) segment(ctx context.Context, l listing) bool {
	s := m.s
	address, err := s.url(l)
	if err != nil {
		m.d.notes(m.d.address).broken("dash/addressing", s.line, "%v", err)
		return false
	}
	n := m.d.notes(address)
	left := s.ends(l).Sub(m.d.now(time.Now()))
	a, err := m.d.client.get(ctx, query{url: address, timeout: requestTimeout + 3*scale(l.duration, s.timescale)})
	if ctx.Err() != nil {
		return false
	}
	had := err == nil && a.ok() && len(a.body) > 0
	s, l, ok := m.settle(ctx, l, address)
	if !had {
		switch {
		case !ok || ctx.Err() != nil:
		case m.d.patient && !s.timed: // its publisher may be away
			m.missed = append(m.missed[max(0, len(m.missed)-maxMissed):], l)
		default:
			n.broken("dash/segment-available", 0, "%s cannot be had: %s", s.describe(l), tell(a, err))
		}
		m.thread = thread{}
		return false
	}
	m.d.ledger.saw(segmentMedia.String())
	thing, number := m.named(l)
	m.d.ledger.number(thing, number, number)
	c := segmentMedia
	if s.chunked() && left > -time.Second { // it may be answered as it was begun
		c = growingMedia
	}
	judgeAnswer(a, c, s.m.durations.update, n)
	if c == segmentMedia && m.d.first(segmentMedia.String()) {
		m.d.probe(func(ctx context.Context) { m.d.probeHTTP(ctx, a, segmentMedia) })
	}
	m.again(ctx)
	if m.header == nil || !ok {
		return true
	}
	chunks, err := readChunks(a.body, m.header)
	if err != nil {
		n.broken("cmaf/boxes", 0, "%v", err)
	}
	if len(chunks) == 0 {
		return true
	}
	m.s = s
	m.judge(l, chunks, n)
	m.measure(a, chunks)
	if s.chunked() {
		m.judgeGrowing(l, a, chunks, n)
		m.judgeDistances(l, chunks, n)
	}
	m.judgeOffset(l, chunks, n)
	if s.chunked() && m.turn == 1 {
		m.probeEarly()
	}
	return true
}

// maxMissed is how many segments are remembered that did not come.
const maxMissed = 10

// again asks for segments that did not come, now that a later one did: what a
// manifest of now describes is there.
func (m *dashMedia) again(ctx context.Context) {
	missed := m.missed
	m.missed = nil
	for _, l := range missed {
		address, err := m.s.url(l)
		if err != nil {
			continue // the watcher tells
		}
		a, err := m.d.client.get(ctx, query{url: address, timeout: requestTimeout + 3*scale(l.duration, m.s.timescale)})
		if err == nil && a.ok() && len(a.body) > 0 || ctx.Err() != nil {
			continue
		}
		if s, l, ok := m.settle(ctx, l, address); ok && ctx.Err() == nil {
			m.d.notes(address).broken("dash/segment-available", 0, "%s cannot be had, and a later one can: %s", s.describe(l), tell(a, err))
		}
	}
}

// named returns what tells segments apart in their addresses.
func (m *dashMedia) named(l listing) (thing string, number uint64) {
	if m.s.timed {
		return m.s.rep.ID + " $Time$", l.time
	}
	return m.s.rep.ID + " $Number$", l.number
}

// goOn keeps the thread of what came before if a segment follows from that. It
// may turn out to be of the next Period.
func (m *dashMedia) goOn(l listing) {
	period := m.s.key()
	if period == m.key {
		for _, tell := range m.short {
			tell()
		}
	}
	m.short = nil
	follows := m.begun && (m.s.timed && m.last.end() == l.time || !m.s.timed && m.last.number+1 == l.number)
	if !follows || period != m.judged {
		m.thread, m.judged = thread{}, period
	}
}

// judge compares the chunks of a segment with the manifest and the segment
// before it.
func (m *dashMedia) judge(l listing, chunks []chunk, n notes) {
	s := m.s
	m.goOn(l)
	m.thread.judgeChunks(chunks, m.header, n)
	if s.set.StartsWith == "1" && s.kind() == "video" && !startsSync(chunks) {
		n.broken("dash/start-with-sap-wrong", 0, "%s begins with no sync sample, and @startWithSAP is 1", s.describe(l))
	}
	if s.inband() && chunks[0].clock == nil {
		n.broken("lldash/producer-boxes", 0, "%s has no prft box, and ProducerReferenceTime@inband is true", s.describe(l))
	}
	if len(m.header.tracks) != 1 {
		return
	}
	timescale := m.header.tracks[0].timescale
	if timescale == s.timescale {
		m.judgeClocks(l, chunks, n)
	} else {
		m.d.notes(m.d.address).broken("dash/timescale-media", s.line, "@timescale of %q is %d, and its media have %d", s.rep.ID, s.timescale, timescale)
		return
	}
	length, first := total(chunks), chunks[0].time
	if s.timed {
		if chunks[0].timed && first != l.time {
			n.broken("dash/tfdt", 0, "S@t is %d, and the media begin at %d", l.time, first)
		}
		if length != l.duration {
			n.broken("dash/timeline-duration", 0, "S@d is %d, and the media are %d long", l.duration, length)
		}
		return
	}
	if off := scale(max(first, l.time)-min(first, l.time), timescale); off > scale(l.duration, timescale)/2 {
		n.broken("dash/duration-drift", 0, "%s should begin at %d and begins at %d, more than half a segment off", s.describe(l), l.time, first)
	}
	end := s.m.periodEnd(s.period)
	last := end > 0 && s.begins(l.end()) >= end        // it may be shorter
	if m.d.patient && length*2 < l.duration && !last { // it may be the last without that anybody knows
		m.short = append(m.short, func() {
			n.broken("dash/duration-drift", 0, "%s is %d long, and @duration is %d, and another one followed", s.describe(l), length, l.duration)
		})
		return
	}
	if length*2 < l.duration && !last || length*2 > 3*l.duration {
		n.broken("dash/duration-drift", 0, "%s is %d long, and @duration is %d", s.describe(l), length, l.duration)
	}
}
