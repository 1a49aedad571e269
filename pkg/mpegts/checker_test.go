package mpegts_test

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// This file is a strict reader of transport streams, written from ISO/IEC
// 13818-1 and without a line of the package under test.

const (
	wrap   = int64(1) << 33
	gap100 = 9000 // 100 ms
)

// A pesPacket is what the checker took out of one PES packet.
type pesPacket struct {
	pid      int
	kind     byte // stream type
	pts, dts int64
	key      bool // random_access_indicator
	data     []byte
	packets  int
}

// A checker reads consecutive segments and reports whatever is not right.
type checker struct {
	t       testing.TB
	counter map[int]int
	lastDTS map[int]int64
	lastPCR int64
	hasPCR  bool

	pmtPID, pcrPID int
	types          map[int]byte
	open           map[int]*pesPacket
	lengths        map[int]int // PES_packet_length of the open packets
	done           []pesPacket
	tables         int
}

func newChecker(t testing.TB) *checker {
	return &checker{t: t, counter: map[int]int{}, lastDTS: map[int]int64{}}
}

// unwrapNear returns the time that v, modulo 2^33, means near reference.
func unwrapNear(v, reference int64) int64 {
	d := (v - reference) & (wrap - 1)
	if d >= wrap/2 {
		d -= wrap
	}
	return reference + d
}

// segment reads one segment and returns its PES packets in the order they begin
// to be whole.
func (c *checker) segment(b []byte) []pesPacket {
	c.t.Helper()
	if len(b) == 0 || len(b)%188 != 0 {
		c.t.Fatalf("segment of %d bytes", len(b))
	}
	c.types, c.open, c.lengths, c.done, c.tables = map[int]byte{}, map[int]*pesPacket{}, map[int]int{}, nil, 0
	count := map[int]int{}
	for i := 0; i < len(b)/188; i++ {
		pid := c.packet(i, b[i*188:(i+1)*188])
		count[pid]++
	}
	for pid := range c.open {
		c.finish(pid)
	}
	if c.tables != 2 || count[0] != 1 || count[c.pmtPID] != 1 {
		c.t.Errorf("PAT %d times, PMT %d times", count[0], count[c.pmtPID])
	}
	return c.done
}

func (c *checker) packet(i int, p []byte) (pid int) {
	c.t.Helper()
	head := binary.BigEndian.Uint32(p)
	pid = int(head>>8) & 0x1fff
	start, control, counter := head>>22&1 == 1, head>>4&3, int(head&15)
	if p[0] != 0x47 || head>>23&1 != 0 || head>>6&3 != 0 || control == 0 {
		c.t.Fatalf("packet %d: header %x", i, p[:4])
	}
	want, known := c.counter[pid]
	if control&1 == 1 {
		want = (want + 1) % 16
	}
	if known && counter != want {
		c.t.Errorf("packet %d of PID %#x: counter %d, want %d", i, pid, counter, want)
	}
	c.counter[pid] = counter
	body, key := p[4:], false
	if control&2 != 0 {
		body, key = c.adaptation(i, pid, body, control)
	}
	if control&1 == 0 {
		return pid
	}
	if len(body) == 0 {
		c.t.Errorf("packet %d says payload and has none", i)
	}
	switch {
	case i == 0 || pid == 0:
		c.pat(i, pid, start, body)
	case i == 1 || pid == c.pmtPID:
		c.pmt(i, pid, start, body)
	default:
		c.pes(i, pid, start, key, body)
	}
	return pid
}

func (c *checker) adaptation(i, pid int, body []byte, control uint32) (rest []byte, key bool) {
	c.t.Helper()
	size := int(body[0])
	if size > 183 || control == 2 && size != 183 {
		c.t.Fatalf("packet %d: adaptation field of %d bytes", i, size)
	}
	field, rest := body[1:1+size], body[1+size:]
	if size == 0 {
		return rest, false
	}
	flags := field[0]
	if flags&^0x50 != 0 {
		c.t.Errorf("packet %d: adaptation flags %#x", i, flags)
	}
	field = field[1:]
	if flags&0x10 != 0 {
		c.pcr(i, pid, field[:6])
		field = field[6:]
	} else if flags&0x40 != 0 && pid == c.pcrPID {
		c.t.Errorf("packet %d: random access without a clock reference", i)
	}
	for _, v := range field {
		if v != 0xff {
			c.t.Fatalf("packet %d: stuffing %#x", i, v)
		}
	}
	return rest, flags&0x40 != 0
}

