package check

import "time"

// judgeGrowing looks at how a segment came that was asked for before it was
// complete.
func (m *dashMedia) judgeGrowing(l listing, a *answer, chunks []chunk, n notes) {
	s := m.s
	end := s.ends(l)
	if media := m.d.startOf(s, chunks[0].time+total(chunks)); media.Before(end) {
		end = media // it began early, or is the last of its Period
	}
	first := m.d.now(a.done)
	if len(a.arrivals) > 0 {
		first = m.d.now(a.arrivals[0].at)
	}
	rest := end.Sub(m.d.now(a.sent)) // of the segment when it was asked for
	if rest <= s.early/4 {
		return
	}
	if a.length >= 0 {
		n.broken("lldash/growing", 0, "%s was asked for %s before its end, and the answer has Content-Length %d", s.describe(l), rest.Round(time.Millisecond), a.length)
	}
	if !first.Before(end.Add(-rest / 8)) {
		n.broken("lldash/growing", 0, "%s was asked for %s before its end, and its first byte came %s after that", s.describe(l), rest.Round(time.Millisecond), first.Sub(m.d.now(a.sent)).Round(time.Millisecond))
		return
	}
	for i := range chunks {
		c := &chunks[i]
		length := scale(c.duration, s.timescale)
		if length > time.Second+10*time.Millisecond && s.kind() == "video" {
			n.broken("lldash/chunk-duration", 0, "%s has a chunk of %s", s.describe(l), length)
		}
		due := m.d.startOf(s, c.time+c.duration)
		came, began := m.d.now(a.at(c.offset+c.size)), m.d.now(a.at(c.offset+1))
		if asked := m.d.now(a.sent); due.Before(asked) {
			due = asked // it was there before
		}
		if late := came.Sub(due); late > length+slack {
			n.broken("lldash/late", 0, "the chunk at byte %d of %s came %s after its media ended", c.offset, s.describe(l), late.Round(time.Millisecond))
			return
		}
		if span := came.Sub(began); span > max(length/2, 50*time.Millisecond) && began.After(m.d.now(a.sent).Add(length)) {
			n.broken("lldash/chunk-burst", 0, "the chunk at byte %d of %s came over %s, not at once", c.offset, s.describe(l), span.Round(time.Millisecond))
			return
		}
	}
}

// startOf returns when a media time is, by the server's clock.
func (d *dashWatch) startOf(s *stream, ticks uint64) time.Time { return s.m.start.Add(s.begins(ticks)) }
