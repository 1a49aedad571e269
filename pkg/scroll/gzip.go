package scroll

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sync"
)

// Lines that are compressed together, from a number that is a multiple of that on: a few
// of them so that few are compressed again for each piece, and many so that they become
// short.
const (
	few  = 16
	many = 8 * few
)

// A block is what lines are compressed to by themselves.
type block struct {
	from  uint64
	lines uint64
}

// An opened is what is compressed in front of the first block of a piece.
type opened struct {
	start      string
	text, data []byte
}

// A Compressor makes gzip of pieces. It keeps what is needed for that, which is hundreds of
// kilobytes. The zero value can be used, by many at a time.
type Compressor struct{ idle sync.Pool }

// Gzip returns the gzip form (RFC 1952) of a text, in pieces.
func (c *Compressor) Gzip(t *Text) [][]byte {
	var all [][]byte
	var size int
	var sum uint32
	texts, start := make([][]byte, 0, 8), header // that wait
	fresh := func(text []byte) {
		texts = append(texts, text)
		size, sum = size+len(text), crc32.Update(sum, crc32.IEEETable, text)
	}
	at := 0
	for _, in := range t.Insets {
		fresh(t.Fresh[at:in.At])
		at = in.At
		size, sum = size+len(in.Text), combine(sum, in.Sum, len(in.Text))
		front, blocks, back := in.blocks(c)
		texts = append(texts, front)
		if len(blocks) > 0 {
			all = append(append(all, in.opening(c, start, texts)), blocks...)
			texts, start = texts[:0], ""
		}
		texts = append(texts, back)
	}
	fresh(t.Fresh[at:])
	last := c.deflate(start, true, texts...)
	last = binary.LittleEndian.AppendUint32(last, sum)
	return append(all, binary.LittleEndian.AppendUint32(last, uint32(size)))
}

// header is that of a gzip member: deflate, of an unknown time and system.
const header = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// deflate returns what texts are compressed to (RFC 1951), behind a start. It ends on a byte, and
// looks back to nothing in front of the texts.
func (c *Compressor) deflate(start string, last bool, texts ...[]byte) []byte {
	n := 0
	for _, text := range texts {
		n += len(text)
	}
	out := bytes.NewBuffer(append(make([]byte, 0, len(start)+n/4+64), start...))
	w, ok := c.idle.Get().(*flate.Writer)
	if !ok {
		w, _ = flate.NewWriter(nil, flate.DefaultCompression) // which is a level
	}
	defer c.idle.Put(w)
	w.Reset(out)
	for _, text := range texts {
		_, _ = w.Write(text) // a buffer has no errors
	}
	if last {
		_ = w.Close()
	} else {
		_ = w.Flush()
	}
	return out.Bytes()
}

// blocks returns the lines of a piece that are compressed together with others, and the text in
// front and behind them: all of it is in front where there are none.
func (p Piece) blocks(c *Compressor) (front []byte, all [][]byte, back []byte) {
	end := p.from + uint64(len(p.marks))
	at := min((p.from+few-1)/few*few, end)
	front = p.Sub(p.from, at).Text
	for at+few <= end {
		b := block{at, few}
		if at%many == 0 && at+many <= end {
			b.lines = many
		}
		at += b.lines
		if text := p.Sub(b.from, at).Text; len(text) > 0 {
			all = append(all, p.scroll.block(c, b, text))
		}
	}
	return front, all, p.Sub(at, end).Text
}

// opening returns what texts in front of the first block are compressed to: with the newest
// piece they are often the same as with the one before.
func (p Piece) opening(c *Compressor, start string, texts [][]byte) []byte {
	text := slices.Concat(texts...)
	s := p.scroll
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened.start != start || !bytes.Equal(s.opened.text, text) {
		s.opened = opened{start, text, c.deflate(start, false, text)}
	}
	return s.opened.data
}

// block returns what some lines with a text are compressed to.
func (s *Scroll) block(c *Compressor, b block, text []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, known := s.blocks[b]
	if !known {
		data = c.deflate("", false, text)
		if s.blocks == nil {
			s.blocks = make(map[block][]byte)
		}
		if b.from >= s.first {
			s.blocks[b] = data
		}
	}
	return data
}
