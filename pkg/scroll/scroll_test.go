package scroll_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"sluice/pkg/scroll"
)

// line is that of a number; some are long, and many empty.
func line(text []byte, n uint64) []byte {
	if n%11 > 5 || n/100%5 == 4 {
		return text
	}
	text = fmt.Appendf(text, "#EXTINF:%d.%03d,\n", n%7, n%1000)
	for range n % 5 {
		text = fmt.Appendf(text, "%x.m4s\n", n*0x9e3779b97f4a7c15)
	}
	return text
}

func whole(from, to uint64) (text []byte) {
	for n := from; n < to; n++ {
		text = line(text, n)
	}
	return text
}

// unzipped returns what a client makes of an answer.
func unzipped(t *testing.T, pieces [][]byte) string {
	t.Helper()
	in, err := gzip.NewReader(bytes.NewReader(bytes.Join(pieces, nil)))
	if err != nil {
		t.Fatal(err)
	}
	in.Multistream(false) // browsers read one member
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPieces cuts a text as its lines come and go, in every possible way: now and then some at
// once, more than there were, of an older state, or far behind what there was.
func TestPieces(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	var c scroll.Compressor
	for _, window := range []uint64{0, 1, 5, 16, 40, 300} {
		var s scroll.Scroll
		type state struct {
			from, to uint64
			piece    scroll.Piece
		}
		var states []state
		for from := uint64(990); from < 1800; {
			to := from + window
			p := s.Cut(from, to, line)
			states = append(states, state{from, to, p})
			if dice.IntN(4) == 0 {
				old := states[dice.IntN(len(states))]
				if again := s.Cut(old.from, old.to, line); !bytes.Equal(again.Text, whole(old.from, old.to)) {
					t.Fatalf("%d to %d, after up to %d: %q", old.from, old.to, to, again.Text)
				}
			}
			from += []uint64{0, 1, 1, 1, 1, 7, 30, 3 * window}[dice.IntN(8)]
		}
		for _, st := range states {
			want := whole(st.from, st.to)
			if !bytes.Equal(st.piece.Text, want) {
				t.Fatalf("%d to %d is later %q", st.from, st.to, st.piece.Text)
			}
			middle := st.from + dice.Uint64N(window+1)
			one, other := st.piece.Sub(st.from, middle), st.piece.Sub(middle, st.to)
			head, rest := "#EXTM3U\n", "#EXT-X-ENDLIST\n"
			if st.from%3 == 0 {
				head, rest = "", ""
			}
			for _, text := range []*scroll.Text{
				{Fresh: []byte(head + rest), Insets: []scroll.Inset{{At: len(head), Piece: st.piece}}},
				{Fresh: []byte(head + rest), Insets: []scroll.Inset{{At: len(head), Piece: one}, {At: len(head), Piece: other}}},
				{Fresh: []byte(head + string(other.Text) + rest), Insets: []scroll.Inset{{At: len(head), Piece: one}}},
				{Fresh: []byte(head + string(want) + rest)},
			} {
				if got := string(text.Bytes()); got != head+string(want)+rest {
					t.Fatalf("%d to %d, to %d: %q", st.from, middle, st.to, got)
				}
				if got := unzipped(t, c.Gzip(text)); got != head+string(want)+rest {
					t.Fatalf("%d to %d, to %d: %d bytes of %d", st.from, middle, st.to, len(got), len(want))
				}
			}
			checkWritten(t, other, middle)
		}
	}
}

// checkWritten looks for the lines of a piece that are not empty, of which number n is the first.
func checkWritten(t *testing.T, p scroll.Piece, n uint64) {
	t.Helper()
	first, last, ok := p.Written()
	if ok != (len(p.Text) > 0) {
		t.Fatalf("%d bytes, but some: %v", len(p.Text), ok)
	}
	if !ok {
		return
	}
	for ; len(line(nil, n)) == 0; n++ {
	}
	if first != n || !bytes.HasPrefix(p.Text, line(nil, n)) {
		t.Fatalf("line %d is the first, not %d", n, first)
	}
	if last < first || !bytes.HasSuffix(p.Text, line(nil, last)) || len(line(nil, last)) == 0 {
		t.Fatalf("%d to %d: not the last line", first, last)
	}
}

// TestLinesAreWrittenOnce counts what is written and compressed anew.
func TestLinesAreWrittenOnce(t *testing.T) {
	var s scroll.Scroll
	var c scroll.Compressor
	written := 0
	count := func(text []byte, n uint64) []byte { written++; return line(text, n) }
	const window, turns = 1000, 400
	for n := range uint64(turns) {
		p := s.Cut(n, n+window, count)
		all := c.Gzip(&scroll.Text{Insets: []scroll.Inset{{Piece: p}}})
		if ratio := float64(len(bytes.Join(all, nil))) / float64(len(p.Text)); ratio > 0.5 {
			t.Fatalf("it is compressed to %.2f", ratio)
		}
		if len(all) > 2+window/128+14 {
			t.Fatalf("%d pieces", len(all))
		}
	}
	if written != turns-1+window {
		t.Errorf("%d lines are written, not %d", written, turns-1+window)
	}
}

// TestTogether has many ask at a time, for the newest state and for older ones.
func TestTogether(t *testing.T) {
	var s scroll.Scroll
	var c scroll.Compressor
	var all sync.WaitGroup
	for k := range uint64(8) {
		all.Go(func() {
			for n := k; n < 100; n++ {
				p := s.Cut(n, n+200, line)
				if got := unzipped(t, c.Gzip(&scroll.Text{Insets: []scroll.Inset{{Piece: p}}})); got != string(whole(n, n+200)) {
					t.Errorf("%d: %d bytes", n, len(got))
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkScroll asks for a text after each line that is added to it.
func BenchmarkScroll(b *testing.B) {
	for _, window := range []uint64{15, 5400} {
		b.Run(fmt.Sprint(window), func(b *testing.B) {
			var s scroll.Scroll
			var c scroll.Compressor
			n := uint64(0)
			s.Cut(n, n+window, line)
			b.ReportAllocs()
			for b.Loop() {
				n++
				c.Gzip(&scroll.Text{Insets: []scroll.Inset{{Piece: s.Cut(n, n+window, line)}}})
			}
		})
	}
}
