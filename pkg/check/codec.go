package check

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// Sizes of what stands before the boxes in a sample entry.
const (
	visualEntry = 78
	audioEntry  = 28
)

// readEntry reads the codec, and the size or rate, of a sample entry (RFC 6381), as far as it can be
// told. A hostile one gives a code that matches nothing.
func (t *track) readEntry(body []byte) {
	size := visualEntry
	if t.handler == "soun" {
		size = audioEntry
	}
	if len(body) < size {
		return
	}
	if t.handler == "soun" {
		t.rate = binary.BigEndian.Uint32(body[24:]) >> 16
	} else {
		t.coded.width, t.coded.height = int(binary.BigEndian.Uint16(body[24:])), int(binary.BigEndian.Uint16(body[26:]))
	}
	inside := body[size:]
	switch t.entry {
	case "avc1", "avc3":
		if c := descend(inside, "avcC"); len(c) >= 4 {
			t.codec = fmt.Sprintf("%s.%02X%02X%02X", t.entry, c[1], c[2], c[3])
		}
	case "hvc1", "hev1":
		if c := descend(inside, "hvcC"); len(c) >= 13 {
			t.codec = t.entry + "." + hevc(c)
		}
	case "av01":
		if c := descend(inside, "av1C"); len(c) >= 4 {
			t.codec = av1(c)
		}
	case "vp09", "vp08":
		if c := descend(inside, "vpcC"); len(c) >= 7 {
			t.codec = fmt.Sprintf("%s.%02d.%02d.%02d", t.entry, c[4], c[5], c[6]>>4)
		}
	case "mp4a":
		t.readElementaryStream(descend(inside, "esds"))
	case "Opus", "fLaC", "ac-3", "ec-3":
		t.codec = t.entry
	}
}

// hevc returns what stands behind "hvc1." (ISO/IEC 14496-15, E.3).
func hevc(c []byte) string {
	space := ""
	if s := c[1] >> 6; s > 0 {
		space = string(rune('A' + s - 1))
	}
	compatibility := uint32(c[2])<<24 | uint32(c[3])<<16 | uint32(c[4])<<8 | uint32(c[5])
	tier := "L"
	if c[1]&0x20 != 0 {
		tier = "H"
	}
	out := fmt.Sprintf("%s%d.%X.%s%d", space, c[1]&31, bits.Reverse32(compatibility), tier, c[12])
	constraints := c[6:12]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, b := range constraints {
		out += fmt.Sprintf(".%X", b)
	}
	return out
}

// av1 returns the code of an av1C.
func av1(c []byte) string {
	tier, depth := "M", 8
	if c[2]&0x80 != 0 {
		tier = "H"
	}
	switch {
	case c[2]&0x40 != 0 && c[2]&0x20 != 0 && c[1]>>5 == 2:
		depth = 12
	case c[2]&0x40 != 0:
		depth = 10
	}
	return fmt.Sprintf("av01.%d.%02d%s.%02d", c[1]>>5, c[1]&31, tier, depth)
}

// readElementaryStream reads esds (ISO/IEC 14496-1, 7.2.6).
func (t *track) readElementaryStream(esds []byte) {
	r := reader{data: esds}
	r.full()
	if r.descriptor() != 3 {
		return
	}
	t.esID = r.u16()
	flags := r.u8()
	if flags&0x80 != 0 {
		r.u16()
	}
	if flags&0x40 != 0 {
		r.skip(int(r.u8()))
	}
	if flags&0x20 != 0 {
		r.u16()
	}
	if r.descriptor() != 4 {
		return
	}
	kind := r.u8()
	r.skip(12)
	t.codec = fmt.Sprintf("mp4a.%x", kind)
	if r.descriptor() != 5 || kind != 0x40 || len(r.data) < 2 {
		return
	}
	object := int(r.data[0] >> 3)
	if object == 31 {
		object = 32 + int(r.data[0]&7)<<3 + int(r.data[1]>>5)
	}
	t.codec += fmt.Sprintf(".%d", object)
}

// descriptor reads the head of a descriptor and returns its tag. Its size is
// not needed: what is read stands at the beginning of each.
func (r *reader) descriptor() (tag uint8) {
	tag = r.u8()
	for range 4 {
		if r.u8()&0x80 == 0 {
			break
		}
	}
	return tag
}

// sameCodec reports whether a manifest's code may stand for what an init
// segment has. HE-AAC is AAC-LC in a header that does not say more.
func sameCodec(said, is string) bool {
	said = strings.TrimSpace(said)
	if strings.EqualFold(said, is) {
		return true
	}
	lowSaid, lowIs := strings.ToLower(said), strings.ToLower(is)
	switch {
	case lowIs == "mp4a.40.2" || lowIs == "mp4a.40.5" || lowIs == "mp4a.40.29":
		return lowSaid == "mp4a.40.2" || lowSaid == "mp4a.40.5" || lowSaid == "mp4a.40.29"
	case strings.HasPrefix(lowIs, "av01.") || strings.HasPrefix(lowIs, "vp09."):
		return strings.HasPrefix(lowSaid, lowIs+".") // the optional fields
	default:
		return false
	}
}
