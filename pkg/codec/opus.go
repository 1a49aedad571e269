package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"sluice/pkg/media"
)

// OpusRate is the unit in which Opus counts, in samples a second, whatever went into the
// encoder.
const OpusRate = 48000

// Opus is an Opus decoder configuration.
type Opus struct {
	// Config is the content of the box "dOps" ("Encapsulation of Opus in ISO Base Media File
	// Format" 4.3.2).
	Config []byte

	Channels int

	// Frame is the usual length of a packet, in samples; 0 before one has come.
	Frame int
}

// The ID header of Ogg Opus (RFC 7845 5.1).
const (
	opusMagic      = "OpusHead"
	opusHeaderSize = 19 // without a channel mapping table
)

// ParseOpus reads an ID header of Ogg Opus, which is what Enhanced RTMP has as the sequence
// header. The error wraps ErrUnsupported where its mapping family is none that a box can say.
func ParseOpus(header []byte) (Opus, error) {
	if len(header) < opusHeaderSize || string(header[:len(opusMagic)]) != opusMagic {
		return Opus{}, fmt.Errorf("OpusHead: %w", errTruncated)
	}
	b := header[len(opusMagic):]
	version, channels, family := b[0], b[1], b[10]
	if version>>4 != 0 { // the upper half is what is not compatible
		return Opus{}, fmt.Errorf("OpusHead: version %d is %w", version, ErrUnsupported)
	}
	config := []byte{0, channels}
	config = binary.BigEndian.AppendUint16(config, binary.LittleEndian.Uint16(b[2:])) // pre-skip
	config = binary.BigEndian.AppendUint32(config, binary.LittleEndian.Uint32(b[4:])) // rate of the input
	config = binary.BigEndian.AppendUint16(config, binary.LittleEndian.Uint16(b[8:])) // gain
	config = append(config, family)
	table := b[11:]
	switch {
	case channels == 0 || family == 0 && channels > 2:
		return Opus{}, fmt.Errorf("OpusHead: %d channels of mapping family %d", channels, family)
	case family > 1 && family < 255:
		return Opus{}, fmt.Errorf("OpusHead: mapping family %d is %w", family, ErrUnsupported)
	case family == 0:
	case len(table) < 2+int(channels):
		return Opus{}, fmt.Errorf("OpusHead: %w", errTruncated)
	default:
		streams, coupled, mapping := table[0], table[1], table[2:2+int(channels)]
		most := int(streams) + int(coupled)
		if streams == 0 || coupled > streams || slices.ContainsFunc(mapping, func(c byte) bool { return c != 255 && int(c) >= most }) {
			return Opus{}, fmt.Errorf("OpusHead: %d channels of %d streams, %d coupled", channels, streams, coupled)
		}
		config = append(config, table[:2+int(channels)]...)
	}
	return Opus{Config: bytes.Clone(config), Channels: int(channels)}, nil
}

// OpusLength returns how many samples a packet has (RFC 6716 3.1), false for one that is
// malformed.
func OpusLength(packet []byte) (samples int, ok bool) {
	if len(packet) == 0 {
		return 0, false
	}
	toc, frames := packet[0], 1
	switch toc & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0, false
		}
		frames = int(packet[1] & 0x3f)
	}
	const most = OpusRate * 120 / 1000
	samples = frames * opusFrame(toc>>3)
	return samples, samples > 0 && samples <= most
}

// opusFrame returns how many samples a frame has (RFC 6716 table 2).
func opusFrame(config byte) int {
	const ms = OpusRate / 1000
	switch {
	case config >= 16: // CELT
		return 5 * ms / 2 << (config & 3)
	case config >= 12: // hybrid
		return 10 * ms << (config & 1)
	case config&3 == 3:
		return 60 * ms
	}
	return 10 * ms << (config & 3)
}

// SilentFrame returns a packet of the usual length in which nothing is to be heard: each
// frame says that it is silent (RFC 6716 4.3). It returns nil before a packet has come, for
// lengths that CELT has no frames of, and for more than one stream.
func (o Opus) SilentFrame() []byte {
	const (
		ms         = OpusRate / 1000
		fullband   = 28 // the configuration of the shortest frames
		stereo     = 1 << 2
		several    = 3
		long       = 20 * ms
		longConfig = fullband + 3
	)
	family := o.Config[10]
	if family != 0 || o.Frame == 0 {
		return nil
	}
	frame := []byte{0xff, 0xfe}
	toc := byte(0)
	if o.Channels == 2 {
		toc = stereo
	}
	for i := range byte(3) {
		if o.Frame == 5*ms/2<<i {
			return append([]byte{toc | (fullband+i)<<3}, frame...)
		}
	}
	if o.Frame%long != 0 {
		return nil
	}
	n := o.Frame / long
	return append([]byte{toc | longConfig<<3 | several, byte(n)}, bytes.Repeat(frame, n)...)
}

// Track returns o as the track id.
func (o Opus) Track(id media.TrackID) media.Track {
	return media.Track{
		ID:         id,
		Codec:      media.Opus,
		Timescale:  OpusRate,
		Config:     o.Config,
		Codecs:     "Opus",
		SampleRate: OpusRate,
		Channels:   o.Channels,
		FrameTicks: media.Ticks(o.Frame),
	}
}
