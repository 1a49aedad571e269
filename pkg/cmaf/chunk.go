package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"sluice/pkg/media"
)

// A chunk is one moof and its mdat, read and checked: the rows of its run
// resolve, and their sizes fill data exactly.
type chunk struct {
	start    media.Ticks
	end      media.Ticks // of the last sample
	tfhd     uint32      // flags of tfhd
	trun     uint32      // flags of trun
	defaults row
	lasts    []byte // where tfhd has the default duration, if it has one
	first    uint32 // flags of the first sample, when trun says so
	count    int
	table    []byte // the rows of trun
	data     []byte // the body of mdat
}

// nextChunk splits the first chunk off b, with the boxes in front of it that
// say nothing of samples.
func nextChunk(b []byte) (c chunk, rest []byte, err error) {
	moof, rest, err := nextBox(b)
	for err == nil && (moof.is("styp") || moof.is("prft") || moof.is("emsg")) {
		moof, rest, err = nextBox(rest)
	}
	if err != nil {
		return chunk{}, nil, err
	}
	if !moof.is("moof") {
		return chunk{}, nil, fmt.Errorf("box %q where a moof is due", moof.name)
	}
	mdat, rest, err := nextBox(rest)
	if err != nil {
		return chunk{}, nil, err
	}
	if !mdat.is("mdat") {
		return chunk{}, nil, fmt.Errorf("box %q where an mdat is due", mdat.name)
	}
	c.data = mdat.body
	if err := c.readMoof(moof.body); err != nil {
		return chunk{}, nil, err
	}
	if err := c.check(); err != nil {
		return chunk{}, nil, err
	}
	return c, rest, nil
}

// readMoof reads the body of a moof: mfhd and one traf.
func (c *chunk) readMoof(b []byte) error {
	mfhd, rest, err := nextBox(b)
	if err != nil {
		return err
	}
	traf, rest, err := nextBox(rest)
	if err != nil {
		return err
	}
	if !mfhd.is("mfhd") || !traf.is("traf") || len(rest) > 0 {
		return errors.New("moof is not one mfhd and one traf")
	}
	return c.readTraf(traf.body, boxHeader+len(b)+boxHeader)
}

// readTraf reads the body of a traf: tfhd, tfdt and one trun, whose data begin
// at offset from the moof.
func (c *chunk) readTraf(b []byte, offset int) error {
	tfhd, rest, err := nextBox(b)
	if err != nil {
		return err
	}
	tfdt, rest, err := nextBox(rest)
	if err != nil {
		return err
	}
	trun, rest, err := nextBox(rest)
	if err != nil {
		return err
	}
	if !tfhd.is("tfhd") || !tfdt.is("tfdt") || !trun.is("trun") || len(rest) > 0 {
		return errors.New("traf is not one tfhd, one tfdt and one trun")
	}
	if err := c.readTfhd(tfhd); err != nil {
		return err
	}
	if err := c.readTfdt(tfdt); err != nil {
		return err
	}
	return c.readTrun(trun, offset)
}

func (c *chunk) readTfhd(b box) error {
	const known = tfhdDescription | tfhdDuration | tfhdSize | tfhdFlags | tfhdBaseIsMoof
	_, flags, body, err := fullBox(b, 4)
	if err != nil {
		return err
	}
	if flags&^known != 0 || flags&tfhdBaseIsMoof == 0 {
		return fmt.Errorf("tfhd with flags %#x", flags)
	}
	if id := binary.BigEndian.Uint32(body); id != trackID {
		return fmt.Errorf("track_ID %d", id)
	}
	c.tfhd = flags
	var description uint32
	body = body[4:]
	for _, field := range []struct {
		flag  uint32
		value *uint32
	}{
		{tfhdDescription, &description},
		{tfhdDuration, &c.defaults.duration},
		{tfhdSize, &c.defaults.size},
		{tfhdFlags, &c.defaults.flags},
	} {
		if flags&field.flag == 0 {
			continue
		}
		if len(body) < 4 {
			return errors.New("truncated tfhd")
		}
		if field.flag == tfhdDuration {
			c.lasts = body[:4]
		}
		*field.value, body = binary.BigEndian.Uint32(body), body[4:]
	}
	if len(body) > 0 {
		return fmt.Errorf("%d bytes after tfhd", len(body))
	}
	return nil
}

