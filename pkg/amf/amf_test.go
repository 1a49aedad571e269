package amf_test

import (
	"encoding/hex"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amf"
)

func object(pairs ...any) *amf.Object {
	o := &amf.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Fields = append(o.Fields, amf.Field{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return o
}

func array(pairs ...any) *amf.Object {
	o := object(pairs...)
	o.Array = true
	return o
}

// cases serve the decoder, the encoder and the fuzz target. Hex may hold
// spaces.
var cases = []struct {
	name   string
	hex    string
	values []any
	oneWay bool // the encoder writes it differently, or cannot
}{
	{"number", "00 3ff0000000000000", []any{1.0}, false},
	{"infinity", "00 7ff0000000000000", []any{math.Inf(1)}, false},
	{"true", "01 01", []any{true}, false},
	{"false", "01 00", []any{false}, false},
	{"any other byte is true", "01 ff", []any{true}, true},
	{"string", "02 0003 666f6f", []any{"foo"}, false},
	{"empty string", "02 0000", []any{""}, false},
	{"null", "05", []any{nil}, false},
	{"undefined", "06", []any{amf.Undefined{}}, false},
	{"unsupported", "0d", []any{amf.Undefined{}}, true},
	{"date", "0b 4270000000000000 0000", []any{amf.Date(1 << 40)}, false},
	{"date with zone", "0b 4270000000000000 ff88", []any{amf.Date(1 << 40)}, true},
	{"XML", "0f 00000004 3c612f3e", []any{amf.XML("<a/>")}, false},
	{"short text as long string", "0c 00000001 61", []any{"a"}, true},
	{"object", "03 0001 61 0100 0001 62 05 000009", []any{object("a", false, "b", nil)}, false},
	{"empty object", "03 000009", []any{object()}, false},
	{"empty name", "03 0000 05 000009", []any{object("", nil)}, false},
	{"typed object", "10 0001 54 0001 61 05 000009", []any{&amf.Object{Class: "T", Fields: []amf.Field{{Name: "a"}}}}, false},
	{"ECMA array", "08 00000001 0001 61 05 000009", []any{array("a", nil)}, false},
	{"ECMA array counts too few", "08 00000000 0001 61 05 000009", []any{array("a", nil)}, true},
	{"ECMA array counts too many", "08 ffffffff 0001 61 05 000009", []any{array("a", nil)}, true},
	{"ECMA array without end", "08 00000001 0001 61 05", []any{array("a", nil)}, true},
	{"strict array", "0a 00000002 05 0101", []any{[]any{nil, true}}, false},
	{"reference to an object", "03 0001 61 05 000009 07 0000", []any{object("a", nil), object("a", nil)}, true},
	{"reference to an array", "0a 00000001 05 07 0000", []any{[]any{nil}, []any{nil}}, true},
	{"references count from the beginning", "03 0001 61 03 000009 000009 07 0001", []any{object("a", object()), object()}, true},
	{"reference to an enclosing object", "03 0001 61 07 0000 000009", []any{object("a", amf.Undefined{})}, true},
	{"a command", "02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 000009", []any{"connect", 1.0, object("app", "live")}, false},

	{"AMF3 undefined and null", "11 00 11 01 05", []any{amf.Undefined{}, nil, nil}, true},
	{"AMF3 false and true", "11 02 11 03", []any{false, true}, true},
	{"AMF3 integers", "11 04 7f 11 04 8100 11 04 ffffffff 11 04 c0808000", []any{127.0, 128.0, -1.0, -268435456.0}, true},
	{"AMF3 double", "11 05 3ff0000000000000", []any{1.0}, true},
	{"AMF3 strings", "11 06 03 61 11 06 01 11 06 00", []any{"a", "", "a"}, true},
	{"AMF3 dates", "11 08 01 4270000000000000 11 08 00", []any{amf.Date(1 << 40), amf.Date(1 << 40)}, true},
	{"AMF3 list", "11 09 05 01 01 03", []any{[]any{nil, true}}, true},
	{"AMF3 array with names", "11 09 03 03 61 01 01 03", []any{array("a", nil, "0", true)}, true},
	{"AMF3 byte array", "11 0c 05 0102", []any{[]byte{1, 2}}, true},
	{"AMF3 XML", "11 0b 09 3c612f3e 11 07 09 3c612f3e", []any{amf.XML("<a/>"), amf.XML("<a/>")}, true},
	{"AMF3 dynamic object", "11 0a 0b 01 03 61 01 01", []any{object("a", nil)}, true},
	{
		"AMF3 sealed objects", "11 0a 13 03 54 03 61 04 01 11 0a 01 04 02 11 0a 00",
		[]any{
			&amf.Object{Class: "T", Fields: []amf.Field{{Name: "a", Value: 1.0}}},
			&amf.Object{Class: "T", Fields: []amf.Field{{Name: "a", Value: 2.0}}},
			&amf.Object{Class: "T", Fields: []amf.Field{{Name: "a", Value: 1.0}}},
		},
		true,
	},
	{"AMF3 object that holds itself", "11 0a 0b 01 03 61 0a 00 01", []any{object("a", amf.Undefined{})}, true},
	{"AMF3 value in an AMF0 object", "03 0001 61 11 04 01 000009", []any{object("a", 1.0)}, true},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := amf.Decode(unhex(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.values, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAppend(t *testing.T) {
	for _, c := range cases {
		if c.oneWay {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			got, err := amf.Append([]byte("x"), c.values...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]byte("x"), unhex(t, c.hex)...), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLongString(t *testing.T) {
	for _, n := range []int{65535, 65536, 100000} {
		text := strings.Repeat("x", n)
		b, err := amf.Append(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		if long := b[0] == 0x0c; long != (n > 65535) {
			t.Errorf("%d bytes: marker %#x", n, b[0])
		}
		got, err := amf.Decode(b)
		if err != nil || len(got) != 1 || got[0] != text {
			t.Errorf("%d bytes come back changed: %v", n, err)
		}
	}
}

var badCases = []struct {
	name, hex string
	want      error
}{
	{"short number", "00 3ff0", amf.ErrTruncated},
	{"boolean without value", "01", amf.ErrTruncated},
	{"string past the end", "02 0004 666f6f", amf.ErrTruncated},
	{"long string of 4 GB", "0c ffffffff 00", amf.ErrTruncated},
	{"XML of 4 GB", "0f ffffffff 00", amf.ErrTruncated},
	{"strict array of 4 G values", "0a ffffffff 05", amf.ErrTruncated},
	{"object without end", "03 0001 61 05", amf.ErrTruncated},
	{"object cut in a name", "03 0002 61", amf.ErrTruncated},
	{"ECMA array cut in a value", "08 00000001 0001 61", amf.ErrTruncated},
	{"date without zone", "0b 4270000000000000", amf.ErrTruncated},
	{"reference to nothing", "07 0000", amf.ErrReference},
	{"movie clip", "04", amf.ErrMarker},
	{"record set", "0e", amf.ErrMarker},
	{"object end alone", "09", amf.ErrMarker},
	{"unknown marker", "ee", amf.ErrMarker},
	{"AMF3 without value", "11", amf.ErrTruncated},
	{"AMF3 unknown marker", "11 40", amf.ErrMarker},
	{"AMF3 string past the end", "11 06 ffffffff", amf.ErrTruncated},
	{"AMF3 string reference", "11 06 02", amf.ErrReference},
	{"AMF3 object reference", "11 0a 02", amf.ErrReference},
	{"AMF3 traits reference", "11 0a 05", amf.ErrReference},
	{"AMF3 array of millions", "11 09 ffffff7f 01", amf.ErrTruncated},
	{"AMF3 names of millions", "11 0a fffffff3 01", amf.ErrTruncated},
	{"AMF3 byte array past the end", "11 0c ffff7f 00", amf.ErrTruncated},
	{"AMF3 externalizable", "11 0a 07 03 54", amf.ErrMarker},
	{"nested objects", strings.Repeat("03 0001 61 ", 33) + "05", amf.ErrTooDeep},
	{"nested arrays", strings.Repeat("0a 00000001 ", 33) + "05", amf.ErrTooDeep},
	{"nested ECMA arrays", strings.Repeat("08 00000001 0001 61", 100000), amf.ErrTooDeep},
	{"nested AMF3 arrays", "11" + strings.Repeat("09 03 01", 1000), amf.ErrTooDeep},
	{"nested AMF3 objects", "11" + strings.Repeat("0a 0b 01 03 61", 1000), amf.ErrTooDeep},
	{"too many values", strings.Repeat("05", amf.MaxValues+1), amf.ErrTooMany},
	{"too many in an array", "0a 00020000" + strings.Repeat("05", 1<<17), amf.ErrTooMany},
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range badCases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := amf.Decode(unhex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestDecodeKeepsWhatCameBeforeTheFault(t *testing.T) {
	got, err := amf.Decode(unhex(t, "02 0001 61 05 0c ffffffff"))
	if !errors.Is(err, amf.ErrTruncated) || !cmp.Equal(got, []any{"a", nil}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDepthLimitIsInclusive(t *testing.T) {
	in := strings.Repeat("0a 00000001 ", amf.MaxDepth-1) + "05"
	values, err := amf.Decode(unhex(t, in))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := amf.Append(nil, values...); err != nil || !cmp.Equal(out, unhex(t, in)) {
		t.Errorf("the deepest value does not come back: %v", err)
	}
}

// The input is large and all its counts lie: what is allocated stays near the
// size of the input.
func TestDecodeAllocatesWhatItIsGiven(t *testing.T) {
	inputs := map[string][]byte{
		"long strings": []byte(strings.Repeat("\x0c\xff\xff\xff\xff", 12000)),
		"arrays":       unhex(t, strings.Repeat("0a 0000ff00", 31)+strings.Repeat("05", 0xff00)),
		"objects":      unhex(t, strings.Repeat("03 000009", 20000)),
		"names":        unhex(t, "11 0a 8087fff3 01"+strings.Repeat("01", 60000)),
	}
	for name, in := range inputs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = amf.Decode(in)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("%s: %d bytes of input cost %d bytes", name, len(in), got)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	var deep any
	for range 40 {
		deep = []any{deep}
	}
	bomb := []any{strings.Repeat("x", 1000)}
	for range 8 {
		bomb = []any{bomb, bomb, bomb, bomb, bomb, bomb, bomb, bomb, bomb, bomb}
	}
	cases := []struct {
		name  string
		value any
		want  error
	}{
		{"int", 1, amf.ErrUnencodable},
		{"bytes", []byte{1}, amf.ErrUnencodable},
		{"inside", object("a", 1), amf.ErrUnencodable},
		{"long name", object(strings.Repeat("x", 65536), nil), amf.ErrUnencodable},
		{"long class", &amf.Object{Class: strings.Repeat("x", 65536)}, amf.ErrUnencodable},
		{"depth", deep, amf.ErrTooDeep},
		{"shared values", bomb, amf.ErrTooMany},
	}
	for _, c := range cases {
		if got, err := amf.Append([]byte("x"), c.value); !errors.Is(err, c.want) || string(got) != "x" {
			t.Errorf("%s: %d bytes, error %v, want %v", c.name, len(got), err, c.want)
		}
	}
	if got, err := amf.Append(nil, (*amf.Object)(nil)); err != nil || string(got) != "\x05" {
		t.Errorf("a nil object is % x, %v; want null", got, err)
	}
}

func TestObject(t *testing.T) {
	o := object("app", "live", "n", 2.0, "app", "second")
	if o.Text("app") != "live" || o.Number("n") != 2 || o.Get("x") != nil || o.Text("n") != "" {
		t.Errorf("%v answers wrongly", o)
	}
	var none *amf.Object
	if none.Get("app") != nil {
		t.Error("a nil object has a value")
	}
}

func TestDate(t *testing.T) {
	if got := amf.Date(1500).Time(); !got.Equal(time.Unix(1, 5e8)) {
		t.Errorf("1500 ms are %v", got)
	}
	if got := amf.Date(math.NaN()).Time(); !got.IsZero() {
		t.Errorf("no number is %v", got)
	}
}

// What decodes and can be written decodes again to the same.
func FuzzDecode(f *testing.F) {
	for _, c := range cases {
		f.Add(unhex(f, c.hex))
	}
	for _, c := range badCases {
		if b := unhex(f, c.hex); len(b) < 4096 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, _ := amf.Decode(b)
		first, err := amf.Append(nil, values...)
		if err != nil {
			return
		}
		again, err := amf.Decode(first)
		if err != nil && !errors.Is(err, amf.ErrTooMany) {
			t.Fatalf("% x: %v", first, err)
		}
		if second, err := amf.Append(nil, again...); err != nil || string(second) != string(first) {
			t.Fatalf("% x turns into % x (%v)", first, second, err)
		}
	})
}
