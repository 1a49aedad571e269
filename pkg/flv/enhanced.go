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

// An enhanced message is one in the form of Enhanced RTMP v2, as far as what it holds is the
// same for all its tracks.
type enhanced struct {
	media.Kind
	packet byte   // packet type
	nanos  uint32 // to add to presentation times
}

// enhancedVideo reads a video message that starts with IsExVideoHeader ("Enhanced Video").
func (d *Demuxer) enhancedVideo(time uint32, body []byte, h Handler) error {
	m := enhanced{Kind: media.Video}
	rest, err := m.begin(body)
	if err != nil {
		d.fail(err, h)
		return nil
	}
	switch {
	case m.packet != exVideoMetadata && body[0]>>4&7 == frameCommand:
		return nil // a VideoCommand stands in place of the FourCC
	case m.packet == exVideoMultitrack:
		return d.multitrack(time, m, rest, h)
	}
	return d.single(time, m, rest, h)
}

// enhancedAudio reads an audio message whose sound format is ExHeader ("Enhanced Audio").
func (d *Demuxer) enhancedAudio(time uint32, body []byte, h Handler) error {
	m := enhanced{Kind: media.Audio}
	rest, err := m.begin(body)
	if err != nil {
		d.fail(err, h)
		return nil
	}
	if m.packet == exAudioMultitrack {
		return d.multitrack(time, m, rest, h)
	}
	return d.single(time, m, rest, h)
}

// begin reads the first byte and the modifiers behind it, and returns the rest.
func (m *enhanced) begin(body []byte) (rest []byte, err error) {
	m.packet, rest = body[0]&0x0f, body[1:]
	for m.packet == exModEx {
		if rest, err = m.modify(rest); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// timestampOffsetNano is the type of the one modifier that is defined: nanoseconds that are
// added to the presentation time, in three bytes or more.
const timestampOffsetNano = 0

// modify reads a modifier. Those that are not known change nothing.
func (m *enhanced) modify(rest []byte) ([]byte, error) {
	if len(rest) < 1 {
		return nil, errTruncated
	}
	size, header := int(rest[0])+1, 1
	if size == 256 {
		if len(rest) < 3 {
			return nil, errTruncated
		}
		size, header = int(rest[1])<<8+int(rest[2])+1, 3
	}
	if len(rest) < header+size+1 {
		return nil, errTruncated
	}
	data, kinds := rest[header:header+size], rest[header+size]
	const millisecond = 1e6
	if kinds>>4 == timestampOffsetNano && size >= 3 {
		if nanos := uint24(data); nanos < millisecond {
			m.nanos = uint32(nanos)
		}
	}
	m.packet = kinds & 0x0f
	return rest[header+size+1:], nil
}

// single reads what is behind the header of a message of one track.
func (d *Demuxer) single(time uint32, m enhanced, rest []byte, h Handler) error {
	if len(rest) < len(fourCC{}) {
		d.fail(errTruncated, h)
		return nil
	}
	return d.part(time, m, media.TrackID{Kind: m.Kind}, fourCC(rest[:4]), rest[4:], h)
}

// The types of multitrack messages.
const (
	oneTrack             = 0
	manyTracks           = 1
	manyTracksManyCodecs = 2
)

// multitrack reads what is behind the header of a message that names its tracks. What is
// wrong with one of them costs the others nothing.
func (d *Demuxer) multitrack(time uint32, m enhanced, rest []byte, h Handler) error {
	if len(rest) < 1 {
		d.fail(errTruncated, h)
		return nil
	}
	kind := rest[0] >> 4
	nested := m.packet
	m.packet, rest = rest[0]&0x0f, rest[1:]
	switch {
	case kind > manyTracksManyCodecs:
		d.fail(unsupported(media.TrackID{Kind: m.Kind}, fmt.Sprintf("Enhanced RTMP multitrack %v type %d", m.Kind, kind)), h)
		return nil
	case m.packet == nested:
		d.fail(errPacketType, h)
		return nil
	}
	var name fourCC
	if kind != manyTracksManyCodecs {
		if len(rest) < len(name) {
			d.fail(errTruncated, h)
			return nil
		}
		name, rest = fourCC(rest[:4]), rest[4:]
	}
	for first := true; first || len(rest) > 0; first = false {
		id, data, ok := media.TrackID{Kind: m.Kind}, []byte(nil), false
		if kind == manyTracksManyCodecs && len(rest) >= len(name) {
			name, rest = fourCC(rest[:4]), rest[4:]
		}
		if id.Index, data, rest, ok = nextTrack(rest, kind != oneTrack); !ok {
			d.fail(errTruncated, h)
			return nil
		}
		if err := d.part(time, m, id, name, data, h); err != nil {
			return err
		}
	}
	return nil
}

// nextTrack reads the number of a track and what is there of it: so many bytes as it says,
// or all that is left.
func nextTrack(rest []byte, sized bool) (index uint8, data, more []byte, ok bool) {
	if len(rest) < 1 {
		return 0, nil, nil, false
	}
	index, rest = rest[0], rest[1:]
	if !sized {
		return index, rest, nil, true
	}
	if len(rest) < 3 || len(rest)-3 < uint24(rest) {
		return 0, nil, nil, false
	}
	end := 3 + uint24(rest)
	return index, rest[3:end:end], rest[end:], true
}

// part delivers what a message has of one track.
func (d *Demuxer) part(time uint32, m enhanced, id media.TrackID, name fourCC, data []byte, h Handler) error {
	p, err := m.parse(id, name, data)
	if err != nil {
		d.fail(err, h)
		return nil
	}
	return d.deliver(time, p, h)
}

// parse reads what is behind the FourCC and the number of a track.
func (m enhanced) parse(id media.TrackID, name fourCC, data []byte) (packet, error) {
	c, known := name.codec(m.Kind)
	p := packet{id: id, codec: c, nanos: m.nanos, data: data}
	if !known {
		return p, unsupported(id, name.title(m.Kind))
	}
	switch {
	case m.packet == exSequenceStart:
		p.kind = sequenceStart
	case m.packet == exCodedFrames && (c == media.H264 || c == media.HEVC):
		if len(data) < 3 {
			return p, errTruncated
		}
		p.kind, p.offset, p.data = codedFrames, int24(data), data[3:]
	case m.packet == exCodedFrames, m.packet == exVideoCodedFramesX && m.Kind == media.Video:
		p.kind = codedFrames
	case m.packet == exSequenceEnd:
	case m.packet == exVideoMetadata && m.Kind == media.Video:
		p.kind = description
	case m.packet == exAudioMultichannelConfig && m.Kind == media.Audio:
	default:
		return p, unsupported(id, fmt.Sprintf("Enhanced RTMP %v packet type %d", m.Kind, m.packet))
	}
	return p, nil
}