func (c *chunk) readTfdt(b box) error {
	version, _, body, err := fullBox(b, 8)
	if err != nil {
		return err
	}
	if version != 1 || len(body) != 8 {
		return fmt.Errorf("tfdt of version %d with %d bytes", version, len(body))
	}
	start := binary.BigEndian.Uint64(body)
	if start > maxTicks {
		return fmt.Errorf("decode time %d is out of range", start)
	}
	c.start = media.Ticks(start)
	return nil
}

func (c *chunk) readTrun(b box, offset int) error {
	version, flags, body, err := fullBox(b, 8)
	if err != nil {
		return err
	}
	const known = trunDataOffset | trunFirstFlags | trunColumns
	if version != 1 || flags&^known != 0 || flags&trunDataOffset == 0 {
		return fmt.Errorf("trun of version %d with flags %#x", version, flags)
	}
	if got := binary.BigEndian.Uint32(body[4:]); got != uint32(offset) {
		return fmt.Errorf("data offset %d in place of %d", got, offset)
	}
	c.trun = flags
	count := uint64(binary.BigEndian.Uint32(body))
	body = body[8:]
	if flags&trunFirstFlags != 0 {
		if len(body) < 4 {
			return errors.New("truncated trun")
		}
		c.first, body = binary.BigEndian.Uint32(body), body[4:]
	}
	// Each sample has at least one byte of data, so the input bounds count
	// even when no column does.
	if count == 0 || count > maxChunkSamples || count > uint64(len(c.data)) ||
		count*uint64(rowSize(flags)) != uint64(len(body)) {
		return fmt.Errorf("%d samples in %d bytes of trun and %d of mdat", count, len(body), len(c.data))
	}
	c.count, c.table = int(count), body
	return nil
}

// check sums up durations and sizes. It reports values that no row has, samples
// without data or duration, and sizes that do not sum up to the data.
func (c *chunk) check() error {
	for _, pair := range [...][2]uint32{
		{tfhdDuration, trunDuration}, {tfhdSize, trunSize}, {tfhdFlags, trunFlags},
	} {
		if c.tfhd&pair[0] == 0 && c.trun&pair[1] == 0 {
			return fmt.Errorf("trun with flags %#x and tfhd with flags %#x leave a value open", c.trun, c.tfhd)
		}
	}
	var sum uint64
	c.end = c.start
	for r := range c.rows() {
		if r.size == 0 || r.duration == 0 {
			return fmt.Errorf("a sample of %d bytes and %d ticks", r.size, r.duration)
		}
		sum += uint64(r.size)
		c.end += media.Ticks(r.duration)
	}
	if sum != uint64(len(c.data)) {
		return fmt.Errorf("samples of %d bytes in an mdat of %d", sum, len(c.data))
	}
	return nil
}

// rows yields what the chunk says of each sample, all values resolved.
func (c *chunk) rows() iter.Seq[row] {
	return func(yield func(row) bool) {
		table := c.table
		for i := range c.count {
			r := c.defaults
			if i == 0 && c.trun&trunFirstFlags != 0 {
				r.flags = c.first
			}
			table = r.read(table, c.trun)
			if !yield(r) {
				return
			}
		}
	}
}

// read takes the columns that trun has off the table, which is long enough.
func (r *row) read(table []byte, trun uint32) (rest []byte) {
	if trun&trunDuration != 0 {
		r.duration, table = binary.BigEndian.Uint32(table), table[4:]
	}
	if trun&trunSize != 0 {
		r.size, table = binary.BigEndian.Uint32(table), table[4:]
	}
	if trun&trunFlags != 0 {
		r.flags, table = binary.BigEndian.Uint32(table), table[4:]
	}
	if trun&trunOffset != 0 {
		r.offset, table = int32(binary.BigEndian.Uint32(table)), table[4:]
	}
	return table
}
