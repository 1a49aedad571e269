package check

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// judgeProperties compares what a Representation says with its header.
func (m *dashMedia) judgeProperties() {
	s, n := m.s, m.d.notes(m.d.address)
	for i := range m.header.tracks {
		t := &m.header.tracks[i]
		var said size
		said.width, _ = strconv.Atoi(cmp.Or(s.rep.Width, s.set.Width))
		said.height, _ = strconv.Atoi(cmp.Or(s.rep.Height, s.set.Height))
		if t.handler == "vide" && !t.shows(said) {
			n.broken("dash/properties-wrong", s.rep.line, "@width and @height of %q are %s, and the initialization segment has %s", s.rep.ID, said, t.coded)
		}
		rates := strings.Fields(cmp.Or(s.rep.Rate, s.set.Rate)) // one, or from and to
		if t.handler != "soun" || len(rates) != 1 {
			continue
		}
		if rate, err := strconv.ParseUint(rates[0], 10, 32); err == nil && !t.sounds(rate) {
			n.broken("dash/properties-wrong", s.rep.line, "@audioSamplingRate of %q is %d, and the initialization segment has %d", s.rep.ID, rate, t.rate)
		}
	}
}

// measure adds up how many bits and samples came.
func (m *dashMedia) measure(a *answer, chunks []chunk) {
	if len(m.header.tracks) != 1 {
		return
	}
	m.pace.add(chunks)
	m.bits += 8 * float64(len(a.body))
	m.length += scale(total(chunks), m.header.tracks[0].timescale)
}

// What the bit rate may be more than @bandwidth by, and after how much media
// that is known.
const (
	tooLow    = 1.5
	enoughFor = 4 * time.Second
)

// judgeRate compares @bandwidth and @frameRate with all that came.
func (m *dashMedia) judgeRate() {
	s := m.s
	if s == nil || m.header == nil || m.length < enoughFor {
		return
	}
	n := m.d.notes(m.d.address)
	said, err := strconv.ParseFloat(s.rep.Bandwidth, 64)
	// At @bandwidth, all that came is there @minBufferTime before it is over.
	if whole := m.length + max(s.m.durations.minBuffer, 0); err == nil && m.bits > tooLow*said*whole.Seconds() {
		n.broken("dash/bandwidth-low", s.rep.line, "@bandwidth of %q is %s, and %s of it had %.0f bit/s", s.rep.ID, s.rep.Bandwidth, m.length, m.bits/m.length.Seconds())
	}
	rate, ok := readRate(cmp.Or(s.rep.FrameRate, s.set.FrameRate))
	if t := &m.header.tracks[0]; ok && t.handler == "vide" && m.pace.contradicts(rate, t.timescale) {
		n.broken("dash/properties-wrong", s.rep.line, "@frameRate of %q is %s, and the media have %.3f", s.rep.ID, cmp.Or(s.rep.FrameRate, s.set.FrameRate), m.pace.mean(t.timescale))
	}
}
