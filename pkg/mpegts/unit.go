package mpegts

import (
	"fmt"

	"sluice/pkg/media"
)

// clockRate is the rate of time stamps, in ticks a second (13818-1 2.4.3.7).
const clockRate = 90000

// What times may be, on the 90 kHz clock: points that leave room for sums, and
// offsets that keep their sign modulo 2^33.
const (
	maxTime   = media.Ticks(1) << 60
	maxOffset = media.Ticks(1) << 31
)

// A unit is one PES packet to be: one video frame, or audio frames that follow
// each other without a gap. Its times are on the 90 kHz clock, not yet wrapped.
type unit struct {
	pid      uint16
	dts, pts media.Ticks
	key      bool // a decoder can start here
	samples  []media.Sample
}

// newUnit returns the unit of sample i of s alone.
func newUnit(pid uint16, s Stream, i int) (unit, error) {
	sample := s.Samples[i]
	u := unit{
		pid:     pid,
		dts:     sample.DTS.Rescale(s.Track.Timescale, clockRate),
		pts:     sample.PTS().Rescale(s.Track.Timescale, clockRate),
		key:     sample.Key,
		samples: s.Samples[i : i+1],
	}
	if beyond(sample.DTS, maxTime) || beyond(sample.Offset, maxTime) || beyond(u.dts, maxTime) || beyond(u.pts-u.dts, maxOffset) {
		return unit{}, fmt.Errorf("sample %d: time out of range: %w", i, ErrMalformed)
	}
	return u, nil
}

func beyond(t, limit media.Ticks) bool { return t < -limit || t > limit }

// repairTimes lowers decode times where composition times are negative or
// rounding made two alike: 13818-1 wants them rising within a stream, and none
// later than its presentation time.
func repairTimes(units []unit) {
	for i := len(units) - 1; i >= 0; i-- {
		u := &units[i]
		u.dts = min(u.dts, u.pts)
		if i+1 < len(units) {
			u.dts = min(u.dts, units[i+1].dts-1)
		}
	}
}
