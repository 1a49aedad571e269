package rtmp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testReader(r io.Reader) *chunkReader {
	cr := newChunkReader(r)
	cr.maxStreams, cr.maxMessage, cr.maxPartial = 8, 1<<20, 2<<20
	cr.arena.slabs = true
	return cr
}

// readAll returns the messages of a stream of chunks. Set Chunk Size and
// Abort are obeyed, and not returned.
func readAll(cr *chunkReader) ([]message, error) {
	var all []message
	for {
		m, err := cr.next()
		switch {
		case err != nil:
			return all, err
		case m.kind == kindSetChunkSize && len(m.body) == 4:
			if err := cr.setSize(uint24(m.body[1:]) | uint32(m.body[0])<<24); err != nil {
				return all, err
			}
		case m.kind == kindAbort && len(m.body) == 4:
			cr.abort(uint24(m.body[1:]))
		default:
			all = append(all, m)
		}
	}
}

func msg(k kind, stream, time uint32, body string) message {
	m := message{kind: k, stream: stream, time: time}
	if body != "" {
		m.body = []byte(body)
	}
	return m
}

// chunkCases serve the reader's test and the fuzz target.
var chunkCases = []struct {
	name string
	hex  string
	want []message
	err  error // io.EOF when nil
}{
	{"type 0", "04 00000a 000003 08 01000000 616263", []message{msg(8, 1, 10, "abc")}, nil},
	{"stream ID is little endian", "04 00000a 000001 08 01020304 61", []message{msg(8, 0x04030201, 10, "a")}, nil},
	{"two-byte chunk stream ID", "00 05 00000a 000001 08 01000000 61  c0 05 62", []message{msg(8, 1, 10, "a"), msg(8, 1, 20, "b")}, nil},
	{"three-byte chunk stream ID", "01 0500 00000a 000001 08 01000000 61  c0 05 62", []message{msg(8, 1, 10, "a"), msg(8, 1, 20, "b")}, nil},
	{"largest chunk stream ID", "01 ffff 00000a 000001 08 01000000 61  c1 ffff 62", []message{msg(8, 1, 10, "a"), msg(8, 1, 20, "b")}, nil},
	{
		"types 1 and 2 add their delta",
		"04 0003e8 000001 08 01000000 61  44 000014 000002 09 6263  84 00000a 6465",
		[]message{msg(8, 1, 1000, "a"), msg(9, 1, 1020, "bc"), msg(9, 1, 1030, "de")},
		nil,
	},
	{
		"type 3 repeats the delta",
		"04 0003e8 000001 08 01000000 61  84 000014 62  c4 63  c4 64",
		[]message{msg(8, 1, 1000, "a"), msg(8, 1, 1020, "b"), msg(8, 1, 1040, "c"), msg(8, 1, 1060, "d")},
		nil,
	},
	{
		"type 3 after type 0 repeats its timestamp",
		"04 0003e8 000001 08 01000000 61  c4 62",
		[]message{msg(8, 1, 1000, "a"), msg(8, 1, 2000, "b")},
		nil,
	},
	{
		"chunk streams inherit from themselves only",
		"04 0003e8 000001 08 01000000 61  05 000001 000001 09 02000000 78  84 000014 62",
		[]message{msg(8, 1, 1000, "a"), msg(9, 2, 1, "x"), msg(8, 1, 1020, "b")},
		nil,
	},
	{"time goes back", "04 0003e8 000001 08 01000000 61  04 000001 000001 08 01000000 62", []message{msg(8, 1, 1000, "a"), msg(8, 1, 1, "b")}, nil},
	{"time wraps", "04 ffffff 000001 08 01000000 fffffff0 61  84 000020 62", []message{msg(8, 1, 0xfffffff0, "a"), msg(8, 1, 0x10, "b")}, nil},
	{"zero length", "04 00000a 000000 08 01000000  04 000000 000000 00 00000000", []message{msg(8, 1, 10, ""), msg(0, 0, 0, "")}, nil},
	{"type 1 first", "44 00000a 000001 08 61", []message{msg(8, 0, 10, "a")}, nil},
	{"type 2 first", "84 00000a", []message{msg(0, 0, 10, "")}, nil},
	{"type 3 first", "c4 c4", []message{msg(0, 0, 0, ""), msg(0, 0, 0, "")}, nil},
	{
		"chunk size applies to the next chunk",
		"02 000000 000004 01 00000000 00000002  04 00000a 000005 08 01000000 6162 c4 6364 c4 65",
		[]message{msg(8, 1, 10, "abcde")},
		nil,
	},
	{
		"chunk size changes amid a message",
		"02 000000 000004 01 00000000 00000002  04 00000a 000007 08 01000000 6162" +
			"02 000000 000004 01 00000000 0000  c2 0004  c4 63646566 c4 67",
		[]message{msg(8, 1, 10, "abcdefg")},
		nil,
	},
	{
		"interleaved",
		"02 000000 000004 01 00000000 00000002  04 00000a 000003 08 01000000 6162" +
			"05 000014 000004 09 01000000 7778  c4 63  c5 797a",
		[]message{msg(8, 1, 10, "abc"), msg(9, 1, 20, "wxyz")},
		nil,
	},
	{
		"abort",
		"02 000000 000004 01 00000000 00000004  04 00000a 000006 08 01000000 61626364" +
			"02 000000 000004 02 00000000 00000004  84 000005 747576 77 c4 7879",
		[]message{msg(8, 1, 15, "tuvwxy")},
		nil,
	},
	{"abort of nothing", "02 000000 000004 02 00000000 00000004  02 000000 000004 02 00000000 00000009", nil, nil},
	{
		"a new header discards what is unfinished",
		"02 000000 000004 01 00000000 00000002  04 00000a 000003 08 01000000 6162  04 00000b 000002 08 01000000 7879",
		[]message{msg(8, 1, 11, "xy")},
		nil,
	},
	{
		"extended timestamp, repeated in type 3",
		"02 000000 000004 01 00000000 00000002  04 ffffff 000006 08 01000000 01000000 6162 c4 01000000 6364 c4 01000000 6566",
		[]message{msg(8, 1, 0x1000000, "abcdef")},
		nil,
	},
	{
		"extended timestamp, omitted in type 3",
		"02 000000 000004 01 00000000 00000002  04 ffffff 000006 08 01000000 01000000 6162 c4 6364 c4 6566",
		[]message{msg(8, 1, 0x1000000, "abcdef")},
		nil,
	},
	{
		"extended timestamp, omitted, and data that begin like it",
		"02 000000 000004 01 00000000 00000004  04 ffffff 000008 08 01000000 01000000 61626364 c4 01000065",
		[]message{msg(8, 1, 0x1000000, "abcd\x01\x00\x00e")},
		nil,
	},
	{"extended timestamp of 0xffffff", "04 ffffff 000001 08 01000000 00ffffff 61", []message{msg(8, 1, 0xffffff, "a")}, nil},
	{
		"extended delta, type 3 repeats the delta",
		"02 000000 000004 01 00000000 00000002  04 000005 000001 08 01000000 61  44 ffffff 000004 08 02000000 6162 c4 02000000 6364",
		[]message{msg(8, 1, 5, "a"), msg(8, 1, 0x2000005, "abcd")},
		nil,
	},
	{
		"extended delta, type 3 has the time of the message",
		"02 000000 000004 01 00000000 00000002  04 000005 000001 08 01000000 61  44 ffffff 000004 08 02000000 6162 c4 02000005 6364",
		[]message{msg(8, 1, 5, "a"), msg(8, 1, 0x2000005, "abcd")},
		nil,
	},
	{
		"extended timestamp, type 3 begins a message",
		"04 ffffff 000001 08 01000000 01000000 61  c4 01000000 62",
		[]message{msg(8, 1, 0x1000000, "a"), msg(8, 1, 0x2000000, "b")},
		nil,
	},
	{
		"no extended timestamp after a plain delta",
		"04 ffffff 000001 08 01000000 01000000 61  84 000005 62  c4 63",
		[]message{msg(8, 1, 0x1000000, "a"), msg(8, 1, 0x1000005, "b"), msg(8, 1, 0x100000a, "c")},
		nil,
	},

	{"chunk size 0", "02 000000 000004 01 00000000 00000000", nil, errChunkSize},
	{"chunk size with top bit", "02 000000 000004 01 00000000 80000080", nil, errChunkSize},
	{"message above the limit", "04 000000 100001 09 01000000", nil, errMessageSize},
	{"too many chunk streams", "c2 c3 c4 c5 c6 c7 c8 c9 ca", make([]message, 8), errChunkStreams},
	{"cut in a basic header", "00", nil, io.EOF},
	{"cut in a message header", "04 00000a 00", nil, io.EOF},
	{"cut in an extended timestamp", "04 ffffff 000001 08 01000000 0000", nil, io.EOF},
	{"cut in the payload", "04 00000a 000003 08 01000000 6162", nil, io.ErrUnexpectedEOF},
}

