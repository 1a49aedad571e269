package flv

import (
	"fmt"

	"sluice/pkg/media"
)

// Packet types of Enhanced RTMP, the low four bits of a message: those that
// video and audio share, then those of each.
const (
	exSequenceStart = 0
	exCodedFrames   = 1
	exSequenceEnd   = 2
	exModEx         = 7

	exVideoCodedFramesX = 3 // without a composition time
	exVideoMetadata     = 4
	exVideoMultitrack   = 6

	exAudioMultichannelConfig = 4
	exAudioMultitrack         = 5
)

// parseEnhancedVideo reads the rest of a video message that starts with
// IsExVideoHeader, into p (Enhanced RTMP v2, "Enhanced Video").
func parseEnhancedVideo(p packet, body []byte) (packet, error) {
	frameType := body[0] >> 4 & 7
	kind, rest, err := skipModEx(body[0]&0x0f, body[1:])
	if err != nil {
		return p, err
	}
	if kind != exVideoMetadata && frameType == frameCommand {
		return p, nil // a VideoCommand stands in place of the FourCC
	}
	if kind == exVideoMultitrack {
		return p, refuseMultitrack(p.id, rest)
	}
	if len(rest) < 4 {
		return p, errTruncated
	}
	name, rest := fourCC(rest[:4]), rest[4:]
	if string(name[:]) != fourCCAVC {
		return p, unsupported(p.id, name.title(media.Video))
	}
	return videoPacket(p, kind, rest)
}

// videoPacket reads what follows the FourCC of an H.264 track.
func videoPacket(p packet, kind byte, rest []byte) (packet, error) {
	p.data = rest
	switch kind {
	case exSequenceStart:
		p.kind = sequenceStart
	case exCodedFrames:
		if len(rest) < 3 {
			return p, errTruncated
		}
		p.kind, p.offset, p.data = codedFrames, int24(rest), rest[3:]
	case exVideoCodedFramesX:
		p.kind = codedFrames
	case exSequenceEnd, exVideoMetadata:
	default:
		return p, unsupported(p.id, fmt.Sprintf("Enhanced RTMP video packet type %d", kind))
	}
	return p, nil
}

// parseEnhancedAudio reads the rest of an audio message whose sound format is
// ExHeader, into p (Enhanced RTMP v2, "Enhanced Audio").
func parseEnhancedAudio(p packet, body []byte) (packet, error) {
	kind, rest, err := skipModEx(body[0]&0x0f, body[1:])
	if err != nil {
		return p, err
	}
	if kind == exAudioMultitrack {
		return p, refuseMultitrack(p.id, rest)
	}
	if len(rest) < 4 {
		return p, errTruncated
	}
	name, rest := fourCC(rest[:4]), rest[4:]
	if string(name[:]) != fourCCAAC {
		return p, unsupported(p.id, name.title(media.Audio))
	}
	p.data = rest
	switch kind {
	case exSequenceStart:
		p.kind = sequenceStart
	case exCodedFrames:
		p.kind = codedFrames
	case exSequenceEnd, exAudioMultichannelConfig:
	default:
		return p, unsupported(p.id, fmt.Sprintf("Enhanced RTMP audio packet type %d", kind))
	}
	return p, nil
}

// skipModEx passes over the modifiers in front of a packet, and returns the
// packet type behind them. The only one defined is an offset of less than a
// millisecond, which the unit of message times has no room for.
func skipModEx(kind byte, rest []byte) (byte, []byte, error) {
	for kind == exModEx {
		if len(rest) < 1 {
			return 0, nil, errTruncated
		}
		size, header := int(rest[0])+1, 1
		if size == 256 {
			if len(rest) < 3 {
				return 0, nil, errTruncated
			}
			size, header = int(rest[1])<<8+int(rest[2])+1, 3
		}
		if len(rest) < header+size+1 {
			return 0, nil, errTruncated
		}
		kind = rest[header+size] & 0x0f // below the type of the modifier
		rest = rest[header+size+1:]
	}
	return kind, rest, nil
}

// The types of multitrack messages.
const (
	manyTracksManyCodecs = 2
)

// refuseMultitrack refuses a message that names its tracks, by its first one.
// In front of that stand the type of multitrack and the packet type, and the
// FourCC, which only manyTracksManyCodecs repeats for each track.
func refuseMultitrack(id media.TrackID, rest []byte) error {
	if len(rest) < 6 {
		return errTruncated
	}
	if kind := rest[0] >> 4; kind > manyTracksManyCodecs {
		return unsupported(id, fmt.Sprintf("Enhanced RTMP multitrack %v type %d", id.Kind, kind))
	}
	name := fourCC(rest[1:5])
	id.Index = rest[5]
	return unsupported(id, name.title(id.Kind)+" in a multitrack message")
}
