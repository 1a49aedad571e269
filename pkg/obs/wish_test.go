package obs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/obs"
)

var ladderCases = []struct {
	text string
	want []obs.Rung
}{
	{"", []obs.Rung{{1920, 1080, obs.Rate{30, 1}, 6000}, {1280, 720, obs.Rate{30, 1}, 3000}, {854, 480, obs.Rate{30, 1}, 1200}}},
	{"1920x1080@60:6000,1280x720@60:3000", []obs.Rung{{1920, 1080, obs.Rate{60, 1}, 6000}, {1280, 720, obs.Rate{60, 1}, 3000}}},
	{"1080p60:6000, 720p30:3000", []obs.Rung{{1920, 1080, obs.Rate{60, 1}, 6000}, {1280, 720, obs.Rate{30, 1}, 3000}}},
	{"360p20:400,360p30:600,240p60:300", []obs.Rung{{640, 360, obs.Rate{20, 1}, 400}, {640, 360, obs.Rate{30, 1}, 600}, {426, 240, obs.Rate{60, 1}, 300}}},
	{"2160p59.94:20000,1080p59.94:6000", []obs.Rung{{3840, 2160, obs.Rate{60000, 1001}, 20000}, {1920, 1080, obs.Rate{60000, 1001}, 6000}}},
	{"64x64:50", []obs.Rung{{64, 64, obs.Rate{30, 1}, 50}}},
	{"4096x4096@120:100000", []obs.Rung{{4096, 4096, obs.Rate{120, 1}, 100000}}},
	{"720p50:3000,720p50:1500", []obs.Rung{{1280, 720, obs.Rate{50, 1}, 3000}, {1280, 720, obs.Rate{50, 1}, 1500}}},
}

func TestLadder(t *testing.T) {
	for _, c := range ladderCases {
		e, err := obs.Wish{Ladder: c.text}.Parse()
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, e.Ladder); diff != "" {
			t.Errorf("%q:\n%s", c.text, diff)
		}
	}
}

const noEncoder = " is not x264, nvenc, amf, qsv, apple or an id such as obs_nvenc_hevc_tex"

const notLike = "is not like 1920x1080@60:6000 or 1080p60:6000 (kb/s behind the colon)"

