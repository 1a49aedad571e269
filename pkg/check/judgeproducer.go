package check

import (
	"slices"
	"strconv"
	"time"
)

// What a producer's clock may differ by from when media become available: it
// cannot be later, and a player can never be nearer to it than it is earlier.
const (
	clockLater   = time.Second
	clockEarlier = 10 * time.Second
)

// wrongClock reports whether media that become available at an instant cannot
// have been produced at another.
func (m *mpd) wrongClock(available, produced time.Time) bool {
	behind := available.Sub(produced)
	return behind < -clockLater || behind > max(clockEarlier, time.Duration(min(m.target(), 3_600_000))*time.Millisecond)
}

// judgeReference compares the times of ProducerReferenceTime.
func (s *stream) judgeReference(n notes) {
	if s.m.start.IsZero() {
		return
	}
	for _, p := range slices.Concat(s.set.References, s.rep.References) {
		clock, err := readDateTime(p.Clock)
		media, e := strconv.ParseUint(p.Media, 10, 64)
		if err != nil || e != nil {
			continue
		}
		if at := s.m.start.Add(s.begins(media)); s.m.wrongClock(at, clock) {
			n.broken("lldash/producer-time", s.set.line, "ProducerReferenceTime %q puts presentation time %d of %q at %s, and by the Period it is at %s",
				p.ID, media, s.rep.ID, p.Clock, at.UTC().Format(time.RFC3339Nano))
		}
	}
}

// judgeClocks compares prft boxes that are promised with when their media are.
func (m *dashMedia) judgeClocks(l listing, chunks []chunk, n notes) {
	if !m.s.inband() || !m.s.m.dynamic() || m.s.m.start.IsZero() {
		return
	}
	for i := range chunks {
		c := chunks[i].clock
		if c == nil {
			continue
		}
		if at := m.d.startOf(m.s, c.media); m.s.m.wrongClock(at, c.clock) {
			n.broken("lldash/producer-box-time", 0, "a prft box of %s puts media time %d at %s, and by the Period it is at %s",
				m.s.describe(l), c.media, c.clock.Format(time.RFC3339Nano), at.UTC().Format(time.RFC3339Nano))
			return
		}
	}
}

// judgeDistances compares Resync@dT with how far chunks are apart.
func (m *dashMedia) judgeDistances(l listing, chunks []chunk, n notes) {
	s := m.s
	for _, r := range slices.Concat(s.set.Resyncs, s.rep.Resyncs) {
		most, err := strconv.ParseUint(r.Distance, 10, 64)
		if err != nil {
			continue
		}
		for i := 1; i < len(chunks); i++ {
			before := &chunks[i-1]
			if len(before.samples) == 0 || chunks[i].time <= before.time {
				continue
			}
			// Pictures out of order move a point by one or so.
			if distance := chunks[i].time - before.time; distance > most+uint64(before.longest()) {
				n.broken("lldash/resync-distance", s.line, "Resync@dT is %d, and two chunks of %s are %d apart", most, s.describe(l), distance)
				return
			}
		}
	}
}

// longest returns the longest duration of a sample.
func (c *chunk) longest() uint32 {
	var most uint32
	for _, s := range c.samples {
		most = max(most, s.duration)
	}
	return most
}

// judgeOffset looks whether the first chunk can be there when
// @availabilityTimeOffset says so. Whether it then comes is judged by its own
// time: a segment that @duration names may begin late.
func (m *dashMedia) judgeOffset(l listing, chunks []chunk, n notes) {
	s := m.s
	if !s.chunked() || s.early >= scale(l.duration, s.timescale) { // which is another fault
		return
	}
	first := &chunks[0]
	length, left := scale(first.duration, s.timescale), scale(l.duration, s.timescale)-s.early
	if slack := scale(uint64(first.longest()), s.timescale) + 10*time.Millisecond; length > left+slack {
		n.broken("lldash/availability-early", s.line, "@availabilityTimeOffset leaves %s of a segment, and the first chunk of %s is %s long", left, s.describe(l), length)
	}
}
