package timeline

import "sluice/pkg/media"

// A follower slaves a count of audio samples to a clock that is only good to
// a millisecond. It averages the distance between the two, which removes the
// rounding, and gives corrections that are too small to hear. Where audio is
// missing or was sent twice it is back within a frame of the clock in about a
// second.
type follower struct {
	mean     float64 // of clock less count, in ticks
	repeated bool    // audio was sent twice: the count waits for the clock
}

const (
	// weight of one frame in the mean: about half a second of frames.
	weight = 1.0 / 32

	// quiet is the distance in seconds that is left alone: a clock that
	// rounds to milliseconds is up to half a millisecond off on average.
	quiet = 0.001

	// Audio is missing (or was sent twice), and does not only drift, when a
	// frame is off by lost frames, or all are by astray of one on average.
	lost   = 3
	astray = 0.75

	// softest and hardest are the largest corrections for drift and for
	// audio that was sent twice, as parts of a frame.
	softest, hardest = 1024, 16
)

// correct takes the distance from the count to the clock at one frame, in
// ticks, and returns what to add to the count, and what it repairs if that is
// more than drift.
func (f *follower) correct(distance, frame media.Ticks, scale uint32) (media.Ticks, Repair) {
	if distance > lost*frame {
		*f = follower{}
		return distance, AudioMissing
	}
	if distance < -lost*frame {
		f.mean = float64(distance)
	}
	f.mean += (float64(distance) - f.mean) * weight
	bound := quiet * float64(scale)
	switch far := astray * float64(frame); {
	case f.mean > far:
		missing := max(distance, media.Ticks(f.mean)) // the mean lags behind
		*f = follower{}
		return missing, AudioMissing
	case f.mean < -far && !f.repeated:
		f.repeated = true
		return f.back(frame / hardest), AudioRepeated
	case f.repeated && f.mean < -bound:
		return f.back(frame / hardest), none
	}
	f.repeated = false
	step := max(frame/softest, 1)
	switch {
	case f.mean > bound:
		return f.back(-step), none
	case f.mean < -bound:
		return f.back(step), none
	}
	return 0, none
}

// back returns the correction that puts the count back by some ticks, or
// forward by less than none.
func (f *follower) back(by media.Ticks) media.Ticks {
	f.mean += float64(by)
	return -by
}
