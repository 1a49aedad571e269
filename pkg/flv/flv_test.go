package flv_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// A recorder writes down what a Demuxer reports, a line each.
type recorder struct {
	lines []string
	fail  error // returned by Track and Frame
}

func (r *recorder) Track(t media.Track) error {
	line := fmt.Sprintf("track %v %s %x", t.ID, t.Codecs, t.Config)
	r.lines = append(r.lines, line)
	return r.fail
}

func (r *recorder) Frame(f media.Frame) error {
	line := fmt.Sprintf("frame %v %d%+d %x", f.Track, f.Time, f.Offset, f.Data)
	if f.Key {
		line += " key"
	}
	if f.Nanos != 0 {
		line += fmt.Sprintf(" nanos %d", f.Nanos)
	}
	if f.Length != 0 {
		line += fmt.Sprintf(" length %d", f.Length)
	}
	r.lines = append(r.lines, line)
	return r.fail
}

func (r *recorder) Refuse(id media.TrackID, reason string) {
	r.lines = append(r.lines, fmt.Sprintf("refuse %v %s", id, reason))
}

// send passes a message to d, written as "v" or "a", the time, and the body in
// hexadecimal, with spaces where one likes.
func send(tb testing.TB, d *flv.Demuxer, message string, h flv.Handler) error {
	tb.Helper()
	kind, rest, _ := strings.Cut(message, " ")
	timeText, body, _ := strings.Cut(rest, " ")
	var time uint32
	if _, err := fmt.Sscan(timeText, &time); err != nil {
		tb.Fatal(err)
	}
	if kind == "v" {
		return d.Video(time, unhex(tb, body), h)
	}
	return d.Audio(time, unhex(tb, body), h)
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Parameter sets of 320x180 and 322x182 pictures, and records of them.
const (
	sps    = "6742c00cd901419f9f011000000300100000030328f142a480"
	pps    = "68cb83cb20"
	record = "0142c00cffe10019" + sps + "010005" + pps

	highSPS    = "6764000cacd941419f9f011000000300100000030320f1429960"
	highPPS    = "68ebe3cb22c0"
	highRecord = "0164000cffe1001a" + highSPS + "010006" + highPPS + "fdf8f800"

	pps1 = "685ce0f2c8" // as pps, but with id 1
)

const (
	header     = "v 0 1700000000" + record
	highHeader = "v 0 1700000000" + highRecord
	asc        = "a 0 af00 1190"

	track      = "track v0 avc1.42C00C " + record
	highTrack  = "track v0 avc1.64000C " + highRecord
	audioTrack = "track a0 mp4a.40.2 1190"
)

// A demuxCase is a publication: the messages, and what becomes of them.
type demuxCase struct {
	name     string
	messages []string
	want     []string
	dropped  uint64
}

// demuxCases are those of the classic form, and what encoders really send.
var demuxCases = []demuxCase{
	// Classic H.264.
	{
		"key frame and others",
		[]string{header, "v 40 1701000042 000000026588", "v 80 2701000000 000000024188"},
		[]string{track, "frame v0 40+66 000000026588 key", "frame v0 80+0 000000024188"},
		0,
	},
	{
		"composition time is signed",
		[]string{header, "v 40 2701ffffbe 000000024188", "v 80 2701800000 000000024188", "v 99 27017fffff 000000024188"},
		[]string{track, "frame v0 40-66 000000024188", "frame v0 80-8388608 000000024188", "frame v0 99+8388607 000000024188"},
		0,
	},
	{
		"time wraps",
		[]string{header, "v 4294967295 1701000000 000000026588", "v 7 2701000000 000000024188"},
		[]string{track, "frame v0 4294967295+0 000000026588 key", "frame v0 7+0 000000024188"},
		0,
	},
	{
		"NAL length size 1",
		[]string{"v 0 1700000000" + strings.Replace(record, "0142c00cff", "0142c00cfc", 1), "v 40 1701000000 026588 00 0141"},
		[]string{track, "frame v0 40+0 0000000265880000000141 key"},
		0,
	},
	{
		"NAL length size 2",
		[]string{"v 0 1700000000" + strings.Replace(record, "0142c00cff", "0142c00cfd", 1), "v 40 1701000000 00026588 0000 000141"},
		[]string{track, "frame v0 40+0 0000000265880000000141 key"},
		0,
	},
	{
		"NAL length size changes alone",
		[]string{header, "v 0 1700000000" + strings.Replace(record, "0142c00cff", "0142c00cfd", 1), "v 40 1701000000 00026588"},
		[]string{track, "frame v0 40+0 000000026588 key"},
		0,
	},
	{
		"the bitstream says what a key frame is",
		[]string{header, "v 40 1701000000 000000024188", "v 80 2701000000 000000026588", "v 90 3701000000 0000000106 00000001 01"},
		[]string{track, "frame v0 40+0 000000024188", "frame v0 80+0 000000026588 key", "frame v0 90+0 00000001060000000101"},
		0,
	},
	{
		"every slice of a picture, delimiter and SEI stay",
		[]string{header, "v 40 1701000000 0000000209f0 000000020600 000000026588 000000026504"},
		[]string{track, "frame v0 40+0 0000000209f0000000020600000000026588000000026504 key"},
		0,
	},
	{
		"end of sequence, command frame",
		[]string{header, "v 40 1702000000", "v 40 1702", "v 40 5700", "v 40 57"},
		[]string{track},
		0,
	},
	{
		"repeated header is no news, a changed one is",
		[]string{header, header, highHeader, highHeader, "v 9 1701000000 000000026588", header},
		[]string{track, highTrack, "frame v0 9+0 000000026588 key", track},
		0,
	},
	{
		"header that differs in form alone",
		[]string{highHeader, strings.TrimSuffix(highHeader, "fdf8f800")},
		[]string{highTrack},
		0,
	},

	// What is dropped.
	{
		"frames before the configuration",
		[]string{"v 0 1701000000 000000026588", header, "v 40 1701000000 000000026588", "a 1 af01 21", asc, "a 2 af01 22"},
		[]string{track, "frame v0 40+0 000000026588 key", audioTrack, "frame a0 2+0 22 key"},
		2,
	},
	{
		"cut short",
		[]string{header, "v 1 ", "v 1 17", "v 1 1701", "v 1 17010000", "v 1 1701000000", "v 1 1700000000", "a 1 af", asc, "a 1 af"},
		[]string{track, audioTrack},
		8,
	},
	{
		"empty and truncated NAL units",
		[]string{header, "v 1 1701000000 00000000 000000026588 00000000 00000003 4188", "v 2 1701000000 ffffffff 65", "v 3 1701000000 00000000 0000", "v 4 1701000000 000000026588 000000"},
		[]string{track, "frame v0 1+0 000000026588 key", "frame v0 4+0 000000026588 key"},
		2,
	},
	{
		"filler data",
		[]string{header, "v 1 1701000000 000000020cff 000000026588 000000030cff80"},
		[]string{track, "frame v0 1+0 000000026588 key"},
		0,
	},
	{
		"a message without a slice",
		[]string{header, "v 1 1701000000 000000020600", "v 2 1701000000 0000000209f0"},
		[]string{track},
		2,
	},
	{
		"unknown packet types",
		[]string{header, "v 1 1703000000 000000026588", asc, "a 1 af02 21"},
		[]string{track, audioTrack},
		2,
	},
	{
		"a bad header is told, and another one helps",
		[]string{"v 0 1700000000 00", "v 0 1700000000 00", header, "v 0 1700000000 00", "v 9 1701000000 000000026588"},
		[]string{"refuse v0 H.264 video: avcC: ends too early", track, "frame v0 9+0 000000026588 key"},
		3,
	},
	{
		"an empty header is told when no other one comes before a frame",
		[]string{"v 0 1700000000", header, "v 9 1701000000 000000026588", "a 0 af00", "a 0 af01 21", "a 1 af01 21", asc, "a 2 af01 22"},
		[]string{track, "frame v0 9+0 000000026588 key", "refuse a0 AAC audio: the sequence header is empty", audioTrack, "frame a0 2+0 22 key"},
		2,
	},

	// Parameter sets in band.
	{
		"repeated ones are taken out",
		[]string{header, "v 1 1701000000 0000000209f0 00000019" + sps + "00000005" + pps + "000000026588", "v 2 2701000000 00000005" + pps + "0000000141"},
		[]string{track, "frame v0 1+0 0000000209f0000000026588 key", "frame v0 2+0 0000000141"},
		0,
	},
	{
		"repeated ones, length size 2",
		[]string{"v 0 1700000000" + strings.Replace(record, "0142c00cff", "0142c00cfd", 1), "v 1 1701000000 0019" + sps + "0005" + pps + "00026588"},
		[]string{track, "frame v0 1+0 000000026588 key"},
		0,
	},
	{
		"changed ones make a track",
		[]string{
			header, "v 1 1701000000 0000001a" + highSPS + "00000006" + highPPS + "000000026588",
			"v 2 1701000000 0000001a" + highSPS + "00000006" + highPPS + "000000026588", header, highHeader,
		},
		[]string{track, highTrack, "frame v0 1+0 000000026588 key", "frame v0 2+0 000000026588 key"},
		0,
	},
	{
		"changed ones in a message of their own",
		[]string{header, "v 1 1701000000 0000001a" + highSPS + "00000006" + highPPS, "v 1 1701000000 000000026588"},
		[]string{track, highTrack, "frame v0 1+0 000000026588 key"},
		0,
	},
	{
		"a second PPS before a frame stays there until the next key frame",
		[]string{header, "v 1 2701000000 00000005" + pps1 + "0000000141", "v 2 1701000000 000000026588"},
		[]string{
			track, "frame v0 1+0 00000005" + pps1 + "0000000141",
			"track v0 avc1.42C00C 0142c00cffe10019" + sps + "020005" + pps + "0005" + pps1, "frame v0 2+0 000000026588 key",
		},
		0,
	},
	{
		"ones that make no sense",
		[]string{header, "v 1 1701000000 00000002 6742 00000002 6800 00000005 6742000cf8 000000026588", "v 2 1701000000 000000026588"},
		[]string{track, "frame v0 1+0 000000026588 key", "frame v0 2+0 000000026588 key"},
		0,
	},
	{
		"changed and changed back",
		[]string{header, "v 1 2701000000 00000006" + highPPS + "0000000141", "v 2 1701000000 00000005" + pps + "000000026588"},
		[]string{track, "frame v0 1+0 00000006" + highPPS + "0000000141", "frame v0 2+0 000000026588 key"},
		0,
	},

	// AAC.
	{
		"AAC of every flag",
		[]string{"a 0 af00 121056e500", "a 20 af01 2122", "a 40 a001 2324", "a 60 ae01 25"},
		[]string{"track a0 mp4a.40.2 121056e500", "frame a0 20+0 2122 key", "frame a0 40+0 2324 key", "frame a0 60+0 25 key"},
		0,
	},
	{
		"HE-AAC and HE-AAC v2, repeats and changes",
		[]string{"a 0 af00 2b11880000", "a 0 af00 2b11880000", "a 0 af00 eb09880000", asc},
		[]string{"track a0 mp4a.40.5 2b11880000", "track a0 mp4a.40.29 eb09880000", audioTrack},
		0,
	},
	{
		"silence",
		[]string{"a 0 ", asc, "a 20 ", "a 40 af01"},
		[]string{audioTrack},
		0,
	},
	{
		"an object type that is not carried",
		[]string{"a 0 af00 f95080", "a 9 af01 21", asc, "a 10 af01 21", "a 0 af00 f95080", "a 11 af01 21", asc, "a 12 af01 22"},
		[]string{
			"refuse a0 AAC audio: AudioSpecificConfig: xHE-AAC (USAC) (MPEG-4 audio object type 42) is not supported",
			audioTrack, "frame a0 10+0 21 key", "frame a0 12+0 22 key",
		},
		2,
	},
	{
		"a frame too long",
		[]string{asc, "a 1 af01" + strings.Repeat("00", 8185), "a 2 af01 21"},
		[]string{audioTrack, "frame a0 2+0 21 key"},
		1,
	},

	// Enhanced RTMP of the same codecs.
	{
		"avc1",
		[]string{"v 0 9061766331" + record, "v 1 9161766331 ffffbe 000000026588", "v 2 a361766331 000000024188", "v 3 9261766331", header},
		[]string{track, "frame v0 1-66 000000026588 key", "frame v0 2+0 000000024188"},
		0,
	},
	{
		"mp4a",
		[]string{"a 0 906d703461 1190", "a 1 916d703461 2122", "a 1 946d703461 010200000003", "a 2 926d703461", asc},
		[]string{audioTrack, "frame a0 1+0 2122 key"},
		0,
	},
	{
		"modifiers in front",
		[]string{
			"v 0 97 02 000001 00 61766331" + record,
			"v 1 97 02 000001 07 02 000002 01 61766331 000000 000000026588",
			"v 2 97 ff 00ff" + strings.Repeat("00", 256) + "03 61766331 000000026588",
			"a 0 97 02 000001 00 6d703461 1190",
		},
		[]string{track, "frame v0 1+0 000000026588 key nanos 2", "frame v0 2+0 000000026588 key", audioTrack},
		0,
	},
	{
		"modifiers cut short",
		[]string{"v 0 97", "v 0 9702", "v 0 970200000100", "v 0 97ff", "v 0 97ffffff", "v 0 9702000001", "a 0 97", "a 0 97ff00"},
		nil, 8,
	},
	{
		"command, and metadata cut short",
		[]string{"v 0 d101", "v 0 d1", "v 0 d461766331 0200", "v 0 9461766331 0200", "v 0 d700000000"},
		nil, 2,
	},
	{
		"cut short, enhanced",
		[]string{"v 0 90", "v 0 90617663", "v 0 9161766331 0000", "a 0 90", "a 0 906d7034", "v 0 96", "v 0 960061766331", "a 0 95"},
		nil, 8,
	},
	{
		"unknown packet types, enhanced",
		[]string{"v 0 9561766331", "v 0 9f61766331", "a 0 936d703461", "a 0 966d703461"},
		[]string{
			"refuse v0 Enhanced RTMP video packet type 5 is not supported", "refuse v0 Enhanced RTMP video packet type 15 is not supported",
			"refuse a0 Enhanced RTMP audio packet type 3 is not supported", "refuse a0 Enhanced RTMP audio packet type 6 is not supported",
		},
		0,
	},

	// The beginning of what encoders really send.
	{
		"FFmpeg, multitrack",
		[]string{
			"v 0 17000000000142c01effe100196742c01eda0280bfe5c044000003000400000300f23c58ba8001000468ce0fc8", "a 0 af00118856e500",
			"v 0 960061766331010142c01effe100196742c01eda0280bfe5c044000003000400000300f23c58ba8001000468ce0fc8", "a 0 95006d70346101118856e500",
			"a 0 95046d70346101010100000004", "a 21 95016d70346101016298d8f6", "v 21 960361766331010000000141", "a 21 af01016298d8",
		},
		[]string{
			"track v0 avc1.42C01E 0142c01effe100196742c01eda0280bfe5c044000003000400000300f23c58ba8001000468ce0fc8",
			"track a0 mp4a.40.2 118856e500",
			"track v1 avc1.42C01E 0142c01effe100196742c01eda0280bfe5c044000003000400000300f23c58ba8001000468ce0fc8",
			"track a1 mp4a.40.2 118856e500",
			"frame a1 21+0 016298d8f6 key",
			"frame v1 21+0 0000000141",
			"frame a0 21+0 016298d8 key",
		},
		0,
	},
	{
		"GStreamer: a record without the extension, and parameter sets in band",
		[]string{
			"v 0 170000000001f4001effe1001d67f4001e90d9680a02ff89c05a83030320000003002000000791e2c5d401000468ce3192",
			"v 4 1701000000000000020910 0000001d67f4001e90d9680a02ff89c05a83030320000003002000000791e2c5d4 0000000468ce3192 0000000265b8",
			"v 37 2701000000000000020930 0000000741 9a2024805fff",
		},
		[]string{
			"track v0 avc1.F4001E 01f4001effe1001d67f4001e90d9680a02ff89c05a83030320000003002000000791e2c5d401000468ce3192fffafa00",
			"frame v0 4+0 0000000209100000000265b8 key",
			"frame v0 37+0 00000002093000000007419a2024805fff",
		},
		0,
	},
}

func TestDemuxer(t *testing.T) { demux(t, demuxCases) }

func demux(t *testing.T, cases []demuxCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var d flv.Demuxer
			var r recorder
			for _, m := range c.messages {
				if err := send(t, &d, m, &r); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(c.want, r.lines); diff != "" {
				t.Error(diff)
			}
			if d.Dropped() != c.dropped {
				t.Errorf("dropped %d, want %d", d.Dropped(), c.dropped)
			}
		})
	}
}

