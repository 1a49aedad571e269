package codec

import (
	"errors"
	"fmt"

	"sluice/pkg/media"
)

// MP3 is what the header of a frame of MP3 says.
type MP3 struct {
	// ObjectType is the objectTypeIndication of ISO/IEC 14496-1: 0x6b for MPEG-1, 0x69 for
	// the lower rates of MPEG-2 and 2.5.
	ObjectType byte

	SampleRate int // in hertz
	Channels   int
	Frame      int // samples of a frame
}

// mp3HeaderSize is the size of the header of a frame.
const mp3HeaderSize = 4

// ParseMP3 reads the header of a frame (ISO/IEC 11172-3 2.4.1.3). It returns an error where
// there is none of layer III.
func ParseMP3(frame []byte) (MP3, error) {
	if len(frame) < mp3HeaderSize {
		return MP3{}, fmt.Errorf("MP3: %w", errTruncated)
	}
	const layer3 = 1
	version, layer := frame[1]>>3&3, frame[1]>>1&3
	rate := frame[2] >> 2 & 3
	if frame[0] != 0xff || frame[1]>>5 != 7 || version == 1 || layer != layer3 || frame[2]>>4 == 15 || rate == 3 {
		return MP3{}, errors.New("MP3: not the header of a frame")
	}
	m := MP3{ObjectType: 0x6b, SampleRate: [...]int{44100, 48000, 32000}[rate], Channels: 2, Frame: 1152}
	const mono = 3
	if frame[3]>>6 == mono {
		m.Channels = 1
	}
	switch version {
	case 2: // MPEG-2
		m.ObjectType, m.SampleRate, m.Frame = 0x69, m.SampleRate/2, 576
	case 0: // MPEG-2.5
		m.ObjectType, m.SampleRate, m.Frame = 0x69, m.SampleRate/4, 576
	}
	return m, nil
}

// Track returns m as the track id. Its Config is the object type.
func (m MP3) Track(id media.TrackID) media.Track {
	return media.Track{
		ID:         id,
		Codec:      media.MP3,
		Timescale:  uint32(m.SampleRate),
		Config:     []byte{m.ObjectType},
		Codecs:     fmt.Sprintf("mp4a.%02X", m.ObjectType),
		SampleRate: m.SampleRate,
		Channels:   m.Channels,
		FrameTicks: media.Ticks(m.Frame),
	}
}

// silentMP3 returns a frame of so low a bit rate that all there must be fits in, and in which
// no granule has any data (ISO/IEC 11172-3 2.4.1.7).
func silentMP3(t media.Track) []byte {
	version, bitrate, rate := byte(0xfb), 64_000, t.SampleRate // MPEG-1, without a checksum
	index := byte(5)
	if rate < 32_000 { // MPEG-2
		version, bitrate, index, rate = 0xf3, 32_000, 4, 2*rate
	}
	if rate < 32_000 { // MPEG-2.5
		version, rate = 0xe3, 2*rate
	}
	rates := map[int]byte{44100: 0, 48000: 1, 32000: 2}
	mode := byte(0)
	if t.Channels == 1 {
		mode = 3
	}
	frame := make([]byte, bitrate*int(t.FrameTicks)/8/t.SampleRate)
	copy(frame, []byte{0xff, version, index<<4 | rates[rate]<<2, mode << 6})
	return frame
}
