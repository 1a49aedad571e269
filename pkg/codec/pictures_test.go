package codec_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

var (
	square = media.Ratio{Num: 1, Den: 1}
	hdr    = media.Color{Primaries: 9, Transfer: 16, Matrix: 9}
)

// hevcCases are records that x265 wrote through FFmpeg, with what ffprobe says of the files
// they came in.
var hevcCases = []struct {
	name   string
	record string
	want   media.Track // without what all have in common
}{
	{
		"Main, with an SEI",
		"0101600000009000000000003ff000fcfdf8f800000f04200001001840010c01ffff01600000030090000003000003003f959409" +
			"210001002b42010101600000030090000003000003003fa005020171f2e595952930bc05a020000003002000000303c1" +
			"22000100064401c073c08927000100044e010580",
		media.Track{Codecs: "hvc1.1.6.L63.90", CodedWidth: 640, CodedHeight: 360, Width: 640, Height: 360, SampleAspect: square, FrameRate: media.Ratio{Num: 30, Den: 1}},
	},
	{
		"Main 10, PQ, samples that are not square",
		"0102200000009000000000003cf000fcfdfafa00000f03a00001001840010c01ffff02200000030090000003000003003c959809" +
			"a10001002d42010102200000030090000003000003003ca00a080b9f6d96566924caf0e6a122012080000003008000000f04" +
			"a2000100074401c172b46240",
		media.Track{
			Codecs: "hvc1.2.4.L60.90", CodedWidth: 320, CodedHeight: 180, Width: 427, Height: 180,
			SampleAspect: media.Ratio{Num: 4, Den: 3}, FrameRate: media.Ratio{Num: 30, Den: 1}, Color: hdr,
		},
	},
	{
		"Main 10, PQ, with SEI of light",
		"0102200000009000000000003cf000fcfdfafa00000f04200001001840010c01ffff02200000030090000003000003003c95" +
			"9809210001002d42010102200000030090000003000003003ca00a080b9f6d96566924caf016a12201208000000300800000" +
			"0c8422000100074401c172b4224027000200094e01900403e8019080001e4e01891833c286c41d4c0bb884d03e803d134042" +
			"00989680000003000180",
		media.Track{
			Codecs: "hvc1.2.4.L60.90", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180,
			SampleAspect: square, FrameRate: media.Ratio{Num: 25, Den: 1}, Color: hdr,
			HDR: media.HDR{
				Mastering: media.Mastering{
					Red: [2]uint16{34000, 16000}, Green: [2]uint16{13250, 34500}, Blue: [2]uint16{7500, 3000}, White: [2]uint16{15635, 16450},
					Most: 10_000_000, Least: 1,
				},
				MaxContent: 1000, MaxFrameAverage: 400,
			},
		},
	},
}

func TestParseHEVC(t *testing.T) {
	for _, c := range hevcCases {
		t.Run(c.name, func(t *testing.T) {
			h, err := codec.ParseHEVC(unhex(t, c.record))
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			want.ID, want.Codec, want.Timescale, want.Config = v0(), media.HEVC, media.VideoTimescale, h.Config
			if diff := cmp.Diff(want, h.Track(v0())); diff != "" {
				t.Error(diff)
			}
			again, err := codec.ParseHEVC(h.Config)
			if err != nil || !bytes.Equal(again.Config, h.Config) {
				t.Errorf("% x\n% x, %v", h.Config, again.Config, err)
			}
			// The standard part is the encoder's but for the count of lists, and lists are complete.
			if record := unhex(t, c.record); !bytes.Equal(record[:21], h.Config[:21]) || h.Config[22] != byte(3+min(len(h.SEI), 1)) || h.Config[23] != 0x80|byte(codec.HEVCVPS) {
				t.Errorf("% x, sent % x", h.Config[:24], record[:24])
			}
		})
	}
}

