package check

import (
	"context"
	"time"
)

// periodEnd returns when a Period ends, 0 if nobody knows.
func (m *mpd) periodEnd(i int) time.Duration {
	switch p := m.Periods[i]; {
	case p.Duration != "":
		return m.periods[i] + durationOr(p.Duration, 0, func(error) {})
	case i+1 < len(m.periods):
		return m.periods[i+1]
	default:
		return 0
	}
}

// inPeriod reports whether a segment begins before its Period ends.
func (s *stream) inPeriod(l listing) bool {
	end := s.m.periodEnd(s.period)
	return end <= 0 || s.begins(l.time) < end
}

// leastUpdate is how long a manifest is used in any case.
const leastUpdate = 500 * time.Millisecond

// stale reports whether a manifest that numbers segments is not to be relied on
// any more: @minimumUpdatePeriod is how long it holds (ISO/IEC 23009-1,
// 5.3.9.5.3).
func (m *mpd) stale(now time.Time) bool {
	return m.dynamic() && m.durations.update >= 0 && now.Sub(m.asked) > max(m.durations.update, leastUpdate)
}

// since returns a manifest that was asked for at an instant or later; nil if it
// cannot be had. One that never changes is asked for once.
func (d *dashWatch) since(ctx context.Context, at time.Time) *mpd {
	select {
	case d.reloading <- struct{}{}:
		defer func() { <-d.reloading }()
	case <-ctx.Done():
		return nil
	}
	if m, _ := d.latest(); !m.asked.Before(at) || !m.dynamic() || m.durations.update < 0 {
		return m
	}
	return d.reload(ctx)
}

// settle returns where a manifest of now has a segment that was asked for by an
// older one. A Period may have begun since: which one has a number is judged
// behind the event, as a client cannot be told before. The result is false when
// the segment belongs to no Period of this header.
func (m *dashMedia) settle(ctx context.Context, l listing, address string) (*stream, listing, bool) {
	if m.s.timed {
		return m.s, l, true
	}
	fresh := m.d.since(ctx, time.Now())
	if fresh == nil {
		return m.s, l, true
	}
	for i := len(fresh.streams) - 1; i >= 0; i-- {
		s := fresh.streams[i]
		found, ok := s.find(l.number)
		if !ok || s.timed || s.rep.ID != m.s.rep.ID || !s.inPeriod(found) {
			continue
		}
		if named, err := s.url(found); err == nil && named == address && s.sameInit(m.s) {
			return s, found, true
		}
	}
	same := fresh.stream(m.key)
	return m.s, l, same != nil && same.inPeriod(l) // else it ended before
}

// sameInit reports whether two Representations have one initialization segment.
func (s *stream) sameInit(other *stream) bool {
	a, errA := s.fill(s.init, listing{})
	b, errB := other.fill(other.init, listing{})
	return errA == nil && errB == nil && a == b
}
