package codec_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/codec"
)

var nalCases = []struct {
	name string
	data []byte
	want [][]byte
}{
	{"nothing", nil, nil},
	{"one", []byte{0, 0, 0, 2, 0x65, 1}, [][]byte{{0x65, 1}}},
	{"two", []byte{0, 0, 0, 1, 0x65, 0, 0, 0, 2, 0x41, 9}, [][]byte{{0x65}, {0x41, 9}}},
	{"empty ones between", []byte{0, 0, 0, 0, 0, 0, 0, 1, 0x65, 0, 0, 0, 0}, [][]byte{{0x65}}},
	{"past the end", []byte{0, 0, 0, 1, 0x65, 0, 0, 0, 2, 0x41}, [][]byte{{0x65}}},
	{"far past the end", []byte{0xff, 0xff, 0xff, 0xff, 0x65}, nil},
	{"length cut off", []byte{0, 0, 0, 1, 0x65, 0, 0}, [][]byte{{0x65}}},
}

func TestNALUnits(t *testing.T) {
	for _, c := range nalCases {
		if diff := cmp.Diff(c.want, slices.Collect(codec.NALUnits(c.data))); diff != "" {
			t.Error(c.name, diff)
		}
	}
	for nal := range codec.NALUnits(nalCases[2].data) {
		if codec.AVCTypeOf(nal) != codec.AVCIDR {
			t.Error("did not stop")
		}
		break
	}
}

func TestNextNAL(t *testing.T) {
	data := []byte{0, 3, 1, 2, 3, 0}
	for size, want := range map[int]int{1: 0, 2: 3} {
		nal, rest, ok := codec.NextNAL(data, size)
		if !ok || len(nal) != want || len(rest) != len(data)-size-want || cap(nal) != want {
			t.Errorf("length size %d: %x, %x, %v", size, nal, rest, ok)
		}
	}
	if _, _, ok := codec.NextNAL(data, 0); ok {
		t.Error("length size 0")
	}
}

func TestAVCType(t *testing.T) {
	if codec.AVCTypeOf(nil) != 0 || codec.AVCTypeOf([]byte{0x65}) != codec.AVCIDR {
		t.Error("wrong type")
	}
	for kind := range codec.AVCType(32) {
		if kind.IsSlice() != (kind >= 1 && kind <= 5) {
			t.Errorf("type %d", kind)
		}
	}
}

func TestNALUnitsDoesNotAllocate(t *testing.T) {
	data := nalCases[2].data
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		for nal := range codec.NALUnits(data) {
			sum += len(nal)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzNALUnits(f *testing.F) {
	for _, c := range nalCases {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var out []byte
		for nal := range codec.NALUnits(data) {
			out = binary.BigEndian.AppendUint32(out, uint32(len(nal)))
			out = append(out, nal...)
		}
		if len(out) > len(data) {
			t.Errorf("%d bytes of %d", len(out), len(data))
		}
	})
}

func BenchmarkNALUnits(b *testing.B) {
	data := make([]byte, 4*(4+10000))
	for i := range 4 {
		binary.BigEndian.PutUint32(data[i*10004:], 10000)
	}
	b.ReportAllocs()
	for b.Loop() {
		for nal := range codec.NALUnits(data) {
			if codec.AVCTypeOf(nal) == codec.AVCIDR {
				b.Fatal("IDR")
			}
		}
	}
}