func TestHEVCErrors(t *testing.T) {
	record := unhex(t, hevcCases[0].record)
	for n := range record {
		if h, err := codec.ParseHEVC(record[:n]); err == nil && len(h.PPS) == 0 {
			t.Errorf("no error for %d bytes", n)
		}
	}
	wrong := bytes.Clone(record)
	wrong[21] |= 3
	wrong[21]--
	if _, err := codec.ParseHEVC(wrong); err == nil {
		t.Error("no error for lengths of three bytes")
	}
	h, err := codec.ParseHEVC(record)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := codec.NewHEVC(h.SPS, h.SPS, h.PPS, nil); err == nil {
		t.Error("no error for an SPS where a VPS should be")
	}
	if _, err := codec.NewHEVC(h.VPS, h.SPS, slices.Repeat(h.PPS, 65), nil); err == nil {
		t.Error("no error for more sets than there are ids")
	}
	trailing := append(bytes.Clone(h.SPS[0]), 0, 0)
	if _, err := codec.NewHEVC(h.VPS, [][]byte{trailing}, h.PPS, nil); err != nil {
		t.Errorf("zeros behind an SPS: %v", err)
	}
}

// TestHEVCHostile has SPS that say more than they have room for, or refer to more pictures than
// there can be: a library that we used before counted to a number that a byte cannot pass.
func TestHEVCHostile(t *testing.T) {
	h, err := codec.ParseHEVC(unhex(t, hevcCases[0].record))
	if err != nil {
		t.Fatal(err)
	}
	for at := 2; at < len(h.SPS[0]); at++ {
		for _, fill := range []byte{0xff, 0xaa, 0x7f, 0} {
			sps := append(bytes.Clone(h.SPS[0][:at]), bytes.Repeat([]byte{fill}, 12<<10)...)
			if c, err := codec.NewHEVC(h.VPS, [][]byte{sps}, h.PPS, nil); err == nil && c.Track(v0()).CodedWidth < 1 {
				t.Errorf("%d bytes and then %#x: %+v", at, fill, c.Track(v0()))
			}
			codec.HEVCSetID(sps)
		}
	}
}

// TestHEVCWithoutTheRest has a size and no more, or a VUI cut off: the track is there.
func TestHEVCWithoutTheRest(t *testing.T) {
	h, err := codec.ParseHEVC(unhex(t, hevcCases[1].record))
	if err != nil {
		t.Fatal(err)
	}
	const vui = 10 // bytes from the end
	c, err := codec.NewHEVC(h.VPS, [][]byte{h.SPS[0][:len(h.SPS[0])-vui]}, h.PPS, nil)
	if err != nil {
		t.Fatal(err)
	}
	if track := c.Track(v0()); track.CodedWidth != 320 || track.CodedHeight != 180 || track.Width != 320 || track.FrameRate.Known() || track.Color.Known() {
		t.Errorf("%+v", track)
	}
}

func TestHEVCSetID(t *testing.T) {
	h, err := codec.ParseHEVC(unhex(t, hevcCases[0].record))
	if err != nil {
		t.Fatal(err)
	}
	for _, nal := range [][]byte{h.VPS[0], h.SPS[0], h.PPS[0]} {
		if id, ok := codec.HEVCSetID(nal); id != 0 || !ok {
			t.Errorf("% x: %d, %v", nal[:2], id, ok)
		}
	}
	for _, nal := range [][]byte{nil, h.VPS[0][:2], h.SPS[0][:9], {0x44, 1}, {0x26, 1, 0xaf}} {
		if id, ok := codec.HEVCSetID(nal); ok {
			t.Errorf("% x: %d", nal, id)
		}
	}
	if id, ok := codec.HEVCSetID([]byte{0x44, 1, 0b00101000}); id != 4 || !ok {
		t.Errorf("PPS 4: %d, %v", id, ok)
	}
}

