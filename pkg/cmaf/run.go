package cmaf

import (
	"encoding/binary"
	"math/bits"
)

// A row is what a trun says of one sample.
type row struct {
	duration, size, flags uint32
	offset                int32 // composition offset
}

// A run is how the rows of a chunk are written: which values stand once, in
// tfhd, and which have a column in trun. Nothing is left to the header's trex.
type run struct {
	rows     []row
	tfhd     uint32 // flags of tfhd
	trun     uint32 // flags of trun
	defaults row
}

// runOf finds the shortest way to write rows, of which there is at least one.
// The flags of the first sample may differ from those of all others, as in a
// chunk that begins with a key frame.
func runOf(rows []row) run {
	first, last := rows[0], rows[len(rows)-1]
	r := run{
		rows:     rows,
		tfhd:     tfhdBaseIsMoof | tfhdDescription,
		trun:     trunDataOffset,
		defaults: row{duration: first.duration, size: first.size, flags: last.flags},
	}
	var differ row
	differ.offset = first.offset
	for _, s := range rows[1:] {
		differ.duration |= s.duration ^ r.defaults.duration
		differ.size |= s.size ^ r.defaults.size
		differ.flags |= s.flags ^ r.defaults.flags
		differ.offset |= s.offset
	}
	r.choose(differ.duration != 0, trunDuration, tfhdDuration)
	r.choose(differ.size != 0, trunSize, tfhdSize)
	r.choose(differ.flags != 0, trunFlags, tfhdFlags)
	if differ.flags == 0 && first.flags != r.defaults.flags {
		r.trun |= trunFirstFlags
	}
	if differ.offset != 0 { // it has no default but zero
		r.trun |= trunOffset
	}
	return r
}

func (r *run) choose(differ bool, column, constant uint32) {
	if differ {
		r.trun |= column
	} else {
		r.tfhd |= constant
	}
}

// Bounds of the sizes below.
const (
	maxTfhdSize = boxHeader + 12 + 3*4
	maxTrunSize = boxHeader + 12 + 4
	maxRowSize  = 4 * 4
)

func (r *run) tfhdSize() int {
	return boxHeader + 12 + 4*bits.OnesCount32(r.tfhd&(tfhdDuration|tfhdSize|tfhdFlags))
}

func (r *run) trunSize() int {
	return boxHeader + 12 + 4*bits.OnesCount32(r.trun&trunFirstFlags) + len(r.rows)*rowSize(r.trun)
}

// rowSize returns the bytes that a trun of the given flags has for a sample.
func rowSize(trun uint32) int { return 4 * bits.OnesCount32(trun&trunColumns) }

func (r *run) appendTfhd(b []byte) []byte {
	b = appendFullBox(b, r.tfhdSize(), "tfhd", 0, r.tfhd)
	b = binary.BigEndian.AppendUint32(b, trackID)
	b = binary.BigEndian.AppendUint32(b, 1) // sample_description_index
	if r.tfhd&tfhdDuration != 0 {
		b = binary.BigEndian.AppendUint32(b, r.defaults.duration)
	}
	if r.tfhd&tfhdSize != 0 {
		b = binary.BigEndian.AppendUint32(b, r.defaults.size)
	}
	if r.tfhd&tfhdFlags != 0 {
		b = binary.BigEndian.AppendUint32(b, r.defaults.flags)
	}
	return b
}

// appendTrun writes the run itself; its data begin at offset from the moof.
func (r *run) appendTrun(b []byte, offset int) []byte {
	b = appendFullBox(b, r.trunSize(), "trun", 1, r.trun)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.rows)))
	b = binary.BigEndian.AppendUint32(b, uint32(offset))
	if r.trun&trunFirstFlags != 0 {
		b = binary.BigEndian.AppendUint32(b, r.rows[0].flags)
	}
	for i := range r.rows {
		b = r.appendRow(b, &r.rows[i])
	}
	return b
}

func (r *run) appendRow(b []byte, s *row) []byte {
	if r.trun&trunDuration != 0 {
		b = binary.BigEndian.AppendUint32(b, s.duration)
	}
	if r.trun&trunSize != 0 {
		b = binary.BigEndian.AppendUint32(b, s.size)
	}
	if r.trun&trunFlags != 0 {
		b = binary.BigEndian.AppendUint32(b, s.flags)
	}
	if r.trun&trunOffset != 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(s.offset))
	}
	return b
}
