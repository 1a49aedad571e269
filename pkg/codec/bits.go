package codec

// A bitReader reads big-endian bit fields. Reading past the end gives zeros
// and sets overrun, so a parser may check once, after its last field; loops
// must be bounded on their own.
type bitReader struct {
	data    []byte
	pos     int // in bits
	overrun bool
}

// left returns how many bits are unread.
func (r *bitReader) left() int { return len(r.data)*8 - r.pos }

// u reads an unsigned field of n bits, at most 32.
func (r *bitReader) u(n int) uint32 {
	if n > r.left() {
		r.pos = len(r.data) * 8
		r.overrun = true
		return 0
	}
	var v uint64
	for n > 0 {
		offset := r.pos % 8
		take := min(8-offset, n)
		field := r.data[r.pos/8] << offset >> (8 - take)
		v = v<<take | uint64(field)
		r.pos += take
		n -= take
	}
	return uint32(v)
}

// flag reads one bit.
func (r *bitReader) flag() bool { return r.u(1) == 1 }

// skip passes over n bits, which must not be negative.
func (r *bitReader) skip(n int) {
	if n > r.left() {
		n = r.left()
		r.overrun = true
	}
	r.pos += n
}

// align passes over the rest of a byte that was begun.
func (r *bitReader) align() { r.pos = (r.pos + 7) &^ 7 }

// ue reads an unsigned Exp-Golomb code (ITU-T H.264 9.1). A code of more than
// 32 bits of value counts as an overrun.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for !r.flag() {
		zeros++
		if zeros > 31 || r.overrun {
			r.overrun = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.u(zeros)
}

// se reads a signed Exp-Golomb code (ITU-T H.264 9.1.1).
func (r *bitReader) se() int32 {
	k := r.ue()
	if k%2 == 1 {
		return int32(k/2) + 1
	}
	return -int32(k / 2)
}
