package check

import (
	"context"
	"time"
)

// probeOldest asks for the oldest segment of the time shift buffer.
func (m *dashMedia) probeOldest(ctx context.Context) {
	s := m.s
	var l listing
	switch {
	case s.timed && len(s.timeline) > 0:
		l = s.timeline[0]
	case s.timed || !s.m.dynamic() || s.m.durations.depth < 0:
		return
	default:
		oldest, ok := s.at(m.d.now(time.Now()).Add(-s.m.durations.depth))
		if !ok {
			oldest = s.nominal(0)
		}
		l, _ = s.find(oldest.number + 1)
		if m.d.patient && l.number > m.last.number { // its publisher may be away since then
			return
		}
		if !s.inPeriod(l) || s.available(l).After(m.d.now(time.Now())) {
			return
		}
	}
	address, err := s.url(l)
	if err != nil {
		return // the watcher tells
	}
	a, err := m.d.client.get(ctx, query{url: address, header: map[string]string{"Range": "bytes=0-1"}})
	if ctx.Err() == nil && (err != nil || !a.ok()) {
		m.d.notes(address).broken("dash/segment-available", 0, "%s, the oldest there is, cannot be had: %s", s.describe(l), tell(a, err))
	}
}

// probeEarly asks for a segment long before it may be had.
func (m *dashMedia) probeEarly() {
	if m.s.timed || !m.d.first("early") {
		return
	}
	l, _ := m.s.find(m.last.number + 20)
	address, err := m.s.url(l)
	if err != nil {
		return
	}
	m.d.probe(func(ctx context.Context) {
		n := m.d.notes(address)
		a, err := m.d.client.get(ctx, query{url: address, timeout: 3 * time.Second})
		switch {
		case err != nil:
			n.broken("lldash/early", 0, "a request for a segment twenty segments ahead is not answered at once")
		case a.status/100 == 2:
			n.broken("lldash/early-answer", 0, "a request for a segment twenty segments ahead is answered %d with %d bytes", a.status, len(a.body))
		}
	})
}
