package codec

import "sluice/pkg/media"

// readVUI reads the start of the VUI parameters (ITU-T H.264 E.1.1), as far
// as the timing. A set that is cut off leaves s as it was: encoders are known
// to get this part wrong, and the pictures decode without it.
func (s *SPS) readVUI(r *bitReader) {
	vui := *s
	if r.flag() {
		vui.SampleAspect = readAspect(r)
	}
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if r.flag() {
		vui.Color = readColor(r)
	}
	if r.flag() { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
	if r.flag() {
		vui.FrameRate = readFrameRate(r)
	}
	if !r.overrun {
		*s = vui
	}
}

// readAspect reads aspect_ratio_idc and what may follow. Anything beyond 16
// times in either direction is a mistake, and counts as square.
func readAspect(r *bitReader) media.Ratio {
	square := media.Ratio{Num: 1, Den: 1}
	idc := r.u(8)
	if idc != 255 { // Extended_SAR
		return fixedAspect(idc)
	}
	num, den := r.u(16), r.u(16)
	if num == 0 || den == 0 || num/16 > den || den/16 > num {
		return square
	}
	return reduce(num, den)
}

// fixedAspect returns the entry idc of ITU-T H.264 table E-1, 1:1 for those
// that are reserved or mean "unspecified".
func fixedAspect(idc uint32) media.Ratio {
	table := [...]media.Ratio{
		{Num: 1, Den: 1},
		{Num: 1, Den: 1},
		{Num: 12, Den: 11},
		{Num: 10, Den: 11},
		{Num: 16, Den: 11},
		{Num: 40, Den: 33},
		{Num: 24, Den: 11},
		{Num: 20, Den: 11},
		{Num: 32, Den: 11},
		{Num: 80, Den: 33},
		{Num: 18, Den: 11},
		{Num: 15, Den: 11},
		{Num: 64, Den: 33},
		{Num: 160, Den: 99},
		{Num: 4, Den: 3},
		{Num: 3, Den: 2},
		{Num: 2, Den: 1},
	}
	if idc >= uint32(len(table)) {
		return table[0]
	}
	return table[idc]
}

// unspecified is the code point of ISO/IEC 23091-2 for "the image
// characteristics are unknown", in all three fields of media.Color.
const unspecified = 2

// readColor reads video_signal_type. A description without content is zero.
func readColor(r *bitReader) media.Color {
	r.skip(3) // video_format
	c := media.Color{Primaries: unspecified, Transfer: unspecified, Matrix: unspecified, FullRange: r.flag()}
	if r.flag() {
		c.Primaries, c.Transfer, c.Matrix = uint8(r.u(8)), uint8(r.u(8)), uint8(r.u(8))
	}
	if c == (media.Color{Primaries: unspecified, Transfer: unspecified, Matrix: unspecified}) {
		return media.Color{}
	}
	return c
}

// The frame rates that are believed.
const (
	minFrameRate = 1
	maxFrameRate = 1000
)

// readFrameRate reads timing_info. Only fixed_frame_rate_flag makes the clock
// a frame rate: a frame then lasts two ticks (ITU-T H.264 E.2.1).
func readFrameRate(r *bitReader) media.Ratio {
	tick, scale, fixed := uint64(r.u(32)), uint64(r.u(32)), r.flag()
	if !fixed || tick == 0 || scale < minFrameRate*2*tick || scale > maxFrameRate*2*tick {
		return media.Ratio{}
	}
	if scale%2 == 0 {
		return reduce(uint32(scale/2), uint32(tick))
	}
	if tick > 1<<31-1 {
		return media.Ratio{}
	}
	return reduce(uint32(scale), uint32(tick*2))
}

// reduce returns num/den in lowest terms. Both must be positive.
func reduce(num, den uint32) media.Ratio {
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return media.Ratio{Num: num / a, Den: den / a}
}
