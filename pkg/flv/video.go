package flv

import (
	"fmt"

	"sluice/pkg/media"
)

// Frame types: the top four bits of a video tag, three in Enhanced RTMP.
const frameCommand = 5

// Codec ids: the low four bits of a classic video tag. That of HEVC is what vendors use
// who added it before Enhanced RTMP, in the form of H.264.
const (
	codecAVC  = 7
	codecHEVC = 12
)

// AVCPacketType, the second byte of a classic tag of H.264 or HEVC.
const (
	avcSequenceHeader = 0
	avcNALUs          = 1
	avcEndOfSequence  = 2
)

// parseVideo reads the header of a video message in the classic form (FLV 10.1 E.4.3).
func parseVideo(body []byte) (packet, error) {
	p := packet{id: media.TrackID{Kind: media.Video}, codec: media.H264}
	if len(body) == 0 {
		return p, errTruncated
	}
	switch id := body[0] & 0x0f; id {
	case codecAVC:
	case codecHEVC:
		p.codec = media.HEVC
	default:
		return p, unsupported(p.id, classicVideo(id))
	}
	if body[0]>>4 == frameCommand {
		return p, nil
	}
	if len(body) < 2 {
		return p, errTruncated
	}
	kind, rest := body[1], body[2:]
	if kind == avcEndOfSequence {
		return p, nil
	}
	if len(rest) < 3 {
		return p, errTruncated
	}
	p.data = rest[3:]
	switch kind {
	case avcSequenceHeader:
		p.kind = sequenceStart
	case avcNALUs:
		p.kind, p.offset = codedFrames, int24(rest)
	default:
		return p, errPacketType
	}
	return p, nil
}

// classicVideo names the codec ids of FLV, and those that vendors added.
func classicVideo(id byte) string {
	name := ""
	switch id {
	case 1:
		name = "JPEG"
	case 2:
		name = "Sorenson H.263"
	case 3:
		name = "Screen"
	case 4:
		name = "VP6"
	case 5:
		name = "VP6 alpha"
	case 6:
		name = "Screen 2"
	case 8:
		name = "H.263"
	case 9:
		name = "MPEG-4 part 2"
	case 13:
		name = "AV1"
	default:
		return fmt.Sprintf("video of an unknown codec (codec id %d)", id)
	}
	return fmt.Sprintf("%s video (codec id %d)", name, id)
}
