package media

import (
	"math"
	"math/bits"
	"time"
)

// Ticks is a point or a span on a track's timescale. Points count from the
// Unix epoch, so a 90 kHz point is about 1.6e14 today.
type Ticks int64

// Rescale converts t between two timescales, rounded to the nearest tick and
// halves away from zero. It is exact at any magnitude that fits the result;
// beyond that it saturates. Both timescales must be positive.
func (t Ticks) Rescale(from, to uint32) Ticks {
	if from == to {
		return t
	}
	neg := t < 0
	magnitude := uint64(t)
	if neg {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, uint64(to))
	lo, carry := bits.Add64(lo, uint64(from)/2, 0)
	hi += carry
	if hi >= uint64(from) {
		return saturated(neg)
	}
	q, _ := bits.Div64(hi, lo, uint64(from))
	if q > math.MaxInt64 {
		return saturated(neg)
	}
	if neg {
		return -Ticks(q)
	}
	return Ticks(q)
}

func saturated(neg bool) Ticks {
	if neg {
		return math.MinInt64
	}
	return math.MaxInt64
}

// nanosecond is the timescale of time.Duration.
const nanosecond = uint32(time.Second)

// Duration returns the span t on timescale as a time.Duration, rounded to the
// nearest nanosecond.
func (t Ticks) Duration(timescale uint32) time.Duration {
	return time.Duration(t.Rescale(timescale, nanosecond))
}

// Time returns the point t on timescale as wall-clock time in UTC, rounded to
// the nearest nanosecond.
func (t Ticks) Time(timescale uint32) time.Time {
	return time.Unix(0, int64(t.Duration(timescale))).UTC()
}

// Seconds returns the span t on timescale in seconds.
func (t Ticks) Seconds(timescale uint32) float64 {
	return float64(t) / float64(timescale)
}

// TicksOf returns the span d on timescale, rounded to the nearest tick.
func TicksOf(d time.Duration, timescale uint32) Ticks {
	return Ticks(d).Rescale(nanosecond, timescale)
}

// TicksAt returns the wall-clock time at as a point on timescale.
func TicksAt(at time.Time, timescale uint32) Ticks {
	return TicksOf(time.Duration(at.UnixNano()), timescale)
}
