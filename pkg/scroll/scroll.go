// Package scroll keeps texts to which lines are added at the end, and which lose lines at
// the front. Whoever wants one again pays for what has changed: its lines are written once,
// and compressed once, many together.
package scroll

import (
	"hash/crc32"
	"slices"
	"sort"
	"sync"
)

// A Scroll is such a text. Its lines have consecutive numbers. It is safe for concurrent
// use. The zero value has no lines.
type Scroll struct {
	mu     sync.Mutex
	first  uint64 // number of the first line
	text   []byte // of all lines; what was handed out is never written again
	marks  []mark // of the ends of the lines in text
	blocks map[block][]byte
	opened opened
	line   []byte // is used again
}

// A mark is a place in the text of a scroll, and the CRC-32 (IEEE) of what is in front of it.
type mark struct {
	at  int
	sum uint32
}

// A Piece is some lines that follow one another. Its text is not to be changed.
type Piece struct {
	Text   []byte
	Sum    uint32 // CRC-32 (IEEE) of Text
	scroll *Scroll
	from   uint64 // number of its first line
	start  mark   // of Text
	marks  []mark // of the ends of its lines
}

// Sub returns the lines of the piece from a number up to another one.
func (p Piece) Sub(from, to uint64) Piece {
	if from >= to {
		return Piece{}
	}
	start, end := p.mark(from), p.mark(to)
	return Piece{
		Text:   p.Text[start.at-p.start.at : end.at-p.start.at : end.at-p.start.at],
		Sum:    combine(start.sum, end.sum, end.at-start.at),
		scroll: p.scroll, from: from, start: start, marks: p.marks[from-p.from : to-p.from : to-p.from],
	}
}

// mark returns where the line of a number begins.
func (p Piece) mark(n uint64) mark {
	if n == p.from {
		return p.start
	}
	return p.marks[n-p.from-1]
}

// Written returns the numbers of the first and of the last line that is not empty, if there
// is one.
func (p Piece) Written() (first, last uint64, ok bool) {
	if len(p.Text) == 0 {
		return 0, 0, false
	}
	end := p.marks[len(p.marks)-1].at
	first = p.from + uint64(sort.Search(len(p.marks), func(i int) bool { return p.marks[i].at > p.start.at }))
	last = p.from + uint64(sort.Search(len(p.marks), func(i int) bool { return p.marks[i].at >= end }))
	return first, last, true
}

// A Text is one of which some lines are pieces of scrolls.
type Text struct {
	Fresh  []byte  // all the rest
	Insets []Inset // in order
}

// An Inset is a piece in front of what is at an offset in a fresh text.
type Inset struct {
	At int
	Piece
}

// Pieces returns the text in pieces.
func (t *Text) Pieces() [][]byte {
	all, at := make([][]byte, 0, 2*len(t.Insets)+1), 0
	for _, in := range t.Insets {
		all = append(all, t.Fresh[at:in.At], in.Text)
		at = in.At
	}
	return append(all, t.Fresh[at:])
}

// Bytes returns the whole text, nil of none.
func (t *Text) Bytes() []byte {
	if t == nil {
		return nil
	}
	return slices.Concat(t.Pieces()...)
}

// Write writes the line of a number behind text.
type Write func(text []byte, number uint64) []byte

// Cut returns the lines from the number from up to the number to. Those that were never
// asked for are written by write, which must be the same for one number at any time. Lines
// in front of from are forgotten in time; who asks for one of those has all written anew.
func (s *Scroll) Cut(from, to uint64, write Write) Piece {
	if from >= to {
		return Piece{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.marks) == 0 || from > s.next():
		s.first, s.text, s.marks, s.blocks = from, nil, nil, nil
	case from < s.first:
		var other Scroll
		return other.Cut(from, to, write)
	}
	for n := s.next(); n < to; n++ {
		s.add(from, n, write)
	}
	return s.all().Sub(from, to)
}

// next returns the number of the line behind all.
func (s *Scroll) next() uint64 { return s.first + uint64(len(s.marks)) }

func (s *Scroll) all() Piece { return Piece{Text: s.text, scroll: s, from: s.first, marks: s.marks} }

// add writes the line n, which is the next. Where there is no room for it the lines in front
// of oldest are dropped.
func (s *Scroll) add(oldest, n uint64, write Write) {
	s.line = write(s.line[:0], n)
	if len(s.text)+len(s.line) > cap(s.text) || len(s.marks) == cap(s.marks) {
		s.drop(oldest, len(s.line))
	}
	s.append(s.line)
}

func (s *Scroll) append(line []byte) {
	sum := crc32.Update(s.all().mark(s.next()).sum, crc32.IEEETable, line)
	s.text = append(s.text, line...)
	s.marks = append(s.marks, mark{len(s.text), sum})
}

// drop moves all lines from oldest on to new memory, with room for as many again.
func (s *Scroll) drop(oldest uint64, more int) {
	start, text, marks := s.all().mark(oldest).at, s.text, s.marks[oldest-s.first:]
	room, lines := 2*(len(text)-start)+more, 2*len(marks)+16
	s.first, s.text, s.marks = oldest, make([]byte, 0, room), make([]mark, 0, lines)
	for _, end := range marks {
		s.append(text[start:end.at])
		start = end.at
	}
	for b := range s.blocks {
		if b.from < oldest {
			delete(s.blocks, b)
		}
	}
}
