package check

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What a file can make us do.
const (
	maxBoxes   = 100_000 // in one box
	maxSamples = 200_000 // in one segment
)

var errShort = errors.New("it ends too early")

// A box is one box of ISO/IEC 14496-12.
type box struct {
	kind   string
	offset int // of its first byte in what was split
	size   int
	body   []byte
}

// splitBoxes splits data into boxes. What stands before an error is returned
// with it.
func splitBoxes(data []byte) ([]box, error) {
	var boxes []box
	for at := 0; at < len(data); {
		rest := data[at:]
		if len(rest) < 8 {
			return boxes, fmt.Errorf("%d bytes behind the last box: %w", len(rest), errShort)
		}
		size, header := uint64(binary.BigEndian.Uint32(rest)), 8
		switch {
		case size == 0:
			size = uint64(len(rest))
		case size == 1 && len(rest) >= 16:
			size, header = binary.BigEndian.Uint64(rest[8:]), 16
		}
		if size < uint64(header) || size > uint64(len(rest)) {
			return boxes, fmt.Errorf("box %q at byte %d says %d bytes of %d: %w", rest[4:8], at, size, len(rest), errShort)
		}
		if len(boxes) == maxBoxes {
			return boxes, fmt.Errorf("more than %d boxes", maxBoxes)
		}
		boxes = append(boxes, box{string(rest[4:8]), at, int(size), rest[header:size]})
		at += int(size)
	}
	return boxes, nil
}

// find returns the first box of a kind among boxes, nil if there is none.
func find(boxes []box, kind string) *box {
	for i := range boxes {
		if boxes[i].kind == kind {
			return &boxes[i]
		}
	}
	return nil
}

// descend returns the body of the first box at a path of kinds, nil if it is
// not there.
func descend(data []byte, path ...string) []byte {
	for _, kind := range path {
		boxes, err := splitBoxes(data)
		found := find(boxes, kind)
		if found == nil || err != nil && len(boxes) == 0 {
			return nil
		}
		data = found.body
	}
	return data
}

// A reader reads big-endian numbers. Behind the end it reads zeros and says so.
type reader struct {
	data  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.short = true
		r.data = nil
		return make([]byte, min(max(n, 0), 16))
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// skip passes over n bytes.
func (r *reader) skip(n int) {
	if n > len(r.data) {
		r.short, n = true, len(r.data)
	}
	r.data = r.data[n:]
}

// u3264 reads 64 bits in version 1 and 32 bits in version 0 of a box.
func (r *reader) u3264(version uint8) uint64 {
	if version == 1 {
		return r.u64()
	}
	return uint64(r.u32())
}

// full reads version and flags of a full box.
func (r *reader) full() (version uint8, flags uint32) {
	v := r.u32()
	return uint8(v >> 24), v & 0xffffff
}
