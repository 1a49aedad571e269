package codec

import "sluice/pkg/media"

// SilentFrame returns a frame of a track, as long as its frames are, in which nothing is to be
// heard; nil where there is none: for E-AC-3, AC-3 and FLAC, and for some configurations of
// AAC and Opus.
func SilentFrame(t media.Track) []byte {
	switch t.Codec {
	case media.AAC:
		if a, err := ParseAAC(t.Config); err == nil {
			return a.SilentFrame()
		}
	case media.Opus:
		return Opus{Config: t.Config, Channels: t.Channels, Frame: int(t.FrameTicks)}.SilentFrame()
	case media.MP3:
		return silentMP3(t)
	case media.H264, media.HEVC, media.AV1, media.VP9, media.FLAC, media.AC3, media.EAC3:
	}
	return nil
}

// The ids of syntactic elements of AAC (ISO/IEC 14496-3 table 4.85).
const (
	singleChannel = 0
	channelPair   = 1
	lowFrequency  = 3
	endOfFrame    = 7
)

// elements returns the syntactic elements of a frame (ISO/IEC 14496-3 table 1.19),
// none for a configuration that does not say them.
func elements(channelConfiguration int) []uint64 {
	switch channelConfiguration {
	case 1:
		return []uint64{singleChannel}
	case 2:
		return []uint64{channelPair}
	case 3:
		return []uint64{singleChannel, channelPair}
	case 4:
		return []uint64{singleChannel, channelPair, singleChannel}
	case 5:
		return []uint64{singleChannel, channelPair, channelPair}
	case 6:
		return []uint64{singleChannel, channelPair, channelPair, lowFrequency}
	case 7:
		return []uint64{singleChannel, channelPair, channelPair, channelPair, lowFrequency}
	}
	return nil
}

// SilentFrame returns an access unit (raw_data_block, ISO/IEC 14496-3 4.4.2.1) in
// which no channel has a scale factor band: a decoder of that configuration plays
// silence for it. It returns nil where the channel configuration is not 1 to 7.
func (a AAC) SilentFrame() []byte {
	all := elements(a.ChannelConfiguration)
	if len(all) == 0 {
		return nil
	}
	const (
		gain = 8 // bits of global_gain
		info = 11
		rest = 3 // pulse_data_present, tns_data_present, gain_control_data_present
	)
	var b bitWriter
	tags := map[uint64]uint64{}
	for _, id := range all {
		b.u(3, id)
		b.u(4, tags[id])
		tags[id]++
		if id != channelPair {
			b.u(gain+info+rest, 0)
			continue
		}
		b.u(1, 1)             // common_window
		b.u(info+2, 0)        // and ms_mask_present
		b.u(2*(gain+rest), 0) // no ics_info of their own
	}
	b.u(3, endOfFrame)
	return b.data
}

// A bitWriter writes big-endian bit fields. What is not written of the last byte is
// zero.
type bitWriter struct {
	data []byte
	bits int
}

// u writes an unsigned field of n bits, at most 64.
func (w *bitWriter) u(n int, v uint64) {
	for n--; n >= 0; n-- {
		if w.bits%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.bits/8] |= byte(v>>n&1) << (7 - w.bits%8)
		w.bits++
	}
}
