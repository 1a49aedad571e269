package timeline

import (
	"slices"
	"time"
)

// A trend tells how fast a value changes that is measured once in a while: by
// the median of the slopes between all pairs of measurements (Theil and Sen),
// which a few wild ones do not move.
type trend struct {
	marks [32]mark // the newest ones
	n     int      // how many there were
	value float64
	known bool
}

// A mark is what was measured and when.
type mark struct{ at, value time.Duration }

// fewest is how many measurements tell a slope.
const fewest = 3

// restart forgets the measurements, but not what they said.
func (t *trend) restart() { t.n = 0 }

// add takes a measurement.
func (t *trend) add(at, value time.Duration) {
	t.marks[t.n%len(t.marks)] = mark{at, value}
	t.n++
}

// slope returns by how much the value changes in the unit of time, 0 while
// that is not known.
func (t *trend) slope() float64 {
	if t.n < fewest {
		return t.value
	}
	var slopes [len(t.marks) * (len(t.marks) - 1) / 2]float64
	n := 0
	marks := t.marks[:min(t.n, len(t.marks))]
	for i, a := range marks {
		for _, b := range marks[:i] {
			if a.at != b.at {
				slopes[n] = float64(a.value-b.value) / float64(a.at-b.at)
				n++
			}
		}
	}
	if n > 0 {
		slices.Sort(slopes[:n])
		t.value, t.known = slopes[n/2], true
	}
	return t.value
}
