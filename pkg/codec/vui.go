package codec

import (
	"math"

	"sluice/pkg/media"
)

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
// times in either direction is a mistake.
func readAspect(r *bitReader) media.Ratio {
	idc := r.u(8)
	if idc != 255 { // Extended_SAR
		return fixedAspect(idc)
	}
	return aspect(r.u(16), r.u(16))
}

// aspect returns the aspect ratio of a sample, 1:1 when it is not said, or makes no sense.
func aspect(num, den uint32) media.Ratio {
	if num == 0 || den == 0 || num/16 > den || den/16 > num {
		return media.Ratio{Num: 1, Den: 1}
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

// unknownColor returns what no description, and one without content, says.
func unknownColor() media.Color {
	return media.Color{Primaries: unspecified, Transfer: unspecified, Matrix: unspecified}
}

// readColor reads video_signal_type.
func readColor(r *bitReader) media.Color {
	r.skip(3) // video_format
	c := unknownColor()
	c.FullRange = r.flag()
	if r.flag() {
		c.Primaries, c.Transfer, c.Matrix = uint8(r.u(8)), uint8(r.u(8)), uint8(r.u(8))
	}
	return described(c)
}

// described returns a description, zero for one without content.
func described(c media.Color) media.Color {
	if c == unknownColor() {
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
	if !fixed {
		return media.Ratio{}
	}
	return frameRate(scale, 2*tick)
}

// frameRate returns num/den frames a second, unknown unless that is believed.
func frameRate(num, den uint64) media.Ratio {
	if den == 0 || num < minFrameRate*den || num > maxFrameRate*den {
		return media.Ratio{}
	}
	a := gcd(num, den)
	if num /= a; num > math.MaxUint32 {
		return media.Ratio{}
	}
	if den /= a; den > math.MaxUint32 {
		return media.Ratio{}
	}
	return media.Ratio{Num: uint32(num), Den: uint32(den)}
}

// reduce returns num/den in lowest terms. Both must be positive.
func reduce(num, den uint32) media.Ratio {
	a := uint32(gcd(uint64(num), uint64(den)))
	return media.Ratio{Num: num / a, Den: den / a}
}

// gcd returns the greatest common divisor of two numbers, of which one is positive.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