func TestChunkReader(t *testing.T) {
	for _, c := range chunkCases {
		t.Run(c.name, func(t *testing.T) {
			in := unhex(t, c.hex)
			for _, r := range []io.Reader{bytes.NewReader(in), iotest.OneByteReader(bytes.NewReader(in))} {
				got, err := readAll(testReader(r))
				if c.err == nil {
					c.err = io.EOF
				}
				if !errors.Is(err, c.err) {
					t.Errorf("ends with %v, want %v", err, c.err)
				}
				if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(message{})); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// A sender that omits the extended timestamp and then waits for an answer
// must get it: the reader may not look past the end of the message.
func TestOmittedExtendedTimestampAtTheEnd(t *testing.T) {
	in := unhex(t, "02 000000 000004 01 00000000 00000002  04 ffffff 000003 08 01000000 01000000 6162 c4 63")
	stop := errors.New("read past the end")
	cr := testReader(io.MultiReader(bytes.NewReader(in), iotest.ErrReader(stop)))
	if got, err := readAll(cr); len(got) != 1 || !errors.Is(err, stop) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPartialBytesAreBounded(t *testing.T) {
	var in []byte
	for id := byte(3); id < 8; id++ { // 5 chunk streams of 512 KB that miss a byte
		in = append(in, id, 0, 0, 0, 8, 0, 1, 9, 1, 0, 0, 0)
		in = append(in, make([]byte, 512<<10)...)
	}
	cr := testReader(bytes.NewReader(in))
	cr.size = 512 << 10
	if _, err := readAll(cr); !errors.Is(err, errPartialSize) {
		t.Errorf("ends with %v", err)
	}
}

// Memory follows the bytes that arrive, not those that are announced.
func TestAnnouncedLengthAllocatesNothing(t *testing.T) {
	for _, slabs := range []bool{false, true} {
		for _, sent := range []int{1, 5000, 70000, 300000} {
			var in []byte
			in = append(in, 4, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0)
			in = append(in, make([]byte, sent)...)
			cr := testReader(bytes.NewReader(in))
			cr.maxMessage, cr.maxPartial, cr.size = 1<<24, 1<<25, 1<<24
			cr.arena.slabs = slabs
			_, _ = cr.next()
			held := cap(cr.streams[4].body)
			if slabs {
				held -= slabSize
			}
			if held > 2*sent+4096 {
				t.Errorf("slabs %v: %d bytes sent, %d held", slabs, sent, held)
			}
		}
	}
}

// Messages of all sizes, interleaved at random, come back as they were, and
// stay so while others are read.
func TestBodiesDoNotOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var in []byte
	var want []message
	const chunk = 3000
	var open [4][]byte
	left := 400
	for {
		i := r.IntN(len(open))
		switch {
		case len(open[i]) > 0:
			n := min(chunk, len(open[i]))
			in = append(append(in, 0xc4+byte(i)), open[i][:n]...)
			open[i] = open[i][n:]
		case left > 0:
			left--
			body := bytes.Repeat([]byte{byte(left)}, 1+r.IntN(1<<r.IntN(19)))
			size := len(body)
			in = append(in, 4+byte(i), 0, 0, byte(i), byte(size>>16), byte(size>>8), byte(size), 9, byte(left), 0, 0, 0)
			n := min(chunk, size)
			in = append(in, body[:n]...)
			open[i] = body[n:]
			want = append(want, message{kindVideo, uint32(byte(left)), uint32(i), body})
		case len(open[0])+len(open[1])+len(open[2])+len(open[3]) == 0:
			checkBodies(t, in, want, chunk)
			return
		}
	}
}

// checkBodies reads a stream of chunks and compares its messages, which come
// in another order.
func checkBodies(t *testing.T, in []byte, want []message, chunk int) {
	t.Helper()
	cr := testReader(bytes.NewReader(in))
	cr.size = chunk
	got, err := readAll(cr)
	if !errors.Is(err, io.EOF) || len(got) != len(want) {
		t.Fatalf("%d messages of %d, %v", len(got), len(want), err)
	}
	byID := map[[2]uint32][]byte{}
	for _, m := range want {
		byID[[2]uint32{m.stream, uint32(len(m.body))}] = m.body
	}
	for _, m := range got {
		if !bytes.Equal(m.body, byID[[2]uint32{m.stream, uint32(len(m.body))}]) {
			t.Fatalf("a message of %d bytes has changed", len(m.body))
		}
	}
	if cr.partial != 0 {
		t.Errorf("%d bytes are thought unfinished", cr.partial)
	}
}

func TestChunkWriter(t *testing.T) {
	var out bytes.Buffer
	w := &chunkWriter{out: &out, size: 4}
	w.message(5, msg(20, 1, 0, "abcdefghij"))
	w.control(kindAck, 7)
	w.event(eventPingResponse, 9)
	if err := w.flush(); err != nil {
		t.Fatal(err)
	}
	cr := testReader(&out)
	cr.size = 4
	got, _ := readAll(cr)
	want := []message{msg(20, 1, 0, "abcdefghij"), msg(3, 0, 0, "\x00\x00\x00\x07"), msg(4, 0, 0, "\x00\x07\x00\x00\x00\x09")}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(message{})); diff != "" {
		t.Error(diff)
	}
}

func TestAggregate(t *testing.T) {
	var body []byte
	for _, m := range []message{msg(9, 0, 0x1000ff0, "v"), msg(8, 0, 0x1001000, "au"), msg(18, 0, 0x1001010, "")} {
		body = appendTag(body, m)
	}
	cases := []struct {
		name string
		body []byte
		want []message
	}{
		{"whole", body, []message{msg(9, 3, 500, "v"), msg(8, 3, 516, "au"), {kind: 18, stream: 3, time: 532, body: []byte{}}}},
		{"without the last back pointer", body[:len(body)-4], []message{msg(9, 3, 500, "v"), msg(8, 3, 516, "au"), {kind: 18, stream: 3, time: 532, body: []byte{}}}},
		{"cut in a message", body[:len(body)-20], []message{msg(9, 3, 500, "v")}},
		{"cut in a header", body[:10], nil},
		{"empty", nil, nil},
	}
	for _, c := range cases {
		var got []message
		err := message{kind: kindAggregate, stream: 3, time: 500, body: c.body}.split(func(m message) error {
			got = append(got, m)
			return nil
		})
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(message{})); diff != "" || err != nil {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
	stop := errors.New("stop")
	if err := (message{body: body}).split(func(message) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("goes on after an error: %v", err)
	}
}

func FuzzChunkReader(f *testing.F) {
	for _, c := range chunkCases {
		f.Add(unhex(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		cr := testReader(bytes.NewReader(in))
		cr.maxMessage, cr.maxPartial = 1<<16, 1<<17
		got, _ := readAll(cr)
		size := 0
		for _, m := range got {
			size += len(m.body)
		}
		if size > len(in) {
			t.Fatalf("%d bytes of input hold %d of bodies", len(in), size)
		}
		held := 0
		for _, cs := range cr.streams {
			held += len(cs.body)
		}
		if held != cr.partial {
			t.Fatalf("%d bytes unfinished, %d counted", held, cr.partial)
		}
	})
}

// appendTag appends m as a message of an aggregate.
func appendTag(b []byte, m message) []byte {
	size := uint32(len(m.body))
	b = append(b, byte(m.kind), byte(size>>16), byte(size>>8), byte(size))
	b = append(b, byte(m.time>>16), byte(m.time>>8), byte(m.time), byte(m.time>>24), 0, 0, 0)
	b = append(b, m.body...)
	return binary.BigEndian.AppendUint32(b, tagHeader+size)
}
