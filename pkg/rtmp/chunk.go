package rtmp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	defaultChunkSize = 128
	extendedMark     = 0xffffff // in the timestamp field: 32 bits follow the header
)

// A chunkReader puts the messages of a connection together. Set Chunk Size
// and Abort are not obeyed by itself: its caller does so, through setSize and
// abort, before the next message.
type chunkReader struct {
	in      *bufio.Reader
	size    int // of the chunks to come
	streams map[uint32]*chunkStream
	recent  *chunkStream
	partial int // bytes of unfinished bodies
	arena   arena

	maxStreams, maxMessage, maxPartial int
}

// A chunkStream is the state of one chunk stream: what headers inherit, and
// the message that is under way.
type chunkStream struct {
	id       uint32
	time     uint32 // of the message, absolute
	delta    uint32
	extended bool // the last type 0, 1 or 2 header had an extended timestamp
	length   int
	kind     kind
	stream   uint32
	open     bool // a message has begun and is not complete
	body     []byte
}

func newChunkReader(r io.Reader) *chunkReader {
	return &chunkReader{
		in:      bufio.NewReaderSize(r, idleBuffer),
		size:    defaultChunkSize,
		streams: make(map[uint32]*chunkStream),
	}
}

// next returns the next complete message, whose body the caller owns.
func (r *chunkReader) next() (message, error) {
	for {
		cs, err := r.header()
		if err != nil {
			return message{}, err
		}
		if err := r.payload(cs); err != nil {
			return message{}, err
		}
		if len(cs.body) == cs.length {
			r.partial -= cs.length
			cs.open = false
			return message{cs.kind, cs.stream, cs.time, r.arena.finish(cs)}, nil
		}
	}
}

// setSize obeys Set Chunk Size: "The maximum chunk size SHOULD be at least
// 128 bytes, and MUST be at least 1 byte"; the first bit must be zero.
func (r *chunkReader) setSize(n uint32) error {
	if n == 0 || n>>31 != 0 {
		return errChunkSize
	}
	r.size = int(n)
	return nil
}

// abort discards the message that is under way on a chunk stream, if any.
func (r *chunkReader) abort(id uint32) {
	if cs := r.streams[id]; cs != nil {
		r.discard(cs)
	}
}

func (r *chunkReader) discard(cs *chunkStream) {
	r.partial -= len(cs.body)
	r.arena.drop(cs)
	cs.open = false
}

// header reads the header of a chunk (RTMP 5.3.1) and begins a message when
// none is under way on its chunk stream. A header of type 0, 1 or 2 amid a
// message discards what is there of it. Types 1, 2 and 3 that come first on
// a chunk stream inherit from zeros.
func (r *chunkReader) header() (*chunkStream, error) {
	form, id, err := r.basicHeader()
	if err != nil {
		return nil, err
	}
	cs, err := r.chunkStream(id)
	if err != nil {
		return nil, err
	}
	if form == 3 {
		return cs, r.repeatHeader(cs)
	}
	if cs.open {
		r.discard(cs)
	}
	if err := r.messageHeader(cs, form); err != nil {
		return nil, err
	}
	return cs, r.begin(cs)
}

func (r *chunkReader) basicHeader() (form byte, id uint32, err error) {
	b, err := r.in.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	form, id = b>>6, uint32(b&0x3f)
	if id > 1 {
		return form, id, nil
	}
	more, err := r.take(int(id) + 1) // 0: one more byte, 1: two
	if err != nil {
		return 0, 0, err
	}
	if id == 0 {
		return form, uint32(more[0]) + 64, nil
	}
	return form, uint32(binary.LittleEndian.Uint16(more)) + 64, nil
}

func (r *chunkReader) chunkStream(id uint32) (*chunkStream, error) {
	if r.recent != nil && r.recent.id == id {
		return r.recent, nil
	}
	cs := r.streams[id]
	if cs == nil {
		if len(r.streams) >= r.maxStreams {
			return nil, fmt.Errorf("%w: %d", errChunkStreams, len(r.streams)+1)
		}
		cs = &chunkStream{id: id}
		r.streams[id] = cs
	}
	r.recent = cs
	return cs, nil
}

// messageHeader reads a message header of type 0, 1 or 2: timestamp or delta,
// then length and type, then message stream.
func (r *chunkReader) messageHeader(cs *chunkStream, form byte) error {
	b, err := r.take([3]int{11, 7, 3}[form])
	if err != nil {
		return err
	}
	stamp := uint24(b)
	if form < 2 {
		cs.length, cs.kind = int(uint24(b[3:])), kind(b[6])
	}
	if form == 0 {
		cs.stream = binary.LittleEndian.Uint32(b[7:])
	}
	cs.extended = stamp == extendedMark
	if cs.extended {
		if b, err = r.take(4); err != nil {
			return err
		}
		stamp = binary.BigEndian.Uint32(b)
	}
	cs.delta = stamp
	if form == 0 {
		cs.time = stamp
	} else {
		cs.time += stamp
	}
	return nil
}

// repeatHeader does what a type 3 header says: go on with the message under
// way, or begin another like the last. "If a Type 3 chunk follows a Type 0
// chunk, then the timestamp delta for this Type 3 chunk is the same as the
// timestamp of the Type 0 chunk."
func (r *chunkReader) repeatHeader(cs *chunkStream) error {
	begins := !cs.open
	if begins {
		cs.time += cs.delta
	}
	if cs.extended {
		if err := r.skipExtended(cs); err != nil {
			return err
		}
	}
	if begins {
		return r.begin(cs)
	}
	return nil
}

// skipExtended skips the extended timestamp of a type 3 chunk. "This field is
// present in Type 3 chunks when the most recent Type 0, 1, or 2 chunk for the
// same chunk stream ID indicated the presence of an extended timestamp
// field", but some senders omit it: it is there when the bytes are what it
// would be, which is either the repeated field or the time of the message.
func (r *chunkReader) skipExtended(cs *chunkStream) error {
	for _, want := range [2]uint32{cs.delta, cs.time} {
		found, err := r.ahead(want)
		if err != nil {
			return err
		}
		if found {
			_, err = r.in.Discard(4)
			return err
		}
	}
	return nil
}

// ahead reports whether the next four bytes are want. It reads no further
// than it needs to tell, since a message may end there.
func (r *chunkReader) ahead(want uint32) (bool, error) {
	for i := range 4 {
		b, err := r.in.Peek(i + 1)
		if err != nil {
			return false, err
		}
		if b[i] != byte(want>>(24-8*i)) {
			return false, nil
		}
	}
	return true, nil
}

// begin starts the message that the state of cs describes.
func (r *chunkReader) begin(cs *chunkStream) error {
	if cs.length > r.maxMessage {
		return fmt.Errorf("%w: %d bytes of at most %d", errMessageSize, cs.length, r.maxMessage)
	}
	cs.open = true
	return nil
}

// payload reads the payload of a chunk.
func (r *chunkReader) payload(cs *chunkStream) error {
	left := min(r.size, cs.length-len(cs.body))
	if r.partial+left > r.maxPartial {
		return fmt.Errorf("%w: more than %d", errPartialSize, r.maxPartial)
	}
	for left > 0 {
		b := r.arena.extend(cs, left)
		left -= len(b)
		r.partial += len(b)
		if _, err := io.ReadFull(r.in, b); err != nil {
			return err
		}
	}
	return nil
}

// take returns the next n bytes, which are valid until the next read.
func (r *chunkReader) take(n int) ([]byte, error) {
	b, err := r.in.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = r.in.Discard(n)
	return b, err
}

func uint24(b []byte) uint32 {
	return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
}
