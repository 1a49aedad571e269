package codec

import (
	"encoding/binary"

	"sluice/pkg/media"
)

// readLight adds what the SEI messages of an HEVC NAL unit say of light (ITU-T H.265 D.2.28 and
// D.2.35), and reports whether one does.
func readLight(nal []byte, light *media.HDR) (told bool) {
	const masteringDisplay, contentLight = 137, 144
	for data := unescape(nal[hevcHeader:]); ; {
		kind, rest := seiNumber(data)
		size, rest := seiNumber(rest)
		if size == 0 || size > len(rest) {
			return told
		}
		m := rest[:size]
		data = rest[size:]
		switch {
		case kind == masteringDisplay && size >= 24:
			point := func(i int) [2]uint16 {
				return [2]uint16{binary.BigEndian.Uint16(m[4*i:]), binary.BigEndian.Uint16(m[4*i+2:])}
			}
			light.Mastering = media.Mastering{
				Green: point(0), Blue: point(1), Red: point(2), White: point(3),
				Most: binary.BigEndian.Uint32(m[16:]), Least: binary.BigEndian.Uint32(m[20:]),
			}
			told = true
		case kind == contentLight && size >= 4:
			light.MaxContent, light.MaxFrameAverage = binary.BigEndian.Uint16(m), binary.BigEndian.Uint16(m[2:])
			told = true
		}
	}
}

// seiNumber reads the type or the size of an SEI message: bytes that are added up, up to one that is not 255.
func seiNumber(data []byte) (n int, rest []byte) {
	for i, b := range data {
		n += int(b)
		if b != 0xff {
			return n, data[i+1:]
		}
	}
	return 0, nil
}
