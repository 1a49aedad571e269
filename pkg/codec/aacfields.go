package codec

import "fmt"

// An ObjectType is an MPEG-4 audio object type (ISO/IEC 14496-3 table 1.17).
type ObjectType uint8

// The object types that ParseAAC accepts for the core.
const (
	AACMain ObjectType = 1
	AACLC   ObjectType = 2
	AACSSR  ObjectType = 3
	AACLTP  ObjectType = 4
)

// The object types of the extensions, and the value that announces a longer one.
const (
	objectSBR ObjectType = 5
	objectPS  ObjectType = 29

	objectEscape = 31
)

func (t ObjectType) supported() bool { return t >= AACMain && t <= AACLTP }

// String returns the name of t.
func (t ObjectType) String() string {
	name, ok := t.name()
	if !ok {
		return fmt.Sprintf("MPEG-4 audio object type %d", uint8(t))
	}
	return fmt.Sprintf("%s (MPEG-4 audio object type %d)", name, uint8(t))
}

// name returns the names of the types that are met in practice.
func (t ObjectType) name() (string, bool) {
	switch t {
	case AACMain:
		return "AAC Main", true
	case AACLC:
		return "AAC LC", true
	case AACSSR:
		return "AAC SSR", true
	case AACLTP:
		return "AAC LTP", true
	case objectSBR:
		return "SBR", true
	case 6:
		return "AAC Scalable", true
	case 17:
		return "ER AAC LC", true
	case 23:
		return "AAC LD", true
	case objectPS:
		return "PS", true
	case 32, 33, 34:
		return "MPEG layer audio", true
	case 36:
		return "ALS", true
	case 39:
		return "AAC ELD", true
	case 42:
		return "xHE-AAC (USAC)", true
	}
	return "", false
}

// readObjectType reads GetAudioObjectType().
func readObjectType(r *bitReader) ObjectType {
	t := ObjectType(r.u(5))
	if t == objectEscape {
		t = 32 + ObjectType(r.u(6))
	}
	return t
}

// sampleRate returns the entry of ISO/IEC 14496-3 table 1.18, 0 for the
// reserved ones.
func sampleRate(index int) int {
	table := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	if index >= len(table) {
		return 0
	}
	return table[index]
}

// rateIndex returns the index of a rate in that table, false when it has none.
func rateIndex(rate int) (int, bool) {
	for i := range 13 {
		if sampleRate(i) == rate {
			return i, true
		}
	}
	return 0, false
}

// escapeRate is the index that says a rate follows in 24 bits.
const escapeRate = 15

// readRate reads a sampling frequency index and what it stands for. Rates
// beyond those of the table are refused.
func readRate(r *bitReader) (int, error) {
	index := int(r.u(4))
	rate := sampleRate(index)
	if index == escapeRate {
		rate = int(r.u(24))
	}
	if r.overrun {
		return 0, errTruncated
	}
	if rate < 7350 || rate > 96000 {
		return 0, fmt.Errorf("a sampling rate of %d Hz (index %d) is %w", rate, index, ErrUnsupported)
	}
	return rate, nil
}

// channelsOf returns the number of channels of a channelConfiguration
// (ISO/IEC 14496-3 table 1.19), 0 for configuration 0 and false for the
// reserved ones.
func channelsOf(configuration int) (int, bool) {
	switch configuration {
	case 0, 1, 2, 3, 4, 5, 6:
		return configuration, true
	case 7, 12, 14:
		return 8, true
	case 11:
		return 7, true
	case 13:
		return 24, true
	}
	return 0, false
}

// readProgramConfig reads a program_config_element (ISO/IEC 14496-3 table 4.2)
// and returns how many channels it has.
func readProgramConfig(r *bitReader) int {
	r.skip(4 + 2 + 4) // element_instance_tag, object_type, sampling_frequency_index
	front, side, back := int(r.u(4)), int(r.u(4)), int(r.u(4))
	lfe, associated, coupling := int(r.u(2)), int(r.u(3)), int(r.u(4))
	for _, size := range [...]int{4, 4, 3} { // the mono, stereo and matrix mixdowns
		if r.flag() {
			r.skip(size)
		}
	}
	channels := lfe
	for range front + side + back {
		channels++
		if r.flag() { // a channel pair
			channels++
		}
		r.skip(4)
	}
	r.skip(lfe*4 + associated*4 + coupling*5)
	r.align()
	r.skip(8 * int(r.u(8))) // the comment
	return channels
}
