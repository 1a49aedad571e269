package stream

import "time"

// keyTimes are when the newest key frames of a track are shown, the oldest first, in ms modulo 2^32.
type keyTimes []uint32

// add adds the newest one, if there is none as new, of whoever led before.
func (k *keyTimes) add(at uint32) {
	const enough = 8
	if n := len(*k); n > 0 {
		switch step := since32((*k)[n-1], at); {
		case step < -aJump:
			*k = nil
		case step < same:
			return
		}
	}
	*k = append((*k)[max(0, len(*k)+1-enough):], at)
}

// nearest returns the one next to a time. There must be one.
func (k keyTimes) nearest(at uint32) uint32 {
	best := k[0]
	for _, key := range k {
		if apart(key, at) < apart(best, at) {
			best = key
		}
	}
	return best
}

// coming is nearest among those, too, that are to come if they go on as they did.
func (k keyTimes) coming(at uint32) uint32 {
	best, last := k.nearest(at), k[len(k)-1]
	if every := k.interval(); every > 0 && since32(last, at) > 0 {
		n := (at - last + every/2) / every
		if key := last + n*every; apart(key, at) < apart(best, at) {
			best = key
		}
	}
	return best
}

// interval returns the time from one to the next, 0 if that is not known.
func (k keyTimes) interval() uint32 {
	n := len(k)
	if n < 2 {
		return 0
	}
	return k[n-1] - k[n-2]
}

// shown returns when a frame is shown, in ms modulo 2^32.
func shown(a arrival) uint32 { return a.Time + uint32(a.Offset) }

// since32 returns the time from a to b, which are in ms modulo 2^32.
func since32(a, b uint32) time.Duration { return time.Duration(int32(b-a)) * time.Millisecond }

// apart returns by how much two such times differ.
func apart(a, b uint32) time.Duration { return since32(a, b).Abs() }