// av1Cases are records that libaom wrote through FFmpeg, with what ffprobe says.
var av1Cases = []struct {
	name   string
	record string
	want   media.Track
}{
	{
		"Main",
		"81010c000a0c0200000d2627fb3805f00080",
		media.Track{Codecs: "av01.0.01M.08.0.110.02.02.02.0", CodedWidth: 640, CodedHeight: 360, Width: 640, Height: 360, SampleAspect: square},
	},
	{
		"10 bits, PQ",
		"81004c000a0e000000043cfeccdaf95091009040",
		media.Track{Codecs: "av01.0.00M.10.0.110.09.16.09.0", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180, SampleAspect: square, Color: hdr},
	},
}

func TestParseAV1(t *testing.T) {
	for _, c := range av1Cases {
		t.Run(c.name, func(t *testing.T) {
			record := unhex(t, c.record)
			a, err := codec.ParseAV1(record)
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			want.ID, want.Codec, want.Timescale, want.Config = v0(), media.AV1, media.VideoTimescale, record
			if diff := cmp.Diff(want, a.Track(v0())); diff != "" {
				t.Error(diff)
			}
			for n := range record {
				const head = 4 // behind which there may be nothing
				if a, err := codec.ParseAV1(record[:n]); (err == nil) != (n == head) || a.Sequence != nil {
					t.Errorf("%d bytes: %v", n, err)
				}
			}
		})
	}
}

func TestOBUs(t *testing.T) {
	data := unhex(t, "1200"+"0a020102"+"320310aabb"+"3e0002304c"+"30cc")
	var kinds []codec.OBUType
	var payloads [][]byte
	for unit := range codec.OBUs(data) {
		kinds, payloads = append(kinds, unit.Type), append(payloads, unit.Payload)
	}
	wantKinds := []codec.OBUType{codec.OBUTemporalDelimiter, codec.OBUSequenceHeader, codec.OBUFrame, 7, codec.OBUFrame}
	want := [][]byte{{}, {1, 2}, {0x10, 0xaa, 0xbb}, {0x30, 0x4c}, {0xcc}}
	if !slices.Equal(kinds, wantKinds) || !slices.EqualFunc(payloads, want, bytes.Equal) {
		t.Errorf("%v % x", kinds, payloads)
	}
	for _, cut := range []string{"", "92", "3205aa", "32", "36", "32ffffffffffffffffff"} {
		if _, _, ok := codec.NextOBU(unhex(t, cut)); ok {
			t.Errorf("%q is a unit", cut)
		}
	}
}

func TestOBUKey(t *testing.T) {
	for _, c := range []struct {
		unit string
		key  bool
	}{
		{"320110", true},  // a key frame that is shown
		{"1a0110", true},  // its header alone
		{"320100", false}, // a key frame that is not shown
		{"320130", false}, // an inter frame
		{"320190", false}, // one shown again
		{"0a0110", false}, // no frame
		{"3200", false},
	} {
		unit, _, ok := codec.NextOBU(unhex(t, c.unit))
		if !ok || unit.IsKey() != c.key {
			t.Errorf("%s: %v, %v", c.unit, unit.IsKey(), ok)
		}
	}
}

// vp9Cases are records and key frames that libvpx wrote through FFmpeg, with what ffprobe says.
var vp9Cases = []struct {
	name, record, key string
	config            string // with the key frame
	want              media.Track
}{
	{
		"profile 0, its level not said", "010000000015820202020000", "824983420027f016760638241c184a10", "010000000015820202020000",
		media.Track{Codecs: "vp09.00.21.08", CodedWidth: 640, CodedHeight: 360, Width: 640, Height: 360, SampleAspect: square},
	},
	{
		"profile 2, PQ", "01000000020ba20910090000", "924983425009f8059b021c120e0c2c00", "01000000020ba20910090000",
		media.Track{Codecs: "vp09.02.11.10.01.09.16.09.00", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180, SampleAspect: square, Color: hdr},
	},
	{
		"colours and level that only the frame says", "010000000000820202020000", "924983425009f8059b021c120e0c2c00", "01000000020ba2090e090000",
		media.Track{
			Codecs: "vp09.02.11.10.01.09.14.09.00", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180, SampleAspect: square,
			Color: media.Color{Primaries: 9, Transfer: 14, Matrix: 9},
		},
	},
}