var refuseCases = []struct{ message, want string }{
	{"v 0 11", "refuse v0 JPEG video (codec id 1) is not supported"},
	{"v 0 2200", "refuse v0 Sorenson H.263 video (codec id 2) is not supported"},
	{"v 0 13", "refuse v0 Screen video (codec id 3) is not supported"},
	{"v 0 14", "refuse v0 VP6 video (codec id 4) is not supported"},
	{"v 0 15", "refuse v0 VP6 alpha video (codec id 5) is not supported"},
	{"v 0 16", "refuse v0 Screen 2 video (codec id 6) is not supported"},
	{"v 0 18", "refuse v0 H.263 video (codec id 8) is not supported"},
	{"v 0 19", "refuse v0 MPEG-4 part 2 video (codec id 9) is not supported"},
	{"v 0 1d", "refuse v0 AV1 video (codec id 13) is not supported"},
	{"v 0 1a", "refuse v0 video of an unknown codec (codec id 10) is not supported"},

	{"a 0 00", "refuse a0 PCM audio (sound format 0) is not supported"},
	{"a 0 1f", "refuse a0 ADPCM audio (sound format 1) is not supported"},
	{"a 0 3f", "refuse a0 PCM audio (sound format 3) is not supported"},
	{"a 0 4f", "refuse a0 Nellymoser audio (sound format 4) is not supported"},
	{"a 0 5f", "refuse a0 Nellymoser audio (sound format 5) is not supported"},
	{"a 0 6f", "refuse a0 Nellymoser audio (sound format 6) is not supported"},
	{"a 0 7f", "refuse a0 G.711 A-law audio (sound format 7) is not supported"},
	{"a 0 8f", "refuse a0 G.711 mu-law audio (sound format 8) is not supported"},
	{"a 0 bf", "refuse a0 Speex audio (sound format 11) is not supported"},
	{"a 0 ff", "refuse a0 audio of an unknown codec (sound format 15) is not supported"},

	{"v 0 9076703038", "refuse v0 VP8 video (vp08) is not supported"},
	{"v 0 9076766331", "refuse v0 VVC video (vvc1) is not supported"},
	{"v 0 900a7b2278", `refuse v0 video of the unknown codec "\n{\"x" is not supported`},
	{"a 0 9041424344", `refuse a0 audio of the unknown codec "ABCD" is not supported`},

	{"v 0 96007676633107", "refuse v7 VVC video (vvc1) is not supported"},
	{"v 0 96207670303802000000", "refuse v2 VP8 video (vp08) is not supported"},
	{"v 0 906d703461", `refuse v0 video of the unknown codec "mp4a" is not supported`},
	{"v 0 900000000000", `refuse v0 video of the unknown codec "\x00\x00\x00\x00" is not supported`},
	{"v 0 96306176633107", "refuse v0 Enhanced RTMP multitrack video type 3 is not supported"},
	{"a 0 97020000010595006f707573", "refuse a0 Enhanced RTMP multitrack audio type 9 is not supported"},
}