func (c *checker) pcr(i, pid int, b []byte) {
	c.t.Helper()
	v := int64(binary.BigEndian.Uint32(b))<<1 | int64(b[4]>>7)
	if b[4]&0x7e != 0x7e || b[4]&1 != 0 || b[5] != 0 {
		c.t.Errorf("packet %d: PCR bytes %x", i, b)
	}
	if pid != c.pcrPID {
		c.t.Errorf("packet %d: PCR on PID %#x", i, pid)
	}
	if c.hasPCR {
		v = unwrapNear(v, c.lastPCR)
		if d := v - c.lastPCR; d <= 0 || d > gap100 {
			c.t.Errorf("packet %d: PCR %d ticks after the one before", i, d)
		}
	}
	c.lastPCR, c.hasPCR = v, true
}

func (c *checker) section(i int, start bool, body []byte, table byte) []byte {
	c.t.Helper()
	c.tables++
	if !start || body[0] != 0 || body[1] != table {
		c.t.Fatalf("packet %d: no section of table %d", i, table)
	}
	size := int(binary.BigEndian.Uint16(body[2:]) & 0xfff)
	s, rest := body[1:4+size], body[4+size:]
	if s[1]&0xf0 != 0xb0 || s[5]&0xc1 != 0xc1 || s[6] != 0 || s[7] != 0 {
		c.t.Errorf("packet %d: section header %x", i, s[:8])
	}
	if crcOf(s) != 0 {
		c.t.Errorf("packet %d: wrong CRC", i)
	}
	if len(bytes.Trim(rest, "\xff")) != 0 {
		c.t.Errorf("packet %d: bytes after the section", i)
	}
	return s[8 : len(s)-4]
}

func (c *checker) pat(i, pid int, start bool, body []byte) {
	c.t.Helper()
	s := c.section(i, start, body, 0)
	if i != 0 || pid != 0 || len(s) != 4 || s[2]&0xe0 != 0xe0 || binary.BigEndian.Uint16(s) == 0 {
		c.t.Fatalf("packet %d, PID %#x: PAT %x", i, pid, s)
	}
	c.pmtPID = int(binary.BigEndian.Uint16(s[2:]) & 0x1fff)
}

func (c *checker) pmt(i, pid int, start bool, body []byte) {
	c.t.Helper()
	s := c.section(i, start, body, 2)
	if i != 1 || pid != c.pmtPID || s[0]&0xe0 != 0xe0 || s[2] != 0xf0 || s[3] != 0 {
		c.t.Fatalf("packet %d, PID %#x: PMT %x", i, pid, s)
	}
	c.pcrPID = int(binary.BigEndian.Uint16(s) & 0x1fff)
	for s = s[4:]; len(s) > 0; s = s[5:] {
		if s[1]&0xe0 != 0xe0 || s[3] != 0xf0 || s[4] != 0 || s[0] != 0x1b && s[0] != 0x0f {
			c.t.Fatalf("PMT entry %x", s[:5])
		}
		c.types[int(binary.BigEndian.Uint16(s[1:])&0x1fff)] = s[0]
	}
	kind, ok := c.types[c.pcrPID]
	if !ok || kind != 0x1b && len(c.types) > 1 {
		c.t.Errorf("PCR PID %#x of %v", c.pcrPID, c.types)
	}
}

func (c *checker) pes(i, pid int, start, key bool, body []byte) {
	c.t.Helper()
	if _, ok := c.types[pid]; !ok {
		c.t.Fatalf("packet %d: unknown PID %#x", i, pid)
	}
	if start {
		c.finish(pid)
		c.open[pid] = &pesPacket{pid: pid, kind: c.types[pid], key: key}
	}
	u := c.open[pid]
	if u == nil {
		c.t.Fatalf("packet %d of PID %#x goes on with a PES packet of the segment before", i, pid)
	}
	before := len(u.data)
	u.data = append(u.data, body...)
	u.packets++
	// The header may end in a later packet than it begins.
	if before < 19 && len(u.data) >= 19 {
		c.header(u)
	}
}

