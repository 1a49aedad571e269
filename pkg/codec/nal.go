package codec

import "iter"

// An AVCType is the nal_unit_type of an H.264 NAL unit (ITU-T H.264 table 7-1).
type AVCType uint8

// The NAL unit types that Sluice tells apart.
const (
	AVCSlice         AVCType = 1 // a slice of a picture that is not IDR
	AVCPartitionC    AVCType = 4 // the last of the three kinds of slice data partition
	AVCIDR           AVCType = 5
	AVCSEI           AVCType = 6
	AVCSPS           AVCType = 7
	AVCPPS           AVCType = 8
	AVCDelimiter     AVCType = 9 // access unit delimiter
	AVCEndOfSequence AVCType = 10
	AVCEndOfStream   AVCType = 11
	AVCFiller        AVCType = 12
)

// AVCTypeOf returns the type of an H.264 NAL unit, 0 for an empty one.
func AVCTypeOf(nal []byte) AVCType {
	if len(nal) == 0 {
		return 0
	}
	return AVCType(nal[0] & 0x1f)
}

// IsSlice reports whether t holds coded picture data of the primary picture.
func (t AVCType) IsSlice() bool { return t >= AVCSlice && t <= AVCIDR }

// LengthSize is the number of bytes of the length in front of each NAL unit
// in media.Frame, media.Sample and every configuration that this package makes.
const LengthSize = 4

// NALUnits returns the NAL units of data in order, each preceded by its
// length in LengthSize bytes. Empty ones are passed over; a length that is
// cut off, or points past the end, ends the sequence. It does not allocate.
func NALUnits(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			nal, rest, ok := NextNAL(data, LengthSize)
			if !ok || len(nal) > 0 && !yield(nal) {
				return
			}
			data = rest
		}
	}
}

// NextNAL splits data after its first NAL unit, which is preceded by its
// length in lengthSize bytes (1, 2 or 4). ok is false when data is empty, or
// the unit is cut off; then rest is nil. The unit may be empty.
func NextNAL(data []byte, lengthSize int) (nal, rest []byte, ok bool) {
	if lengthSize < 1 || len(data) < lengthSize {
		return nil, nil, false
	}
	size := uint64(0)
	for _, b := range data[:lengthSize] {
		size = size<<8 | uint64(b)
	}
	data = data[lengthSize:]
	if size > uint64(len(data)) {
		return nil, nil, false
	}
	return data[:size:size], data[size:], true
}

// unescape returns the raw bytes of a NAL unit: without the
// emulation_prevention_three_byte after each two zeros (ITU-T H.264 7.4.1.1).
func unescape(nal []byte) []byte {
	raw := make([]byte, 0, len(nal))
	zeros := 0
	for _, b := range nal {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		raw = append(raw, b)
	}
	return raw
}