// mistakes are what nobody can encode, with all that is said of it.
var mistakes = []struct {
	wish obs.Wish
	want string
}{
	{obs.Wish{Ladder: "1080p60"}, `ladder: rung 1, "1080p60": ` + notLike},
	{obs.Wish{Ladder: "720p30:3000,"}, `ladder: rung 2, "": ` + notLike},
	{obs.Wish{Ladder: "720p30:3000;480p30:1200"}, `ladder: rung 1, "720p30:3000;480p30:1200": ` + notLike},
	{obs.Wish{Ladder: "-1280x720:3000"}, `ladder: rung 1, "-1280x720:3000": ` + notLike},
	{obs.Wish{Ladder: "720p30:3M"}, `ladder: rung 1, "720p30:3M": ` + notLike},
	{obs.Wish{Ladder: "720p30:99999999999"}, `ladder: rung 1, "720p30:99999999999": ` + notLike},
	{obs.Wish{Ladder: "1280x720@:3000"}, `ladder: rung 1, "1280x720@:3000": ` + notLike},
	{obs.Wish{Ladder: "720p30:3000,1280x721@30:2000"}, `ladder: rung 2, "1280x721@30:2000": the height, 721, is odd`},
	{obs.Wish{Ladder: "853x480:1200"}, `ladder: rung 1, "853x480:1200": the width, 853, is odd`},
	{obs.Wish{Ladder: "0x720:1200"}, `ladder: rung 1, "0x720:1200": the width, 0, is not from 64 to 4096`},
	{obs.Wish{Ladder: "0p30:1200"}, `ladder: rung 1, "0p30:1200": the width, 0, is not from 64 to 4096`},
	{obs.Wish{Ladder: "7680x4320:50000"}, `ladder: rung 1, "7680x4320:50000": the width, 7680, is not from 64 to 4096`},
	{obs.Wish{Ladder: "1280x62:1200"}, `ladder: rung 1, "1280x62:1200": the height, 62, is not from 64 to 4096`},
	{obs.Wish{Ladder: "720p30:0"}, `ladder: rung 1, "720p30:0": the bit rate, 0, is not from 50 to 100000 kb/s`},
	{obs.Wish{Ladder: "720p30:3000000"}, `ladder: rung 1, "720p30:3000000": the bit rate, 3000000, is not from 50 to 100000 kb/s`},
	{obs.Wish{Ladder: "720p0:3000"}, `ladder: rung 1, "720p0:3000": the frame rate, 0, is not 1 to 120, 23.976, 29.97 or 59.94`},
	{obs.Wish{Ladder: "720p240:3000"}, `ladder: rung 1, "720p240:3000": the frame rate, 240, is not 1 to 120, 23.976, 29.97 or 59.94`},
	{obs.Wish{Ladder: "720p29.9:3000"}, `ladder: rung 1, "720p29.9:3000": the frame rate, 29.9, is not 1 to 120, 23.976, 29.97 or 59.94`},
	{obs.Wish{Ladder: "1080p30:6000,1920x1080:6000"}, `ladder: rung 2, "1920x1080:6000": is there twice`},
	{obs.Wish{Ladder: "1080p60:6000,720p25:3000"}, `ladder: rung 2, "720p25:3000": 25 frames a second cannot be made of the 60 of another rung by leaving out frames, as OBS does`},
	{obs.Wish{Ladder: "720p24:3000,1080p60:6000"}, `ladder: rung 1, "720p24:3000": 24 frames a second cannot be made of the 60 of another rung by leaving out frames, as OBS does`},
	{obs.Wish{Ladder: "1080p59.94:6000,720p29.97:3000"}, `ladder: rung 2, "720p29.97:3000": 23.976, 29.97 and 59.94 frames a second have their key frames at other times than any other rate`},
	{obs.Wish{Ladder: "1080p60:6000,720p29.97:3000"}, `ladder: rung 2, "720p29.97:3000": 23.976, 29.97 and 59.94 frames a second have their key frames at other times than any other rate`},
	{obs.Wish{Ladder: "1080p:7,720p:6,540p:5,480p:4,360p:3,240p:2,144p:1"}, "ladder: 7 rungs, and OBS has at most 6 video encoders at once"},

	{obs.Wish{Encoder: "h264"}, `encoder: "h264"` + noEncoder},
	{obs.Wish{Encoder: `obs_x264","x`}, `encoder: "obs_x264\",\"x"` + noEncoder},
	{obs.Wish{Encoder: "a_" + strings.Repeat("a", 99)}, `encoder: "a_` + strings.Repeat("a", 99) + `"` + noEncoder},

	{obs.Wish{Audio: "160,"}, `audio: "" is not a bit rate from 32 to 512 (kb/s)`},
	{obs.Wish{Audio: "0"}, `audio: "0" is not a bit rate from 32 to 512 (kb/s)`},
	{obs.Wish{Audio: "160000"}, `audio: "160000" is not a bit rate from 32 to 512 (kb/s)`},
	{obs.Wish{Audio: "64,64,64,64,64,64"}, "audio: 6 tracks, of which OBS can send 5"},
}

func TestMistakes(t *testing.T) {
	for _, c := range mistakes {
		e, err := c.wish.Parse()
		if err == nil || err.Error() != c.want {
			t.Errorf("%+v\ngot  %v\nwant %s", c.wish, err, c.want)
		}
		if e.Ladder != nil || e.Audio != nil {
			t.Errorf("%+v: %+v beside the error", c.wish, e)
		}
	}
}

// Whatever is asked for gets an error or a text.
func FuzzWish(f *testing.F) {
	for _, c := range ladderCases {
		f.Add(c.text, "x264", "160,64")
	}
	for _, c := range mistakes {
		f.Add(c.wish.Ladder, c.wish.Encoder, c.wish.Audio)
	}
	in, err := obs.NewIngest("tv", 1935, "live", "show")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ladder, encoder, audio string) {
		e, err := obs.Wish{Ladder: ladder, Encoder: encoder, Audio: audio}.Parse()
		if err != nil {
			return
		}
		for _, r := range e.Ladder {
			if r.Width%2+r.Height%2 != 0 || r.Width < 64 || r.Height < 64 || r.Bitrate < 50 || r.Rate.Numerator < 1 {
				t.Errorf("%q: %+v", ladder, r)
			}
		}
		if _, err := obs.Make(in, e, 2).Text(); err != nil || len(e.Audio) == 0 {
			t.Error(err)
		}
	})
}
