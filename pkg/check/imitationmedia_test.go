package check

import (
	"bytes"
	"encoding/binary"
	"time"
)

// An imitatedChunk is what goes into one chunk.
type imitatedChunk struct {
	time      uint64
	sequence  uint32
	track     uint32
	durations []uint32
	sync      []bool
	clock     bool      // a prft in front
	clocked   time.Time // what it says
	tfhd      uint32    // flags
	timeless  bool      // no tfdt
	extra     int       // bytes of mdat that no sample has
}

// bytesOf makes part k of a track: one chunk.
func (o *imitation) bytesOf(t *imitated, k int) []byte {
	ticks := uint64(partTime.Milliseconds()) * t.timescale / 1000
	c := imitatedChunk{time: uint64(k) * ticks, sequence: uint32(k - int(o.begun.Add(-time.Hour).UnixMilli()/partTime.Milliseconds())), track: 1, clock: true, clocked: partEnd(k - 1), tfhd: 0x020000}
	for i := range int(ticks / t.frame) {
		c.durations = append(c.durations, uint32(t.frame))
		c.sync = append(c.sync, t.name == "a0" || k%perSegment == 0 && i == 0)
	}
	if o.chunk != nil {
		o.chunk(t, k, &c)
	}
	return c.bytes()
}

// sampleSize makes video of 200 kbit/s, and audio of 80.
func (c *imitatedChunk) sampleSize() int {
	if len(c.durations) > 5 {
		return 200
	}
	return 1000
}

func (c *imitatedChunk) bytes() []byte {
	var out []byte
	if c.clock {
		out = append(out, full("prft", 1, 24, u32(c.track), u64(uint64(c.clocked.Unix()-ntpEpoch)<<32), u64(c.time))...)
	}
	trun := [][]byte{u32(uint32(len(c.durations))), nil}
	for i, d := range c.durations {
		flags := uint32(0x01010000)
		if c.sync[i] {
			flags = 0x02000000
		}
		trun = append(trun, u32(d), u32(uint32(c.sampleSize())), u32(flags))
	}
	tfdt := full("tfdt", 1, 0, u64(c.time))
	if c.timeless {
		tfdt = nil
	}
	moof := func(offset int) []byte {
		trun[1] = u32(uint32(offset))
		return full("moof", -1, 0, full("mfhd", 0, 0, u32(c.sequence)),
			full("traf", -1, 0, full("tfhd", 0, c.tfhd, u32(c.track)), tfdt, full("trun", 0, 0x701, trun...)))
	}
	size := len(moof(0))
	out = append(out, moof(size+8)...)
	data := make([]byte, c.sampleSize()*len(c.durations)+c.extra)
	for i := range data {
		data[i] = byte(uint64(i)*7 + c.time/100)
	}
	return append(out, full("mdat", -1, 0, data)...)
}

// An imitatedHeader is what goes into a header.
type imitatedHeader struct {
	brands   string
	track    uint32
	scale    uint32
	duration uint32
	codec    []byte // avcC or esds
	copies   int    // of the track
	width    uint32
	height   uint32
	rate     uint32 // of samples of audio
}

func (o *imitation) headerOf(t *imitated) []byte {
	h := imitatedHeader{brands: "iso6\x00\x00\x00\x00cmfc", track: 1, scale: uint32(t.timescale), copies: 1, width: 640, height: 360, rate: 48000}
	handler, kind, skipped := "vide", "avc1", visualEntry
	if t.name == "v0" {
		h.codec = full("avcC", -1, 0, []byte{1, 0x64, 0x00, 0x1e, 0xff, 0xe0, 0})
	} else {
		handler, kind, skipped = "soun", "mp4a", audioEntry
		h.codec = full("esds", 0, 0, []byte{3, 25, 0, 0, 0, 4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x11, 0x90, 6, 1, 2})
	}
	if o.header != nil {
		o.header(t, &h)
	}
	before := append(make([]byte, 24), u32(h.width<<16|h.height)...)
	if t.name == "a0" {
		h.width, h.height = 0, 0
		before = append(make([]byte, 24), u32(h.rate<<16)...)
	}
	before = append(before, make([]byte, skipped-len(before))...)
	entry := full(kind, -1, 0, before, h.codec)
	empty := u32(0)
	stbl := full("stbl", -1, 0, full("stsd", 0, 0, u32(1), entry), full("stts", 0, 0, empty), full("stsc", 0, 0, empty), full("stsz", 0, 0, empty, empty), full("stco", 0, 0, empty))
	trak := full("trak", -1, 0, full("tkhd", 0, 3, empty, empty, u32(h.track), empty, u32(h.duration), make([]byte, 52), u32(h.width<<16), u32(h.height<<16)),
		full("mdia", -1, 0, full("mdhd", 0, 0, empty, empty, u32(h.scale), empty, empty), full("hdlr", 0, 0, empty, []byte(handler), make([]byte, 13)), full("minf", -1, 0, stbl)))
	moov := [][]byte{full("mvhd", 0, 0, empty, empty, u32(1000), u32(h.duration), make([]byte, 80))}
	for range h.copies {
		moov = append(moov, trak)
	}
	moov = append(moov, full("mvex", -1, 0, full("trex", 0, 0, u32(h.track), u32(1), empty, empty, empty)))
	return append(full("ftyp", -1, 0, []byte(h.brands)), full("moov", -1, 0, moov...)...)
}

func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// full makes a box; one without version and flags when version is negative.
func full(kind string, version int, flags uint32, bodies ...[]byte) []byte {
	body := bytes.Join(bodies, nil)
	if version >= 0 {
		body = append(u32(uint32(version)<<24|flags), body...)
	}
	return append(append(u32(uint32(len(body)+8)), kind...), body...)
}
