package codec

import (
	"math/bits"

	"sluice/pkg/media"
)

// An eac3Header is what the header of a frame of E-AC-3 says (ETSI TS 102 366 E.1.2).
type eac3Header struct {
	kind      uint32 // strmtyp: independent, dependent, or AC-3 in the form of E-AC-3
	stream    uint32 // substreamid
	size      int    // of the frame, in bytes
	rateCode  uint32 // fscod
	rate      int    // in hertz
	blocks    int
	mode, lfe uint32
	id        uint32 // bsid
	channels  uint32 // chanmap of a dependent substream
}

const dependent = 1

func readEAC3(frame []byte) (h eac3Header, ok bool) {
	r := &bitReader{data: frame[:min(len(frame), 32)]}
	if r.u(16) != ac3Sync {
		return h, false
	}
	h.kind, h.stream = r.u(2), r.u(3)
	h.size = 2 * (int(r.u(11)) + 1)
	h.rateCode = r.u(2)
	h.rate, h.blocks = ac3Rate(h.rateCode), 6
	if h.rateCode == 3 {
		h.rate = ac3Rate(r.u(2)) / 2
	} else {
		h.blocks = [...]int{1, 2, 3, 6}[r.u(2)]
	}
	h.mode, h.lfe, h.id = r.u(3), r.u(1), r.u(5)
	for range 2 - min(h.mode, 1) { // once more for the second channel of two that are apart
		r.skip(5)     // dialnorm
		if r.flag() { // compre
			r.skip(8)
		}
	}
	if h.kind == dependent && r.flag() { // chanmape
		h.channels = r.u(16)
	}
	return h, !r.overrun && h.rate != 0
}

// parseEAC3 reads the header of the first frame, which is of an independent substream, those of
// its dependent substreams behind it, and those of more frames of the same. Programmes beside
// the first are not said.
func parseEAC3(frame []byte) (AC3, error) {
	first, ok := readEAC3(frame)
	if !ok || first.kind == dependent {
		return AC3{}, errNotAC3
	}
	const most = 8 // dependent substreams
	size, blocks, extra, where := 0, 0, uint64(0), uint64(0)
	for rest := frame; len(rest) > 0; {
		h, ok := readEAC3(rest)
		if !ok {
			break
		}
		switch {
		case h.kind != dependent && h.stream == first.stream:
			blocks += h.blocks
		case h.kind == dependent && blocks == first.blocks && extra < most:
			extra, where = extra+1, where|channelLocation(h.channels)
		}
		size += h.size
		rest = rest[min(h.size, len(rest)):]
	}
	samples := blocks * ac3BlockSize
	var w bitWriter
	w.u(13, uint64(min(size*8*first.rate/samples/1000, 1<<13-1))) // data_rate, in kbit/s
	w.u(3, 0)                                                     // independent substreams beside the first
	w.u(2, uint64(first.rateCode))
	w.u(5, uint64(first.id))
	w.u(1+1, 0) // asvc: it is the main programme
	w.u(3, 0)   // bsmod
	w.u(3, uint64(first.mode))
	w.u(1, uint64(first.lfe))
	w.u(3, 0)
	w.u(4, extra)
	if extra > 0 {
		w.u(9, where)
	} else {
		w.u(1, 0)
	}
	return AC3{Config: w.data, Codec: media.EAC3, SampleRate: first.rate, Channels: ac3Channels(first.mode, first.lfe) + channelsAt(where), Frame: samples}, nil
}

// channelLocation returns the chan_loc of a chanmap (ETSI TS 102 366 F.6.2.13, E.1.3.1.8): the
// same places, but for those that any substream may have, from the other end.
func channelLocation(channels uint32) uint64 {
	const first, last, lfe2 = 10, 3, 1 // bits of a chanmap: Lc/Rc, the vertical centre, a second LFE
	location := uint64(0)
	for bit := first; bit >= last; bit-- {
		location |= uint64(channels>>bit&1) << (first - bit)
	}
	return location | uint64(channels>>lfe2&1)<<8
}

// channelsAt returns how many channels there are at places of a chan_loc.
func channelsAt(location uint64) int {
	const pairs = 1<<0 | 1<<1 | 1<<4 | 1<<5 | 1<<6 // Lc/Rc, Lrs/Rrs, Lsd/Rsd, Lw/Rw, Lvh/Rvh
	return bits.OnesCount64(location) + bits.OnesCount64(location&pairs)
}

// Track returns a as the track id.
func (a AC3) Track(id media.TrackID) media.Track {
	codecs := "ac-3"
	if a.Codec == media.EAC3 {
		codecs = "ec-3"
	}
	return media.Track{
		ID:         id,
		Codec:      a.Codec,
		Timescale:  uint32(a.SampleRate),
		Config:     a.Config,
		Codecs:     codecs,
		SampleRate: a.SampleRate,
		Channels:   a.Channels,
		FrameTicks: media.Ticks(a.Frame),
	}
}
