package timeline

import (
	"math"

	"sluice/pkg/media"
)

// A metronome foretells when the next frame of a video track comes. RTMP
// rounds times to milliseconds; where one constant period explains a run of
// frames within that rounding, their ideal times lie on a grid, and so does the
// time of the next frame.
type metronome struct {
	scale    uint32
	declared media.Ratio

	// The run: frames, each of which came within a millisecond of a whole
	// number of periods after the first.
	first             media.Ticks
	periods           int     // from the first frame to the last
	shortest, longest float64 // between which the period is, in ticks

	// The grid.
	steady bool // it holds
	period period
	next   beat // where the next frame is on it
}

// A period is a span of whole + rest/unit ticks.
type period struct {
	whole      media.Ticks
	rest, unit uint64
}

// A beat is a point on the grid: at + rest/unit ticks.
type beat struct {
	at   media.Ticks
	rest uint64
}

const (
	// enough is how many periods show that a track is steady.
	enough = 6

	// longRun is after how many periods a run begins anew, so that a clock that
	// wanders a little remains steady. It tells any two usual rates apart.
	longRun = 512

	// Frames that are nearer to each other than 2 ms, or further apart than
	// a second, have no rate.
	fastest, slowest = 500, 1 // frames a second
)

// declare takes the timescale and what the track says of its rate, which is
// believed while it explains the times.
func (m *metronome) declare(scale uint32, rate media.Ratio) {
	if m.scale != scale || m.declared != rate {
		*m = metronome{scale: scale, declared: rate}
	}
}

// stop ends the run: the next frame does not follow from the last.
func (m *metronome) stop() { m.steady, m.longest = false, 0 }

// forget forgets all but what the track says.
func (m *metronome) forget() { *m = metronome{scale: m.scale, declared: m.declared} }

// tick takes the time of a frame, in whole milliseconds, and returns the ideal
// time of the next; the second result is false when that cannot be foretold.
func (m *metronome) tick(at media.Ticks) (media.Ticks, bool) {
	if !m.extend(at) {
		m.restart(at)
		m.steady = false
		return 0, false
	}
	switch {
	case m.steady && m.allows(m.period):
		m.follow(at)
	case m.steady || m.periods >= enough:
		m.choose()
	default:
		return 0, false
	}
	if m.periods == longRun {
		m.restart(at)
	}
	return m.next.at, true
}

// rounding is how far a time may be from the ideal: a millisecond, in ticks.
func (m *metronome) rounding() media.Ticks { return media.Ticks(m.scale / millisecond) }

// restart begins a run.
func (m *metronome) restart(at media.Ticks) {
	m.first, m.periods = at, 0
	m.shortest, m.longest = float64(m.scale)/fastest, float64(m.scale)/slowest
}

// extend takes a frame into the run. It reports whether there is a constant
// period that explains all its frames.
func (m *metronome) extend(at media.Ticks) bool {
	m.periods++
	n, total := float64(m.periods), float64(at-m.first)
	rounding := float64(m.rounding())
	m.shortest = max(m.shortest, (total-rounding)/n)
	m.longest = min(m.longest, (total+rounding)/n)
	return m.shortest <= m.longest && m.longest > 0
}

// allows reports whether a period explains the run.
func (m *metronome) allows(p period) bool {
	if p.unit == 0 {
		return false
	}
	ticks := float64(p.whole) + float64(p.rest)/float64(p.unit)
	const exact = 1e-6 // ticks
	return ticks >= m.shortest-exact && ticks <= m.longest+exact
}

// choose finds the period of a run and lays the grid through its first frame.
// The period is the declared one if that explains the run, else the one it was
// before, else a usual one, else the mean.
func (m *metronome) choose() {
	p := m.of(m.declared)
	if !m.allows(p) {
		p = m.period
	}
	if !m.allows(p) {
		p = m.of(media.UsualRate(float64(m.scale)/m.longest, float64(m.scale)/m.shortest))
	}
	if !m.allows(p) {
		const unit = 1 << 20
		whole, rest := math.Modf((m.shortest + m.longest) / 2)
		p = period{whole: media.Ticks(whole), rest: uint64(rest * unit), unit: unit}
	}
	m.steady, m.period = true, p
	n := uint64(m.periods) + 1
	m.next = beat{
		at:   m.first + media.Ticks(n)*p.whole + media.Ticks(n*p.rest/p.unit),
		rest: n * p.rest % p.unit,
	}
}

// of returns the period of a rate.
func (m *metronome) of(rate media.Ratio) period {
	if !rate.Known() {
		return period{}
	}
	num, den := uint64(rate.Num), uint64(rate.Den)*uint64(m.scale)
	return period{whole: media.Ticks(den / num), rest: den % num, unit: num}
}

// follow goes one period further on the grid. When a clock has drifted away
// from the grid by more than the rounding, the grid is moved after it.
func (m *metronome) follow(at media.Ticks) {
	switch off, rounding := at-m.next.at, m.rounding(); {
	case off > rounding:
		m.next.at += off - rounding
	case off < -rounding:
		m.next.at += off + rounding
	}
	m.next.at += m.period.whole
	m.next.rest += m.period.rest
	if m.next.rest >= m.period.unit {
		m.next.rest -= m.period.unit
		m.next.at++
	}
}
