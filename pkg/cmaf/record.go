package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"sluice/pkg/media"
)

// A Record says of a stored segment what its samples do not: its place in the
// stream, and what is needed to go on with the stream behind it. It stands behind
// the segment's media in its file, as a uuid box, which readers that do not know it
// pass over (ISO/IEC 14496-12 4.2).
//
// The box is, behind its type and UUID: a version, the fields below as varints in
// their order, each list behind its length; then, of 32 bits each, the CRC-32 of
// all of the box in front of it, and the size of the box, by which it is found
// from the end of a file.
type Record struct {
	Stream time.Time // when the stream began
	Listed time.Time // when viewers were told of the segment, or last of its parts
	Whole  bool      // it ended; or else it was being cut
	Number uint64    // media sequence number
	Period Period

	Start, Duration, Offset media.Ticks // Offset is presentation time less decode time
	Frames                  int
	Independent             bool
	KeySize                 int64 // bytes of the segment up to the end of its first key frame: see Fragmenter

	SegmentTarget, PartTarget, ChunkTarget time.Duration
	Window                                 time.Duration // for which segments stayed listed

	// What there was of the track before the segment.
	Bytes     int64
	Count     int           // of frames
	Length    time.Duration // together
	Longest   time.Duration // playlist
	Bandwidth int

	// The grid that the segment is on, zero where there is none.
	GridNumber            uint64
	GridStart, GridLength media.Ticks

	Parts []Piece
	Gaps  []Gap // listed between the segment of the track that was stored before this one, and this
}

// A Period is that of a Record.
type Period struct {
	Sequence uint64
	From     uint64 // media sequence number of its first segment, which may be a gap
	First    uint64 // and of the first one with media
	Start    time.Time
	Tracks   []media.Track
}

// A Piece is a part of a segment, Offset bytes from its beginning.
type Piece struct {
	Start, Duration media.Ticks
	Offset, Size    int64
	Independent     bool
}

// A Gap is a segment without media, of a period that may have no others.
type Gap struct {
	Number, Period          uint64
	Start, Duration, Offset media.Ticks
}

// Errors of ReadRecord.
var (
	// ErrTorn is returned for a file whose boxes do not fill it exactly.
	ErrTorn = errors.New("cmaf: the file is torn")

	// ErrNoRecord is returned for a file of whole boxes whose last one is no
	// record that can be read.
	ErrNoRecord = errors.New("cmaf: no record")
)

const (
	recordVersion = 5
	recordHead    = boxHeader + len(recordUUID) + 1
	recordTail    = 8

	// maxRecord bounds the size of a box, and maxList the length of a list in it.
	maxRecord = 256 << 10
	maxList   = 4096
)

// recordUUID is the extended type of the box.
const recordUUID = "\x8d\x3a\x0b\x5e\x21\x77\x4f\x0c\x9e\x64\x53\x6c\x75\x69\x63\x65"

// Append appends the box to b.
func (r *Record) Append(b []byte) []byte {
	at := len(b)
	b = append(appendBox(b, 0, "uuid"), recordUUID...)
	b = append(b, recordVersion)
	c := recordCoder{out: b}
	c.record(r)
	b = c.out
	size := uint32(len(b) - at + recordTail)
	binary.BigEndian.PutUint32(b[at:], size)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
	return binary.BigEndian.AppendUint32(b, size)
}

// parseRecord reads a box, which is all of b.
func parseRecord(b []byte) (Record, error) {
	end := len(b) - recordTail
	switch {
	case end < recordHead, string(b[4:recordHead-1]) != "uuid"+recordUUID,
		binary.BigEndian.Uint32(b) != uint32(len(b)):
		return Record{}, ErrNoRecord
	case binary.BigEndian.Uint32(b[end:]) != crc32.ChecksumIEEE(b[:end]):
		return Record{}, fmt.Errorf("%w: wrong checksum", ErrNoRecord)
	case b[recordHead-1] != recordVersion:
		return Record{}, fmt.Errorf("%w: version %d", ErrNoRecord, b[recordHead-1])
	}
	var r Record
	c := recordCoder{in: b[recordHead:end], reading: true}
	if c.record(&r); c.err == nil && len(c.in) > 0 {
		c.err = errors.New("bytes are left")
	}
	if c.err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrNoRecord, c.err)
	}
	return r, nil
}

// A recordCoder reads or writes the fields of a record, in one order.
type recordCoder struct {
	reading bool
	in, out []byte
	err     error
}

