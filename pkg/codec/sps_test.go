package codec_test

import (
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// A bitWriter builds bit fields by hand.
type bitWriter struct {
	data []byte
	n    int
}

func (w *bitWriter) u(bits int, v uint64) *bitWriter {
	for i := bits - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
	return w
}

func (w *bitWriter) ue(v uint64) *bitWriter {
	zeros := 0
	for (v+1)>>(zeros+1) != 0 {
		zeros++
	}
	return w.u(zeros, 0).u(zeros+1, v+1)
}

// nal returns the fields behind a header byte, with emulation prevention.
func (w *bitWriter) nal(header byte) []byte {
	out, zeros := []byte{header}, 0
	for _, b := range append(w.data, 0x80) {
		if zeros >= 2 && b <= 3 {
			out, zeros = append(out, 3), 0
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return out
}

// baseline writes an SPS of a Baseline stream up to its size, of 20 by 12
// macroblocks, without cropping.
func baseline(id uint64) *bitWriter {
	w := new(bitWriter)
	return w.u(24, 0x42c00c).ue(id).ue(0).ue(2).ue(1).u(1, 0).ue(19).ue(11).u(2, 3).u(1, 0)
}

func TestParseSPS(t *testing.T) {
	square := media.Ratio{Num: 1, Den: 1}
	plain := codec.SPS{Profile: 0x42, Constraints: 0xc0, Level: 12, ChromaFormat: 1, LumaDepth: 8, ChromaDepth: 8, Width: 320, Height: 192, SampleAspect: square}
	with := func(change func(*codec.SPS)) codec.SPS {
		s := plain
		change(&s)
		return s
	}
	cases := []struct {
		name string
		w    *bitWriter
		want codec.SPS
	}{
		{"no VUI", baseline(0).u(1, 0), plain},
		{"id", baseline(31).u(1, 0), with(func(s *codec.SPS) { s.ID = 31 })},
		{"extended aspect", baseline(0).u(1, 1).u(1, 1).u(8, 255).u(16, 64).u(16, 48).u(4, 0).u(4, 0), with(func(s *codec.SPS) {
			s.SampleAspect = media.Ratio{Num: 4, Den: 3}
		})},
		{"aspect out of reason", baseline(0).u(1, 1).u(1, 1).u(8, 255).u(16, 65535).u(16, 1).u(4, 0).u(4, 0), plain},
		{"aspect of zero", baseline(0).u(1, 1).u(1, 1).u(8, 255).u(16, 0).u(16, 1).u(4, 0).u(4, 0), plain},
		{"reserved aspect", baseline(0).u(1, 1).u(1, 1).u(8, 17).u(4, 0).u(4, 0), plain},
		{"VUI cut short", baseline(0).u(1, 1).u(1, 1).u(8, 3), plain},
		{"unspecified colours", baseline(0).u(1, 1).u(2, 0).u(1, 1).u(3, 5).u(1, 0).u(1, 1).u(24, 0x020202).u(2, 0).u(4, 0), plain},
		{"frame rate 25", timing(1, 50, 1), with(func(s *codec.SPS) { s.FrameRate = media.Ratio{Num: 25, Den: 1} })},
		{"frame rate 12.5", timing(1, 25, 1), with(func(s *codec.SPS) { s.FrameRate = media.Ratio{Num: 25, Den: 2} })},
		{"frame rate not fixed", timing(1, 50, 0), plain},
		{"frame rate of 45 million", timing(1, 90000000, 1), plain},
		{"a frame a day", timing(86400, 2, 1), plain},
		{"no tick", timing(0, 50, 1), plain},
		{"largest numbers", timing(1<<32-1, 1<<32-1, 1), plain},
		{"largest numbers of a second", timing(1<<31-1, 1<<32-1, 1), with(func(s *codec.SPS) {
			s.FrameRate = media.Ratio{Num: 1<<32 - 1, Den: 1<<32 - 2}
		})},
		{
			"picture order cycle, fields, crop",
			new(bitWriter).u(24, 0x4d4028).ue(0).ue(0).ue(1).u(1, 0).ue(1).ue(2).ue(2).ue(3).ue(4).ue(1).u(1, 0).
				ue(119).ue(33).u(1, 0).u(1, 0).u(1, 1).u(1, 1).ue(0).ue(0).ue(0).ue(2).u(1, 0),
			codec.SPS{Profile: 0x4d, Constraints: 0x40, Level: 40, ChromaFormat: 1, LumaDepth: 8, ChromaDepth: 8, Width: 1920, Height: 1080, SampleAspect: square},
		},
		{
			"4:4:4 in separate planes, scaling lists",
			scalingLists(new(bitWriter).u(24, 0xf40028).ue(0).ue(3).u(1, 1).ue(2).ue(2).u(1, 0)).ue(0).ue(2).ue(1).u(1, 0).ue(19).ue(11).u(2, 3).
				u(1, 1).ue(1).ue(0).ue(1).ue(0).u(1, 0),
			codec.SPS{Profile: 244, Level: 40, ChromaFormat: 3, LumaDepth: 10, ChromaDepth: 10, Width: 319, Height: 191, SampleAspect: square},
		},
		{
			"monochrome, cropped by one",
			new(bitWriter).u(24, 0x640028).ue(0).ue(0).ue(0).ue(0).u(2, 0).ue(0).ue(2).ue(1).u(1, 0).ue(19).ue(11).u(2, 3).
				u(1, 1).ue(1).ue(0).ue(1).ue(0).u(1, 0),
			codec.SPS{Profile: 100, Level: 40, LumaDepth: 8, ChromaDepth: 8, Width: 319, Height: 191, SampleAspect: square},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := codec.ParseSPS(c.w.nal(0x67))
			if err != nil || got != c.want {
				t.Errorf("%+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func timing(tick, scale, fixed uint64) *bitWriter {
	return baseline(0).u(1, 1).u(4, 0).u(1, 1).u(32, tick).u(32, scale).u(1, fixed).u(4, 0)
}

// scalingLists writes twelve lists: full ones, one that stops, and none.
func scalingLists(w *bitWriter) *bitWriter {
	w.u(1, 1)
	for i := range 12 {
		switch i {
		case 0:
			w.u(1, 1).ue(16) // se(-8): the default list
		case 6:
			w.u(1, 1)
			for range 64 {
				w.ue(1)
			}
		default:
			w.u(1, 0)
		}
	}
	return w
}

func TestParseSPSErrors(t *testing.T) {
	cases := []struct {
		name string
		nal  []byte
	}{
		{"empty", nil},
		{"another type", []byte{0x68, 1, 2, 3, 4, 5}},
		{"header only", []byte{0x67}},
		{"id 32", baseline(32).u(1, 0).nal(0x67)},
		{"chroma format 4", new(bitWriter).u(24, 0x640028).ue(0).ue(4).u(32, 0xffffffff).nal(0x67)},
		{"bit depth 15", new(bitWriter).u(24, 0x640028).ue(0).ue(1).ue(7).u(32, 0xffffffff).nal(0x67)},
		{"picture order type 3", new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(3).u(32, 0xffffffff).nal(0x67)},
		{"a cycle of four thousand million", new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(1).u(1, 0).ue(0).ue(0).ue(1<<32 - 2).nal(0x67)},
		{"too wide", new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(2).ue(1).u(1, 0).ue(1055).ue(11).u(4, 12).nal(0x67)},
		{"too high with fields", new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(2).ue(1).u(1, 0).ue(19).ue(600).u(5, 0).nal(0x67)},
		{"all cropped", new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(2).ue(1).u(1, 0).ue(19).ue(11).u(3, 7).ue(80).ue(80).ue(0).ue(0).u(1, 0).nal(0x67)},
		{"crop that wraps", new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(2).ue(1).u(1, 0).ue(19).ue(11).u(3, 7).ue(1<<32-2).ue(1<<32-2).ue(0).ue(0).u(1, 0).nal(0x67)},
	}
	for _, c := range cases {
		if s, err := codec.ParseSPS(c.nal); err == nil {
			t.Errorf("%s: no error, %+v", c.name, s)
		}
	}
}

func TestParameterSetID(t *testing.T) {
	cases := []struct {
		nal []byte
		id  uint8
		ok  bool
	}{
		{baseline(0).nal(0x67), 0, true},
		{baseline(7).nal(0x67), 7, true},
		{baseline(32).nal(0x67), 0, false},
		{new(bitWriter).ue(0).ue(0).nal(0x68), 0, true},
		{new(bitWriter).ue(255).ue(0).nal(0x68), 255, true},
		{new(bitWriter).ue(256).ue(0).nal(0x68), 0, false},
		{[]byte{0x68}, 0, false},
		{[]byte{0x68, 0, 0, 0}, 0, false},
		{[]byte{0x67, 0x42, 0xc0, 0x0c}, 0, false},
		{nil, 0, false},
	}
	for _, c := range cases {
		if id, ok := codec.ParameterSetID(c.nal); ok != c.ok || ok && id != c.id {
			t.Errorf("%x: id %d, %v", c.nal, id, ok)
		}
	}
}

func FuzzParseSPS(f *testing.F) {
	for _, c := range avcCases {
		avc, err := codec.ParseAVC(unhex(f, c.record))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(avc.SPS[0])
	}
	f.Add(new(bitWriter).u(24, 0x42c00c).ue(0).ue(0).ue(1).u(1, 0).ue(0).ue(0).ue(1<<32 - 2).nal(0x67))
	f.Fuzz(func(t *testing.T, nal []byte) {
		s, err := codec.ParseSPS(nal)
		if err != nil {
			return
		}
		// mediacommon checks less, reads to the end, and does not crop the
		// width of pictures without chroma: elsewhere the two agree.
		var other h264.SPS
		if other.Unmarshal(nal) != nil || other.FrameCropping != nil && (other.ChromaFormatIdc == 0 || other.SeparateColourPlaneFlag) {
			return
		}
		if other.Width() != s.Width || other.Height() != s.Height {
			t.Errorf("%dx%d, mediacommon says %dx%d", s.Width, s.Height, other.Width(), other.Height())
		}
	})
}