func TestVP9(t *testing.T) {
	for _, c := range vp9Cases {
		t.Run(c.name, func(t *testing.T) {
			header, err := codec.ParseVP9(unhex(t, c.record))
			if short, err := codec.ParseVP9(unhex(t, c.record)[4:]); err != nil || !bytes.Equal(short.Config, header.Config) {
				t.Errorf("without the version: % x, %v", short.Config, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			key, err := codec.ParseVP9Frame(unhex(t, c.key))
			if err != nil || !key.Key {
				t.Fatal(key, err)
			}
			v := header.At(key)
			want := c.want
			want.ID, want.Codec, want.Timescale, want.Config = v0(), media.VP9, media.VideoTimescale, unhex(t, c.config)
			if diff := cmp.Diff(want, v.Track(v0())); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, record := range []string{"", "0100000000158202020200", "000000000015820202020000", "010000000415820202020000"} {
		if _, err := codec.ParseVP9(unhex(t, record)); err == nil {
			t.Errorf("no error for %q", record)
		}
	}
	if f, err := codec.ParseVP9Frame(unhex(t, "86004092f1214004")); err != nil || f.Key {
		t.Errorf("not a key frame: %v, %v", f, err)
	}
	for _, frame := range []string{"", "42", "8249"} {
		if _, err := codec.ParseVP9Frame(unhex(t, frame)); err == nil {
			t.Errorf("no error for %q", frame)
		}
	}
}

func FuzzParseHEVC(f *testing.F) {
	for _, c := range hevcCases {
		f.Add(unhex(f, c.record))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		h, err := codec.ParseHEVC(record)
		if err != nil {
			return
		}
		track := h.Track(v0())
		if track.CodedWidth <= 0 || track.CodedHeight <= 0 || track.Width <= 0 || track.Width > math.MaxUint16 || !track.SampleAspect.Known() {
			t.Errorf("%+v", track)
		}
		again, err := codec.ParseHEVC(h.Config)
		if err != nil || !bytes.Equal(again.Config, h.Config) {
			t.Errorf("%v: % x, % x", err, h.Config, again.Config)
		}
	})
}

func FuzzParseAV1(f *testing.F) {
	for _, c := range av1Cases {
		f.Add(unhex(f, c.record))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		a, err := codec.ParseAV1(record)
		if err != nil || a.Sequence == nil {
			return
		}
		if track := a.Track(v0()); track.CodedWidth <= 0 || track.CodedHeight <= 0 || track.Width <= 0 || !track.SampleAspect.Known() {
			t.Errorf("%+v", track)
		}
		again, err := codec.ParseAV1(a.Config)
		if err != nil || !bytes.Equal(again.Config, a.Config) {
			t.Errorf("%v: % x, % x", err, a.Config, again.Config)
		}
	})
}

func FuzzParseVP9(f *testing.F) {
	for _, c := range vp9Cases {
		f.Add(unhex(f, c.record), unhex(f, c.key))
	}
	f.Fuzz(func(t *testing.T, record, frame []byte) {
		v, err := codec.ParseVP9(record)
		key, bad := codec.ParseVP9Frame(frame)
		if err != nil || bad != nil || !key.Key {
			return
		}
		v = v.At(key)
		if track := v.Track(v0()); track.CodedWidth <= 0 || track.CodedHeight <= 0 || track.Codecs == "" {
			t.Errorf("%+v", track)
		}
		if again, err := codec.ParseVP9(v.Config); err != nil || !bytes.Equal(again.Config, v.Config) {
			t.Errorf("%v: % x, % x", err, v.Config, again.Config)
		}
	})
}
