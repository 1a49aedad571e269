package mpegts

import (
	"bytes"
	"encoding/binary"
	"errors"

	"sluice/pkg/media"
)

// packetSize is the size of a transport packet, of which headerSize are its
// header (13818-1 2.4.3.2).
const (
	packetSize = 188
	headerSize = 4
	syncByte   = 0x47
)

// Fields of the fourth byte: what follows the header, and the counter.
const (
	hasAdaptation = 0x20
	hasPayload    = 0x10
	counterMask   = 0x0f
)

// Bits of the flags of an adaptation field (2.4.3.4), and its size when it
// holds flags and a clock reference.
const (
	randomAccess = 0x40
	pcrFlag      = 0x10
	pcrFieldSize = 7
)

func pidOf(packet []byte) uint16 {
	return binary.BigEndian.Uint16(packet[1:]) & 0x1fff
}

// adaptation returns the adaptation field of packet behind its length byte.
func adaptation(packet []byte) []byte {
	if packet[3]&hasAdaptation == 0 {
		return nil
	}
	return packet[headerSize+1 : headerSize+1+int(packet[headerSize])]
}

// payload returns what packet carries.
func payload(packet []byte) []byte {
	if packet[3]&hasAdaptation == 0 {
		return packet[headerSize:]
	}
	return packet[headerSize+1+int(packet[headerSize]):]
}

// A cell is a transport packet about to be written.
type cell struct {
	pid     uint16
	start   bool // a PES packet or a section begins here
	counter uint8
	field   []byte // adaptation field without its length and stuffing
	payload []byte
}

// appendCell appends a packet, filled up with stuffing in the adaptation field.
// Field and payload together leave room for the field's length byte.
func appendCell(dst []byte, c cell) []byte {
	pid, control := c.pid, c.counter&counterMask
	if c.start {
		pid |= 0x4000
	}
	if len(c.payload) > 0 {
		control |= hasPayload
	}
	room := packetSize - headerSize - len(c.payload)
	if room > 0 {
		control |= hasAdaptation
	}
	dst = append(dst, syncByte, byte(pid>>8), byte(pid), control)
	if room > 0 {
		dst = append(dst, byte(room-1))
		dst = appendField(dst, c.field, room-1)
	}
	return append(dst, c.payload...)
}

// appendField appends the size bytes of an adaptation field.
func appendField(dst, field []byte, size int) []byte {
	if size == 0 {
		return dst
	}
	if len(field) == 0 {
		field = []byte{0}
	}
	dst = append(dst, field...)
	for range size - len(field) {
		dst = append(dst, 0xff)
	}
	return dst
}

// pesHeaderSize is the size of the header that gomedia writes: with PTS and DTS.
const pesHeaderSize = 19

var errLayout = errors.New("gomedia: unexpected packet layout")

// stamp writes what the library does not know into the packet that starts u:
// times, a stream_id if it is not the usual one, the clock if withClock, and what a decoder
// may start with.
func stamp(packet []byte, u unit, streamID byte, withClock bool) error {
	if withClock {
		field := adaptation(packet)
		if len(field) < pcrFieldSize || field[0]&pcrFlag == 0 {
			return errLayout
		}
		if u.key {
			field[0] |= randomAccess
		}
		putPCR(field[1:], u.dts-pcrLead)
	}
	header := payload(packet)
	if len(header) < pesHeaderSize || !bytes.HasPrefix(header, []byte{0, 0, 1}) || header[8] != pesHeaderSize-9 {
		return errLayout
	}
	if streamID != 0 {
		header[3] = streamID
	}
	header[6] |= 0x04 // data_alignment_indicator: a frame begins here
	putTimes(header[7:], u.pts, u.dts)
	return nil
}

// putTimes writes the flags, length and time stamps of a PES header. DTS is
// there if and only if it differs (2.7.5); its room is filled with stuffing.
func putTimes(b []byte, pts, dts media.Ticks) {
	if pts == dts {
		b[0] = 0x80
		putTime(b[2:], 2, pts)
		copy(b[7:], "\xff\xff\xff\xff\xff")
		return
	}
	b[0] = 0xc0
	putTime(b[2:], 3, pts)
	putTime(b[7:], 1, dts)
}

// putTime writes a 33-bit time stamp in five bytes (2.4.3.6).
func putTime(b []byte, prefix byte, at media.Ticks) {
	b[0] = prefix<<4 | byte(at>>29)&0x0e | 1
	binary.BigEndian.PutUint16(b[1:], uint16(at>>14)|1)
	binary.BigEndian.PutUint16(b[3:], uint16(at<<1)|1)
}

// putPCR writes a program clock reference in six bytes (2.4.3.4): 33 bits of
// the 90 kHz clock, six reserved ones, and an extension that is 0 here.
func putPCR(b []byte, at media.Ticks) {
	binary.BigEndian.PutUint32(b, uint32(at>>1))
	b[4] = byte(at<<7) | 0x7e
	b[5] = 0
}
