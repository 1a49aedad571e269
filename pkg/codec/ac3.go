package codec

import (
	"errors"
	"fmt"

	"sluice/pkg/media"
)

// AC3 is what the header of a frame of AC-3 or E-AC-3 says.
type AC3 struct {
	// Config is the content of the box "dac3", or "dec3" for E-AC-3 (ETSI TS 102 366 annex F).
	Config []byte

	Codec      media.Codec // AC3 or EAC3
	SampleRate int         // in hertz
	Channels   int
	Frame      int // samples of a frame
}

// ac3Sync is the syncword of a frame.
const ac3Sync = 0x0b77

// ac3BlockSize is the number of samples of an audio block.
const ac3BlockSize = 256

var errNotAC3 = errors.New("not a frame of AC-3")

// ParseAC3 reads the header of a frame of AC-3 or E-AC-3 (ETSI TS 102 366 4.3, E.1.2), and of
// those of other substreams that follow it in the data.
func ParseAC3(frame []byte) (AC3, error) {
	const header = 8 // bytes, of what is read
	if len(frame) < header {
		return AC3{}, fmt.Errorf("AC-3: %w", errTruncated)
	}
	if uint16(frame[0])<<8|uint16(frame[1]) != ac3Sync {
		return AC3{}, errNotAC3
	}
	// Both have it at the same place.
	const lastAC3, eac3 = 10, 16
	switch id := frame[5] >> 3; {
	case id <= lastAC3:
		return parseAC3(frame)
	case id <= eac3:
		return parseEAC3(frame)
	}
	return AC3{}, errNotAC3
}

// ac3Rate returns the sampling rate of an fscod, 0 for the reserved one.
func ac3Rate(code uint32) int { return [...]int{48000, 44100, 32000, 0}[code&3] }

// ac3Channels returns how many channels an acmod has.
func ac3Channels(mode, lfe uint32) int { return [...]int{2, 1, 2, 3, 3, 4, 4, 5}[mode&7] + int(lfe) }

func parseAC3(frame []byte) (AC3, error) {
	r := &bitReader{data: frame[:min(len(frame), 16)]}
	r.skip(16 + 16) // the syncword, a checksum
	rate, size := r.u(2), r.u(6)
	id, kind, mode := r.u(5), r.u(3), r.u(3)
	if mode&1 != 0 && mode != 1 {
		r.skip(2) // cmixlev
	}
	if mode&4 != 0 {
		r.skip(2) // surmixlev
	}
	if mode == 2 {
		r.skip(2) // dsurmod
	}
	lfe := r.u(1)
	const sizes = 38
	if r.overrun || ac3Rate(rate) == 0 || size >= sizes {
		return AC3{}, errNotAC3
	}
	var w bitWriter
	w.u(2, uint64(rate))
	w.u(5, uint64(id))
	w.u(3, uint64(kind))
	w.u(3, uint64(mode))
	w.u(1, uint64(lfe))
	w.u(5, uint64(size/2)) // bit_rate_code
	w.u(5, 0)
	const blocks = 6
	sampleRate := ac3Rate(rate) >> max(int(id)-8, 0)
	return AC3{Config: w.data, Codec: media.AC3, SampleRate: sampleRate, Channels: ac3Channels(mode, lfe), Frame: blocks * ac3BlockSize}, nil
}
