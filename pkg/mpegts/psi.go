package mpegts

import "encoding/binary"

// The packet identifiers of every segment. The elementary ones are those that
// gomedia gives to the first and second stream of a muxer.
const (
	pidPAT   = 0x0000
	pidVideo = 0x0100
	pidAudio = 0x0101
	pidPMT   = 0x1000
)

// Stream types of 13818-1 table 2-34.
const (
	streamTypeMP3    = 0x03 // MPEG-1
	streamTypeLowMP3 = 0x04 // MPEG-2: half the sampling rates
	streamTypeADTS   = 0x0f
	streamTypeH264   = 0x1b
	streamTypeAC3    = 0x81 // this and the next by ATSC A/52 annexes A and G
	streamTypeEAC3   = 0x87
)

// privateStream1 is the stream_id of what 13818-1 does not know.
const privateStream1 = 0xbd

const (
	tablePAT      = 0x00
	tablePMT      = 0x02
	programNumber = 1
)

// appendTables appends PAT and PMT, a packet each, with counter as their
// continuity counter.
func (p *program) appendTables(dst []byte, counter uint8) []byte {
	pat := []byte{0, programNumber, 0xe0 | pidPMT>>8, pidPMT & 0xff}
	dst = appendSection(dst, pidPAT, counter, section(tablePAT, 0, pat))

	pcr := p.pcrPID()
	pmt := []byte{0xe0 | byte(pcr>>8), byte(pcr), 0xf0, 0}
	version := uint8(0)
	for _, e := range p.streams {
		pmt = append(pmt, e.streamType, 0xe0|byte(e.pid>>8), byte(e.pid), 0xf0)
		pmt = append(pmt, registration(e.registered)...)
		version |= 1 << (e.pid - pidVideo)
	}
	// The version says which streams there are, so it changes when they do.
	return appendSection(dst, pidPMT, counter, section(tablePMT, version, pmt))
}

// registration returns a registration_descriptor (2.6.8) and in front of it its size, 0 alone
// without a name.
func registration(name string) []byte {
	if name == "" {
		return []byte{0}
	}
	const tag = 5
	return append([]byte{byte(2 + len(name)), tag, byte(len(name))}, name...)
}

// section returns a section with its CRC, the only one of its table (13818-1
// 2.4.4). The identifier is 1 in both tables: of the transport stream in one,
// of the program in the other.
func section(table, version uint8, body []byte) []byte {
	size := 5 + len(body) + 4
	s := []byte{table, 0xb0 | byte(size>>8), byte(size), 0, programNumber, 0xc1 | version<<1, 0, 0}
	s = append(s, body...)
	return binary.BigEndian.AppendUint32(s, crc32(s))
}

// appendSection appends the packet of one section; what is left of it is filled
// with 0xff, as sections are and PES packets are not.
func appendSection(dst []byte, pid uint16, counter uint8, s []byte) []byte {
	var body [packetSize - headerSize]byte
	n := copy(body[1:], s) // after a pointer_field of 0
	for i := 1 + n; i < len(body); i++ {
		body[i] = 0xff
	}
	return appendCell(dst, cell{pid: pid, start: true, counter: counter, payload: body[:]})
}

// crc32 is the CRC of 13818-1 annex A: most significant bit first, no inversion.
func crc32(b []byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		crc ^= uint32(v) << 24
		for range 8 {
			top := crc >> 31
			crc = crc<<1 ^ 0x04c11db7*top
		}
	}
	return crc
}
