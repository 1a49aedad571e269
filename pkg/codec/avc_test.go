package codec_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"testing"

	mp4ffavc "github.com/Eyevinn/mp4ff/avc"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/google/go-cmp/cmp"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// v0 is the track that the tests make.
func v0() media.TrackID { return media.TrackID{Kind: media.Video} }

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// avcCases are records that x264 wrote through FFmpeg, with what ffprobe says
// of the files they came in. FFmpeg has x264 say that the frame rate is not
// fixed, unless told otherwise.
var avcCases = []struct {
	name   string
	record string
	want   media.Track // without what all have in common
}{
	{
		"constrained baseline",
		"0142c00cffe100196742c00cd901419f9f011000000300100000030328f142a48001000568cb83cb20",
		media.Track{
			Codecs: "avc1.42C00C", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180,
			SampleAspect: media.Ratio{Num: 1, Den: 1}, FrameRate: media.Ratio{Num: 25, Den: 1},
		},
	},
	{
		"main, cropped, NTSC rate",
		"014d401fffe10017674d401feca06c1ef37808800001f480007530478c18cb01000568ebe3cb20",
		media.Track{
			Codecs: "avc1.4D401F", CodedWidth: 854, CodedHeight: 480, Width: 854, Height: 480,
			SampleAspect: media.Ratio{Num: 1, Den: 1}, FrameRate: media.Ratio{Num: 30000, Den: 1001},
		},
	},
	{
		"high, BT.709",
		"0164002affe1001e6764002aacd940780227e5c05a808080a0000003002000000f11e30632c001000668ebe3cb22c0fdf8f800",
		media.Track{
			Codecs: "avc1.64002A", CodedWidth: 1920, CodedHeight: 1080, Width: 1920, Height: 1080,
			SampleAspect: media.Ratio{Num: 1, Den: 1}, FrameRate: media.Ratio{Num: 60, Den: 1},
			Color: media.Color{Primaries: 1, Transfer: 1, Matrix: 1},
		},
	},
	{
		"interlaced, 16:11 samples",
		"0164001effe100186764001eacd940b424d8208000000300800000190f8a14cb01000668fba3cb22c0fdf8f800",
		media.Track{
			Codecs: "avc1.64001E", CodedWidth: 720, CodedHeight: 576, Width: 1047, Height: 576,
			SampleAspect: media.Ratio{Num: 16, Den: 11},
		},
	},
	{
		"40:33 samples",
		"0164001effe100186764001eacd940b43db05100000303e90000ea600f162d9601000668ebe3cb22c0fdf8f800",
		media.Track{
			Codecs: "avc1.64001E", CodedWidth: 720, CodedHeight: 480, Width: 873, Height: 480,
			SampleAspect: media.Ratio{Num: 40, Den: 33},
		},
	},
	{
		"4:3 samples, film rate",
		"01640028ffe1001967640028acd9405a0227e5c38400000fa40002ee023c60c65801000668ebe3cb22c0fdf8f800",
		media.Track{
			Codecs: "avc1.640028", CodedWidth: 1440, CodedHeight: 1080, Width: 1920, Height: 1080,
			SampleAspect: media.Ratio{Num: 4, Den: 3}, FrameRate: media.Ratio{Num: 24000, Den: 1001},
		},
	},
	{
		"high 10, BT.2020 PQ",
		"016e000dffe1001e676e000da6cd941519e226c05a848804a0000003002000000641e28532c001000668ebe3cb22c0fdfafa00",
		media.Track{
			Codecs: "avc1.6E000D", CodedWidth: 322, CodedHeight: 182, Width: 322, Height: 182,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
			Color:        media.Color{Primaries: 9, Transfer: 16, Matrix: 9},
		},
	},
	{
		"high 4:2:2",
		"017a000dffe1001b677a000db6cd941519e222f011000003000100000300320f14299601000668ebe3cb22c0fefafa00",
		media.Track{
			Codecs: "avc1.7A000D", CodedWidth: 322, CodedHeight: 182, Width: 322, Height: 182,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
		},
	},
	{
		"high 4:4:4",
		"01f4000dffe1001b67f4000d919b282a33c7c6e022000003000200000300641e28532c01000668ebe3c44844fff8f800",
		media.Track{
			Codecs: "avc1.F4000D", CodedWidth: 322, CodedHeight: 180, Width: 322, Height: 180,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
		},
	},
	{
		"full range and no colours",
		"0164000cffe100196764000cacd941419f9f016c800000030080000019078a14cb01000668ebe3cb22c0fdf8f800",
		media.Track{
			Codecs: "avc1.64000C", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
			Color:        media.Color{Primaries: 2, Transfer: 2, Matrix: 2, FullRange: true},
		},
	},
	{
		"no rate: the clock is not fixed",
		"0164000cffe1001a6764000cacd941419f9f011000000300100000030320f142996001000668ebe3cb22c0fdf8f800",
		media.Track{
			Codecs: "avc1.64000C", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
		},
	},
	{
		"scaling matrix, HRD",
		"0164000dffe100246764000dacd941419f9f01100000030010000003032602001e840007a13930c01e28532c01000668ebecb3002cfdf8f800",
		media.Track{
			Codecs: "avc1.64000D", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
		},
	},
	{
		"monochrome",
		"0164000cffe100196764000cf36505067e37016c800000030080000019078a14cb01000668ebe3cb22c0fcf8f800",
		media.Track{
			Codecs: "avc1.64000C", CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180,
			SampleAspect: media.Ratio{Num: 1, Den: 1},
			Color:        media.Color{Primaries: 2, Transfer: 2, Matrix: 2, FullRange: true},
		},
	},
}