func (c *checker) header(u *pesPacket) {
	c.t.Helper()
	h := u.data
	id := byte(0xe0)
	if u.kind == 0x0f {
		id = 0xc0
	}
	if !bytes.Equal(h[:4], []byte{0, 0, 1, id}) || h[6] != 0x84 || h[8] != 10 {
		c.t.Fatalf("PES header % x", h[:9])
	}
	u.pts = c.timestamp(h[9:], h[7]>>6)
	u.dts = u.pts
	switch h[7] {
	case 0x80:
		if !bytes.Equal(h[14:19], bytes.Repeat([]byte{0xff}, 5)) {
			c.t.Errorf("PES header stuffing %x", h[14:19])
		}
	case 0xc0:
		u.dts = c.timestamp(h[14:], 1)
		if u.pts == u.dts {
			c.t.Error("a DTS that says what the PTS says")
		}
	default:
		c.t.Fatalf("PES flags %#x", h[7])
	}
	u.pts = unwrapNear(u.pts, u.dts)
	if u.pts < u.dts {
		c.t.Errorf("PTS %d before DTS %d", u.pts, u.dts)
	}
	if last, ok := c.lastDTS[u.pid]; ok && unwrapNear(u.dts, last) <= last {
		c.t.Errorf("PID %#x: DTS %d after %d", u.pid, u.dts, last)
	}
	c.lastDTS[u.pid] = u.dts
	if !c.hasPCR || unwrapNear(u.dts, c.lastPCR) < c.lastPCR {
		c.t.Errorf("PID %#x: DTS %d, PCR %d", u.pid, u.dts, c.lastPCR)
	}
}

func (c *checker) timestamp(b []byte, prefix byte) int64 {
	c.t.Helper()
	if b[0]>>4 != prefix || b[0]&1 == 0 || b[2]&1 == 0 || b[4]&1 == 0 {
		c.t.Errorf("time stamp %x with prefix %d", b[:5], prefix)
	}
	return int64(b[0]>>1&7)<<30 | int64(binary.BigEndian.Uint16(b[1:])>>1)<<15 | int64(binary.BigEndian.Uint16(b[3:])>>1)
}

func (c *checker) finish(pid int) {
	c.t.Helper()
	u := c.open[pid]
	delete(c.open, pid)
	if u == nil {
		return
	}
	length := int(binary.BigEndian.Uint16(u.data[4:]))
	if length != len(u.data)-6 && (length != 0 || u.kind != 0x1b) {
		c.t.Errorf("PES_packet_length %d, %d bytes", length, len(u.data)-6)
	}
	u.data = u.data[19:]
	c.done = append(c.done, *u)
}

// crcOf returns 0 for a section with its CRC.
func crcOf(b []byte) uint32 {
	crc := uint32(0xffffffff)
	for _, v := range b {
		for bit := 7; bit >= 0; bit-- {
			feedback := crc>>31 ^ uint32(v>>bit&1)
			crc <<= 1
			if feedback == 1 {
				crc ^= 0x04c11db7
			}
		}
	}
	return crc
}

// nals splits a byte stream at its four-byte start codes.
func nals(t testing.TB, data []byte) [][]byte {
	t.Helper()
	if !bytes.HasPrefix(data, []byte{0, 0, 0, 1}) {
		t.Fatalf("access unit begins % x", data[:min(len(data), 8)])
	}
	return bytes.Split(data, []byte{0, 0, 0, 1})[1:]
}

// accessUnit checks an access unit and returns its NAL units but the delimiter
// and, in front of an IDR picture, the parameter sets.
func accessUnit(t testing.TB, u pesPacket) (units [][]byte, idr bool) {
	t.Helper()
	list := nals(t, u.data)
	var kinds []byte
	for i, nal := range list {
		if len(nal) == 0 {
			t.Fatalf("empty NAL unit %d", i)
		}
		kinds = append(kinds, nal[0]&31)
	}
	if kinds[0] != 9 || bytes.Count(kinds, []byte{9}) != 1 {
		t.Errorf("NAL units %v: delimiter", kinds)
	}
	idr = bytes.IndexByte(kinds, 5) >= 0
	if idr != u.key {
		t.Errorf("NAL units %v, random access %v", kinds, u.key)
	}
	list = list[1:]
	if idr {
		if !bytes.HasPrefix(kinds, []byte{9, 7, 8}) {
			t.Errorf("NAL units %v: no parameter sets", kinds)
		}
		list = list[2:]
	}
	return list, idr
}

// adtsFrames splits ADTS frames and checks their headers.
func adtsFrames(t testing.TB, data []byte, rateIndex, channels byte) [][]byte {
	t.Helper()
	var frames [][]byte
	for len(data) > 0 {
		size := int(data[3]&3)<<11 | int(data[4])<<3 | int(data[5])>>5
		if data[0] != 0xff || data[1] != 0xf1 || size < 7 || size > len(data) {
			t.Fatalf("ADTS header % x, %d bytes left", data[:7], len(data))
		}
		if data[2] != 1<<6|rateIndex<<2 || data[3]&0xfc != channels<<6 || data[6]&3 != 0 {
			t.Errorf("ADTS header % x", data[:7])
		}
		frames = append(frames, data[7:size])
		data = data[size:]
	}
	return frames
}