func (c *recordCoder) record(r *Record) {
	c.time(&r.Stream)
	c.time(&r.Listed)
	c.flag(&r.Whole)
	number(c, &r.Number)
	number(c, &r.Period.Sequence)
	number(c, &r.Period.From)
	number(c, &r.Period.First)
	c.time(&r.Period.Start)
	list(c, &r.Period.Tracks, c.track)
	number(c, &r.Start)
	number(c, &r.Duration)
	number(c, &r.Offset)
	number(c, &r.Frames)
	c.flag(&r.Independent)
	number(c, &r.KeySize)
	number(c, &r.SegmentTarget)
	number(c, &r.PartTarget)
	number(c, &r.ChunkTarget)
	number(c, &r.Window)
	number(c, &r.Bytes)
	number(c, &r.Count)
	number(c, &r.Length)
	number(c, &r.Longest)
	number(c, &r.Bandwidth)
	number(c, &r.GridNumber)
	number(c, &r.GridStart)
	number(c, &r.GridLength)
	list(c, &r.Parts, func(p *Piece) {
		number(c, &p.Start)
		number(c, &p.Duration)
		number(c, &p.Offset)
		number(c, &p.Size)
		c.flag(&p.Independent)
	})
	list(c, &r.Gaps, func(g *Gap) {
		number(c, &g.Number)
		number(c, &g.Period)
		number(c, &g.Start)
		number(c, &g.Duration)
		number(c, &g.Offset)
	})
}

// number codes a number as a varint.
func number[T ~int | ~int64 | ~uint64](c *recordCoder, v *T) {
	if !c.reading {
		c.out = binary.AppendVarint(c.out, int64(*v))
		return
	}
	n, size := binary.Varint(c.in)
	if size <= 0 {
		c.fail("truncated")
		return
	}
	*v, c.in = T(n), c.in[size:]
}

// list codes a list. Each element has at least one byte, so the input bounds how
// many there are.
func list[T any](c *recordCoder, v *[]T, element func(*T)) {
	n := len(*v)
	number(c, &n)
	if c.reading {
		if n < 0 || n > min(len(c.in), maxList) {
			c.fail("list too long")
			return
		}
		if n > 0 {
			*v = make([]T, n)
		}
	}
	for i := range *v {
		element(&(*v)[i])
	}
}

func (c *recordCoder) fail(why string) {
	if c.err == nil {
		c.err = errors.New(why)
	}
	c.in = nil
}

func (c *recordCoder) flag(v *bool) {
	n := 0
	if *v {
		n = 1
	}
	number(c, &n)
	*v = n != 0
}

func (c *recordCoder) time(v *time.Time) {
	n := v.UnixNano()
	number(c, &n)
	if c.reading {
		*v = time.Unix(0, n).UTC()
	}
}

// track codes a track, all of it: what its configuration says is not always all.
func (c *recordCoder) track(t *media.Track) {
	narrow(c, &t.ID.Kind)
	narrow(c, &t.ID.Index)
	narrow(c, &t.Codec)
	narrow(c, &t.Timescale)
	c.bytes(&t.Config)
	for _, v := range []*string{&t.Codecs, &t.Title.Language, &t.Title.Name} {
		text := []byte(*v)
		c.bytes(&text)
		*v = string(text)
	}
	for _, v := range []*int{&t.CodedWidth, &t.CodedHeight, &t.Width, &t.Height, &t.SampleRate, &t.Channels} {
		number(c, v)
	}
	for _, v := range []*media.Ratio{&t.SampleAspect, &t.FrameRate} {
		narrow(c, &v.Num)
		narrow(c, &v.Den)
	}
	narrow(c, &t.Color.Primaries)
	narrow(c, &t.Color.Transfer)
	narrow(c, &t.Color.Matrix)
	c.flag(&t.Color.FullRange)
	c.light(&t.HDR)
	number(c, &t.FrameTicks)
	if c.reading && c.err == nil && (t.Timescale == 0 || t.Codec.Kind() != t.ID.Kind) {
		c.fail("a track that cannot be")
	}
}

func (c *recordCoder) light(h *media.HDR) {
	m := &h.Mastering
	for _, v := range []*uint16{
		&m.Red[0], &m.Red[1], &m.Green[0], &m.Green[1], &m.Blue[0], &m.Blue[1], &m.White[0], &m.White[1],
		&h.MaxContent, &h.MaxFrameAverage,
	} {
		narrow(c, v)
	}
	narrow(c, &m.Most)
	narrow(c, &m.Least)
}

// narrow codes a number of a type that has fewer bits than a varint.
func narrow[T ~uint8 | ~uint16 | ~uint32](c *recordCoder, v *T) {
	n := int64(*v)
	number(c, &n)
	if *v = T(n); int64(*v) != n {
		c.fail("a number is too large")
	}
}

// bytes codes bytes behind their length.
func (c *recordCoder) bytes(v *[]byte) {
	n := len(*v)
	number(c, &n)
	if !c.reading {
		c.out = append(c.out, *v...)
		return
	}
	if n < 0 || n > len(c.in) {
		c.fail("truncated")
		return
	}
	*v, c.in = c.in[:n:n], c.in[n:]
}
