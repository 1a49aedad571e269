package check

import "time"

// note remembers how long samples are, and which date a playlist gives to the
// media times of a segment.
func (m *hlsMedia) note(p *playlist, s *segment, chunks []chunk, h *header) {
	if len(chunks) == 0 || len(h.tracks) != 1 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pace.add(chunks)
	m.longest = max(m.longest, p.target)
	if _, ok := m.zeros[s.dsn]; !ok && chunks[0].timed && !s.dateTime.IsZero() && len(m.zeros) < maxKnown {
		m.zeros[s.dsn] = s.dateTime.Add(-scale(chunks[0].time, h.tracks[0].timescale))
	}
}

// compare writes down a duration that is not that of the media.
func (m *hlsMedia) compare(ticks uint64, h *header, said seconds, rule, what string, n notes) {
	if len(h.tracks) != 1 {
		return
	}
	is := scale(ticks, h.tracks[0].timescale)
	if off := is - said.Duration; max(off, -off) > said.unit+2*time.Millisecond {
		n.broken(rule, 0, "%s, and its samples are %s", what, is)
	}
}

// measure compares the size of a segment with EXT-X-BITRATE, and remembers the
// largest.
func (m *hlsMedia) measure(a *answer, s *segment) {
	length := s.duration.Seconds()
	if length < 0.5 {
		return
	}
	rate := float64(len(a.body)) * 8 / length
	if s.bitrate > 0 && (rate < 900*float64(s.bitrate) || rate > 1100*float64(s.bitrate)) {
		m.w.notes(m.r.url).broken("hls/bitrate", s.bitrateLine, "EXT-X-BITRATE is %d kbit/s, and %s has %.0f", s.bitrate, s.uri, rate/1000)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counted++
	if rate > m.peak {
		m.peak, m.peakAt = rate, a.url
	}
}
