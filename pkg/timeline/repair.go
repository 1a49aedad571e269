package timeline

import "strconv"

// A Repair is a kind of mistake in a publisher's times that was mended.
type Repair uint8

// The kinds of repair.
const (
	// JumpedForward and JumpedBack: all tracks of the publisher go on where
	// they were, or at the wall clock after a pause. Counted once for all.
	JumpedForward Repair = iota
	JumpedBack

	// NotIncreasing: a frame had no later decode time than the one before it
	// of its track, and is decoded a tick after that.
	NotIncreasing

	// OffsetReplaced: a picture was to be shown more than 2 s before, or 5 s
	// after it is decoded, and is shown as long after that as the one before it.
	OffsetReplaced

	// AudioMissing: frames of audio are missing, and have left their place.
	AudioMissing

	// AudioRepeated: there was more audio than time for it, and it is put
	// closer together until both agree.
	AudioRepeated

	// OtherClock: a track began whose times have nothing to do with those of
	// the others.
	OtherClock

	// RanAhead: a track left the wall clock and all other tracks behind.
	RanAhead

	// DriftCorrected: the publisher's clock had become so much too fast or
	// too slow that the offset of all tracks began to follow it.
	DriftCorrected

	none // also the number of kinds
)

// String returns the repair in the words of the field.
func (r Repair) String() string {
	switch r {
	case JumpedForward:
		return "clock jumped forward"
	case JumpedBack:
		return "clock jumped back"
	case NotIncreasing:
		return "time did not increase"
	case OffsetReplaced:
		return "composition offset out of bounds"
	case AudioMissing:
		return "audio missing"
	case AudioRepeated:
		return "audio sent twice"
	case OtherClock:
		return "track counted by another clock"
	case RanAhead:
		return "track ran ahead of the wall clock"
	case DriftCorrected:
		return "drift corrected"
	case none:
	}
	return "repair " + strconv.Itoa(int(r))
}

// Counts says how many repairs of each kind were made: its index is a Repair.
type Counts [none]uint64
