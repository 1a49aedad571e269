package codec

import "fmt"

// ADTSHeaderSize is the size of an ADTS header without CRC.
const ADTSHeaderSize = 7

// maxADTSFrame is the most that the 13 bits of aac_frame_length can say.
const maxADTSFrame = 1<<13 - 1

// ADTSHeader returns the header in front of one raw frame of size bytes
// (ISO/IEC 14496-3 1.A.2.2). It describes the core alone: an HE-AAC decoder
// finds SBR and PS in the frames. The error wraps ErrUnsupported when a header
// cannot say what the configuration says: frames of 960 samples, a sampling
// rate outside the table, a channel configuration other than 1 to 7.
func (a AAC) ADTSHeader(size int) ([ADTSHeaderSize]byte, error) {
	index, ok := rateIndex(a.SampleRate)
	switch {
	case !ok:
		return [ADTSHeaderSize]byte{}, fmt.Errorf("ADTS: a sampling rate of %d Hz is %w", a.SampleRate, ErrUnsupported)
	case a.FrameLength != 1024:
		return [ADTSHeaderSize]byte{}, fmt.Errorf("ADTS: a frame of %d samples is %w", a.FrameLength, ErrUnsupported)
	case a.ChannelConfiguration < 1 || a.ChannelConfiguration > 7:
		return [ADTSHeaderSize]byte{}, fmt.Errorf("ADTS: channel configuration %d is %w", a.ChannelConfiguration, ErrUnsupported)
	case size < 0 || size > maxADTSFrame-ADTSHeaderSize:
		return [ADTSHeaderSize]byte{}, fmt.Errorf("ADTS: a frame of %d bytes is %w", size, ErrUnsupported)
	}
	size += ADTSHeaderSize
	profile, channels := byte(a.ObjectType-1), byte(a.ChannelConfiguration)
	return [ADTSHeaderSize]byte{
		0xff, 0xf1, // syncword, MPEG-4, layer 0, no CRC
		profile<<6 | byte(index)<<2 | channels>>2,
		channels<<6 | byte(size>>11),
		byte(size >> 3),
		byte(size<<5) | 0x1f, 0xfc, // buffer fullness 0x7ff: variable rate; one block
	}, nil
}