func TestParseAVC(t *testing.T) {
	for _, c := range avcCases {
		t.Run(c.name, func(t *testing.T) {
			record := unhex(t, c.record)
			avc, err := codec.ParseAVC(record)
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			want.ID, want.Codec, want.Timescale, want.Config = v0(), media.H264, 90000, record
			if diff := cmp.Diff(want, avc.Track(v0())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseAVCAgreesWithOthers(t *testing.T) {
	for _, c := range avcCases {
		avc, err := codec.ParseAVC(unhex(t, c.record))
		if err != nil {
			t.Fatal(err)
		}
		track := avc.Track(v0())

		var sps h264.SPS
		if err := sps.Unmarshal(avc.SPS[0]); err != nil {
			t.Fatal(err)
		}
		if sps.Width() != track.CodedWidth || sps.Height() != track.CodedHeight {
			t.Errorf("%s: mediacommon says %dx%d", c.name, sps.Width(), sps.Height())
		}
		if rate := track.FrameRate; rate.Known() && math.Abs(rate.Float()-sps.FPS()) > 1e-9 {
			t.Errorf("%s: mediacommon says %v frames a second", c.name, sps.FPS())
		}

		rec, err := mp4ffavc.DecodeAVCDecConfRec(avc.Config)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][][]byte{rec.SPSnalus, rec.PPSnalus}, [][][]byte{avc.SPS, avc.PPS}); diff != "" {
			t.Error(c.name, diff)
		}
		first, err := mp4ffavc.ParseSPSNALUnit(rec.SPSnalus[0], false)
		if err != nil {
			t.Fatal(err)
		}
		if s := mp4ffavc.CodecString("avc1", first); s != track.Codecs {
			t.Errorf("%s: mp4ff says %s", c.name, s)
		}
		if rec.AVCProfileIndication >= 100 && (first.ChromaFormatIDC != rec.ChromaFormat || byte(first.BitDepthLumaMinus8) != rec.BitDepthLumaMinus1) {
			t.Errorf("%s: chroma format %d, depth %d in the record", c.name, rec.ChromaFormat, rec.BitDepthLumaMinus1)
		}
	}
}

const (
	plainSPS = "6742c00cd901419f9f011000000300100000030328f142a480"
	plainPPS = "68cb83cb20"
	highSPS  = "6764000cacd941419f9f011000000300100000030320f1429960"
)

func TestParseAVCRewrites(t *testing.T) {
	cases := []struct {
		name       string
		record     string
		want       string
		lengthSize int
	}{
		{
			"length size 1",
			"0142c00cfce10019" + plainSPS + "010005" + plainPPS,
			"0142c00cffe10019" + plainSPS + "010005" + plainPPS, 1,
		},
		{
			"length size 2",
			"0142c00cfde10019" + plainSPS + "010005" + plainPPS,
			"0142c00cffe10019" + plainSPS + "010005" + plainPPS, 2,
		},
		{
			"reserved bits zero, wrong profile and level",
			"010000000301" + "0019" + plainSPS + "010005" + plainPPS,
			"0142c00cffe10019" + plainSPS + "010005" + plainPPS, 4,
		},
		{
			"high profile without the extension",
			"0164000cffe1001a" + highSPS + "010005" + plainPPS,
			"0164000cffe1001a" + highSPS + "010005" + plainPPS + "fdf8f800", 4,
		},
		{
			"high profile, extension cut short",
			"0164000cffe1001a" + highSPS + "010005" + plainPPS + "fdf8",
			"0164000cffe1001a" + highSPS + "010005" + plainPPS + "fdf8f800", 4,
		},
		{
			"empty sets and foreign ones",
			"0142c00cffe3" + "0000" + "000168" + "0019" + plainSPS + "020000" + "0005" + plainPPS,
			"0142c00cffe1" + "0019" + plainSPS + "010005" + plainPPS, 4,
		},
		{
			"two SPS: common flags, highest level",
			"0142c00cffe2" + "0019" + plainSPS + "0019" + "6742800d" + plainSPS[8:] + "010005" + plainPPS,
			"0142800dffe2" + "0019" + plainSPS + "0019" + "6742800d" + plainSPS[8:] + "010005" + plainPPS, 4,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			avc, err := codec.ParseAVC(unhex(t, c.record))
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(avc.Config); got != c.want {
				t.Errorf("config %s, want %s", got, c.want)
			}
			if avc.LengthSize != c.lengthSize {
				t.Errorf("length size %d, want %d", avc.LengthSize, c.lengthSize)
			}
		})
	}
}

func TestParseAVCErrors(t *testing.T) {
	cases := []struct{ name, record, want string }{
		{"empty", "", "avcC: ends too early"},
		{"cut in front of the sets", "0142c00cff", "avcC: ends too early"},
		{"cut in a set", "0142c00cffe10019" + plainSPS[:20], "avcC: ends too early"},
		{"cut before the PPS", "0142c00cffe10019" + plainSPS, "avcC: ends too early"},
		{"version", "0042c00cffe10019" + plainSPS + "010005" + plainPPS, "avcC: configuration version 0"},
		{"length size 3", "0142c00cfee10019" + plainSPS + "010005" + plainPPS, "avcC: NAL length size 3"},
		{"no SPS", "0142c00cffe0" + "010005" + plainPPS, "avcC: no SPS"},
		{"no PPS", "0142c00cffe10019" + plainSPS + "00", "avcC: no PPS"},
		{"SPS cut short", "0142c00cffe10005" + plainSPS[:10] + "010005" + plainPPS, "avcC: SPS: ends too early"},
	}
	for _, c := range cases {
		if _, err := codec.ParseAVC(unhex(t, c.record)); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestNewAVCBounds(t *testing.T) {
	sps, pps := unhex(t, plainSPS), unhex(t, plainPPS)
	big := append(bytes.Clone(pps), make([]byte, codec.MaxParameterSetBytes)...)
	cases := []struct {
		name     string
		sps, pps [][]byte
	}{
		{"too many SPS", slicesRepeat(sps, 32), [][]byte{pps}},
		{"too many PPS", [][]byte{sps}, slicesRepeat(pps, 256)},
		{"too many bytes", [][]byte{sps}, [][]byte{big}},
		{"swapped", [][]byte{pps}, [][]byte{sps}},
		{"an SPS among the PPS", [][]byte{sps}, [][]byte{pps, sps}},
	}
	for _, c := range cases {
		if _, err := codec.NewAVC(c.sps, c.pps); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

func slicesRepeat(nal []byte, n int) [][]byte {
	var list [][]byte
	for range n {
		list = append(list, nal)
	}
	return list
}

func TestParameterSets(t *testing.T) {
	sps, pps, err := codec.ParameterSets(unhex(t, avcCases[0].record))
	if err != nil || len(sps) != 1 || len(pps) != 1 || hex.EncodeToString(sps[0]) != plainSPS || hex.EncodeToString(pps[0]) != plainPPS {
		t.Errorf("%x, %x, %v", sps, pps, err)
	}
	if _, _, err := codec.ParameterSets(nil); err == nil {
		t.Error("no error for an empty record")
	}
}

func FuzzParseAVC(f *testing.F) {
	for _, c := range avcCases {
		f.Add(unhex(f, c.record))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		avc, err := codec.ParseAVC(record)
		if err != nil {
			return
		}
		track := avc.Track(v0())
		if track.CodedWidth <= 0 || track.CodedHeight <= 0 || track.Width <= 0 || track.Width > math.MaxUint16 || !track.SampleAspect.Known() {
			t.Errorf("%+v", track)
		}
		again, err := codec.ParseAVC(avc.Config)
		if err != nil {
			t.Fatal(err)
		}
		again.LengthSize = avc.LengthSize
		if diff := cmp.Diff(avc, again); diff != "" {
			t.Error(diff)
		}
		if _, err := mp4ffavc.DecodeAVCDecConfRec(avc.Config); err != nil {
			t.Errorf("mp4ff: %v", err)
		}
	})
}
