package timeline

import "sluice/pkg/media"

// A follower slaves a count of audio samples to a clock that is only good to
// a millisecond. It averages the distance between the two, which removes the
// rounding, and gives corrections that are too small to hear.
type follower struct {
	mean float64 // of clock less count, in ticks
}

const (
	// weight of one frame in the mean: about half a second of frames.
	weight = 1.0 / 32

	// quiet is the distance in seconds that is left alone: a clock that
	// rounds to milliseconds is up to half a millisecond off on average.
	quiet = 0.001

	// lost is the distance in frames from which on audio is missing (or
	// was sent twice) rather than drifting.
	lost = 3

	// softest and hardest are the largest corrections for drift and for
	// audio that was sent twice, as parts of a frame.
	softest, hardest = 1024, 16
)

// correct takes the distance from the count to the clock at one frame, in
// ticks, and returns what to add to the count.
func (f *follower) correct(distance, frame media.Ticks, scale uint32) media.Ticks {
	switch {
	case distance > lost*frame:
		f.mean = 0
		return distance
	case distance < -lost*frame:
		f.mean = float64(distance)
		return -frame / hardest
	}
	f.mean += (float64(distance) - f.mean) * weight
	step := max(frame/softest, 1)
	switch bound := quiet * float64(scale); {
	case f.mean > bound:
		f.mean -= float64(step)
		return step
	case f.mean < -bound:
		f.mean += float64(step)
		return -step
	}
	return 0
}