func TestRefuse(t *testing.T) {
	for _, c := range refuseCases {
		var d flv.Demuxer
		var r recorder
		for range 3 {
			if err := send(t, &d, c.message, &r); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(r.lines, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.message, r.lines, c.want)
		}
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	var d flv.Demuxer
	var r recorder
	for i := range 1000 {
		if err := d.Video(0, fmt.Appendf(nil, "\x90%04d", i), &r); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.lines) != 32 {
		t.Errorf("%d reasons", len(r.lines))
	}
}

func TestHandlerErrors(t *testing.T) {
	stop := errors.New("stop")
	cases := []struct {
		name   string
		before []string // accepted
		last   string
	}{
		{"track", nil, header},
		{"frame", []string{header}, "v 1 1701000000 000000026588"},
		{"track of a frame", []string{header}, "v 1 1701000000 0000001a" + highSPS + "00000006" + highPPS + "000000026588"},
		{"audio", []string{asc}, "a 1 af01 21"},
	}
	for _, c := range cases {
		var d flv.Demuxer
		for _, m := range c.before {
			if err := send(t, &d, m, &recorder{}); err != nil {
				t.Fatal(err)
			}
		}
		r := recorder{fail: stop}
		if err := send(t, &d, c.last, &r); !errors.Is(err, stop) || len(r.lines) != 1 {
			t.Errorf("%s: error %v after %q", c.name, err, r.lines)
		}
	}
}
