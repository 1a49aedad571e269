package flv

import (
	"math"

	"sluice/pkg/amf"
	"sluice/pkg/media"
)

// colors are what a publisher says of the colours of a track, beside what the bitstream does.
type colors struct {
	color media.Color
	hdr   media.HDR
}

// of returns a track with them. What they do not say is as it was.
func (c colors) of(t media.Track) media.Track {
	if c.color.Known() {
		own := t.Color
		t.Color.Primaries = said(c.color.Primaries, own.Primaries)
		t.Color.Transfer = said(c.color.Transfer, own.Transfer)
		t.Color.Matrix = said(c.color.Matrix, own.Matrix)
	}
	if c.hdr != (media.HDR{}) {
		t.HDR = c.hdr
	}
	return t
}

// said returns a code point, or where that says nothing the one that the bitstream has.
func said(point, own uint8) uint8 {
	if point == unspecified && own != 0 {
		return own
	}
	return point
}

// parseColors reads the content of a metadata frame, which is names and values: those of
// "colorInfo" are an object, which is empty, or undefined, to take back what was said before (Enhanced RTMP
// v2, "Metadata Frame"). told is false where there are none, and ok for what is no such frame.
func parseColors(data []byte) (c colors, told, ok bool) {
	values, err := amf.Decode(data)
	if err != nil || len(values) < 2 {
		return c, false, false
	}
	for ; len(values) >= 2; values = values[2:] {
		name, isText := values[0].(string)
		if !isText {
			return c, false, false
		}
		if name != "colorInfo" {
			continue
		}
		if values[1] == nil || values[1] == any(amf.Undefined{}) {
			return c, true, true
		}
		info, isObject := values[1].(*amf.Object)
		return colorsOf(info), isObject, isObject
	}
	return c, false, true
}

// colorsOf reads a "colorInfo".
func colorsOf(info *amf.Object) (c colors) {
	if info == nil {
		return c
	}
	if config, ok := info.Get("colorConfig").(*amf.Object); ok {
		c.color = media.Color{
			Primaries: codePoint(config, "colorPrimaries"),
			Transfer:  codePoint(config, "transferCharacteristics"),
			Matrix:    codePoint(config, "matrixCoefficients"),
		}
		if c.color == (media.Color{Primaries: unspecified, Transfer: unspecified, Matrix: unspecified}) {
			c.color = media.Color{}
		}
	}
	if light, ok := info.Get("hdrCll").(*amf.Object); ok {
		c.hdr.MaxContent, c.hdr.MaxFrameAverage = uint16(level(light, "maxCLL", 1, math.MaxUint16)), uint16(level(light, "maxFall", 1, math.MaxUint16))
	}
	if volume, ok := info.Get("hdrMdcv").(*amf.Object); ok {
		c.hdr.Mastering = mastering(volume)
	}
	return c
}

func mastering(o *amf.Object) media.Mastering {
	const chromaticity, luminance = 50_000, 10_000 // units in one
	point := func(name string) [2]uint16 {
		return [2]uint16{uint16(level(o, name+"X", chromaticity, chromaticity)), uint16(level(o, name+"Y", chromaticity, chromaticity))}
	}
	return media.Mastering{
		Red: point("red"), Green: point("green"), Blue: point("blue"), White: point("whitePoint"),
		Most: uint32(level(o, "maxLuminance", luminance, math.MaxUint32)), Least: uint32(level(o, "minLuminance", luminance, math.MaxUint32)),
	}
}

// unspecified is the code point of ISO/IEC 23091-2 for what nobody knows.
const unspecified = 2

// codePoint returns a property that is a code point of ISO/IEC 23091-2.
func codePoint(o *amf.Object, name string) uint8 {
	if v := o.Number(name); v >= 1 && v <= math.MaxUint8 {
		return uint8(v)
	}
	return unspecified
}

// level returns a property in so many units of one, 0 unless that is from 0 to most.
func level(o *amf.Object, name string, units, most float64) float64 {
	v := math.Round(o.Number(name) * units)
	if v >= 0 && v <= most {
		return v
	}
	return 0
}
