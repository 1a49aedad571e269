package codec

import (
	"bytes"
	"fmt"

	"sluice/pkg/media"
)

// FLAC is a FLAC decoder configuration.
type FLAC struct {
	// Config is what the box "dfLa" has behind its version and flags: the STREAMINFO
	// block, marked as the last ("Encapsulation of FLAC in ISO Base Media File Format" 3.3.2).
	// What an encoder knows only in the end is left out of it: how large the frames are, how
	// many samples there are, and their checksum.
	Config []byte

	SampleRate int // in hertz
	Channels   int
	Depth      int // bits a sample
	Frame      int // samples of the longest frame
}

// The metadata of FLAC (RFC 9639 8).
const (
	flacMagic      = "fLaC"
	flacHeader     = 4 // of a metadata block
	streamInfoSize = 34
	lastBlock      = 0x80
)

// ParseFLAC reads the beginning of a native FLAC stream, as far as the STREAMINFO block. The
// "fLaC" in front may be missing, and the header of the block, too: ffmpeg sends neither.
func ParseFLAC(header []byte) (FLAC, error) {
	b := bytes.TrimPrefix(header, []byte(flacMagic))
	if len(b) != streamInfoSize {
		if len(b) < flacHeader+streamInfoSize {
			return FLAC{}, fmt.Errorf("FLAC: %w", errTruncated)
		}
		if b[0]&^lastBlock != 0 || b[1] != 0 || b[2] != 0 || b[3] != streamInfoSize {
			return FLAC{}, fmt.Errorf("FLAC: block of type %d where STREAMINFO should be", b[0]&^lastBlock)
		}
		b = b[flacHeader:]
	}
	config := append([]byte{lastBlock, 0, 0, streamInfoSize}, b[:streamInfoSize]...)
	clear(config[flacHeader+4 : flacHeader+10])
	config[flacHeader+13] &= 0xf0
	clear(config[flacHeader+14:])
	r := &bitReader{data: config[flacHeader:]}
	f := FLAC{Config: config}
	r.skip(16) // the shortest block
	f.Frame = int(r.u(16))
	r.skip(24 + 24) // the smallest and the largest frame
	f.SampleRate = int(r.u(20))
	f.Channels = int(r.u(3)) + 1
	f.Depth = int(r.u(5)) + 1
	const slowest, fastest, shortest = 7350, 384_000, 16
	if f.SampleRate < slowest || f.SampleRate > fastest || f.Frame < shortest || f.Frame > f.SampleRate {
		return FLAC{}, fmt.Errorf("FLAC: %d Hz in blocks of %d samples is %w", f.SampleRate, f.Frame, ErrUnsupported)
	}
	return f, nil
}

// FLACLength returns how many samples a frame has (RFC 9639 9.1), false for one that is
// malformed.
func FLACLength(frame []byte) (samples int, ok bool) {
	const sync, mask = 0xfff8, 0xfffe
	r := &bitReader{data: frame[:min(len(frame), 16)]}
	if r.u(16)&mask != sync {
		return 0, false
	}
	code := r.u(4)
	r.skip(4 + 4 + 3 + 1) // rate, channels, depth, reserved
	for lead := r.u(8); lead&0xc0 == 0xc0; lead <<= 1 {
		r.skip(8) // of the number of the frame
	}
	switch {
	case code == 0:
		return 0, false
	case code == 1:
		samples = 192
	case code < 6:
		samples = 576 << (code - 2)
	case code == 6:
		samples = int(r.u(8)) + 1
	case code == 7:
		samples = int(r.u(16)) + 1
	default:
		samples = 256 << (code - 8)
	}
	return samples, !r.overrun
}

// Track returns f as the track id.
func (f FLAC) Track(id media.TrackID) media.Track {
	return media.Track{
		ID:         id,
		Codec:      media.FLAC,
		Timescale:  uint32(f.SampleRate),
		Config:     f.Config,
		Codecs:     "fLaC",
		SampleRate: f.SampleRate,
		Channels:   f.Channels,
		FrameTicks: media.Ticks(f.Frame),
	}
}
