package flv

import (
	"fmt"

	"sluice/pkg/media"
)

// Sound formats: the top four bits of an audio tag.
const (
	soundMP3      = 2
	soundEnhanced = 9
	soundAAC      = 10
	soundMP3At8k  = 14
)

// AACPacketType, the second byte of a classic AAC tag.
const (
	aacSequenceHeader = 0
	aacRaw            = 1
)

// parseAudio reads the header of an audio message in the classic form (FLV 10.1 E.4.2). An
// empty one marks silence. The rate and channel bits mean nothing for AAC, and MP3 says them
// itself.
func parseAudio(body []byte) (packet, error) {
	p := packet{id: media.TrackID{Kind: media.Audio}, codec: media.AAC}
	if len(body) == 0 {
		return p, nil
	}
	switch format := body[0] >> 4; format {
	case soundMP3, soundMP3At8k:
		p.codec, p.kind, p.data = media.MP3, codedFrames, body[1:]
		return p, nil
	case soundAAC:
	default:
		return p, unsupported(p.id, classicAudio(format))
	}
	if len(body) < 2 {
		return p, errTruncated
	}
	p.data = body[2:]
	switch body[1] {
	case aacSequenceHeader:
		p.kind = sequenceStart
	case aacRaw:
		p.kind = codedFrames
	default:
		return p, errPacketType
	}
	return p, nil
}

// classicAudio names the sound formats of FLV.
func classicAudio(format byte) string {
	name := ""
	switch format {
	case 0, 3:
		name = "PCM"
	case 1:
		name = "ADPCM"
	case 4, 5, 6:
		name = "Nellymoser"
	case 7:
		name = "G.711 A-law"
	case 8:
		name = "G.711 mu-law"
	case 11:
		name = "Speex"
	default:
		return fmt.Sprintf("audio of an unknown codec (sound format %d)", format)
	}
	return fmt.Sprintf("%s audio (sound format %d)", name, format)
}
