package flv

import (
	"errors"

	"sluice/pkg/media"
)

// A packetKind says what a packet holds.
type packetKind uint8

const (
	ignored       packetKind = iota // legal, and of no use here
	sequenceStart                   // a decoder configuration
	codedFrames
	description // of colours, in AMF
)

// A packet is what a message says of one track, whichever of the forms it was written in.
type packet struct {
	id     media.TrackID
	codec  media.Codec
	kind   packetKind
	offset int32  // presentation time less decode time, in milliseconds
	nanos  uint32 // and so many nanoseconds
	data   []byte
}

// Errors of malformed messages. They are counted and go no further.
var (
	errTruncated  = errors.New("the message ends too early")
	errPacketType = errors.New("unknown packet type")
)

// A refusal is the error of a legal message that cannot be carried.
type refusal struct {
	id     media.TrackID
	reason string
}

func (r refusal) Error() string { return r.reason }

// unsupported refuses something that what describes.
func unsupported(id media.TrackID, what string) refusal {
	return refusal{id, what + " is not supported"}
}

// int24 reads a signed number of three bytes.
func int24(b []byte) int32 {
	return int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8
}

// uint24 reads a number of three bytes.
func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
