package codec

import (
	"iter"

	"github.com/Eyevinn/mp4ff/av1"
)

// An OBU is an open bitstream unit of AV1 (AV1 Bitstream & Decoding Process 5.3).
type OBU struct {
	Type    OBUType
	Unit    []byte // the whole of it
	Payload []byte // of Unit
}

// An OBUType is the type of an OBU.
type OBUType uint8

// The types that Sluice tells apart.
const (
	OBUSequenceHeader    OBUType = 1
	OBUTemporalDelimiter OBUType = 2
	OBUFrameHeader       OBUType = 3
	OBUMetadata          OBUType = 5
	OBUFrame             OBUType = 6
	OBUTileList          OBUType = 8
	OBUPadding           OBUType = 15
)

// NextOBU splits data after its first OBU. ok is false when data is empty, or the unit is
// cut off. One that does not say its size is the last.
func NextOBU(data []byte) (unit OBU, rest []byte, ok bool) {
	header, err := av1.ParseOBUHeader(data)
	if err != nil {
		return OBU{}, nil, false
	}
	start, end := header.HeaderSize, len(data)
	if header.HasSizeField {
		size, n, err := av1.ReadLEB128(data[start:])
		if start += n; err != nil || size > uint64(len(data)-start) {
			return OBU{}, nil, false
		}
		end = start + int(size)
	}
	return OBU{OBUType(header.Type), data[:end:end], data[start:end:end]}, data[end:], true
}

// OBUs returns the units of data in order. One that is cut off ends the sequence.
func OBUs(data []byte) iter.Seq[OBU] {
	return func(yield func(OBU) bool) {
		for len(data) > 0 {
			unit, rest, ok := NextOBU(data)
			if !ok || !yield(unit) {
				return
			}
			data = rest
		}
	}
}

// IsKey reports whether u begins a key frame that is shown, at which a decoder can start
// that knows the sequence header (AV1 5.9.2).
func (u OBU) IsKey() bool {
	const mask, key = 0b1111, 0b0001 // show_existing_frame, frame_type, show_frame
	return (u.Type == OBUFrame || u.Type == OBUFrameHeader) && len(u.Payload) > 0 && u.Payload[0]>>4&mask == key
}
