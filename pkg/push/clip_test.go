package push

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func open(t testing.TB, name string) *Clip {
	t.Helper()
	clip, err := Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

func TestDemoClip(t *testing.T) {
	clip, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	v, a := clip.video, clip.audio
	if v.width != 640 || v.height != 360 || v.frameRate != 30 || a.sampleRate != 48000 || a.channels != 2 {
		t.Errorf("video %dx%d %v/s, audio %d Hz %d channels", v.width, v.height, v.frameRate, a.sampleRate, a.channels)
	}
	if clip.Duration() != 10*time.Second {
		t.Errorf("it lasts %v", clip.Duration())
	}
	if len(demo) > 900_000 {
		t.Errorf("it has %d bytes", len(demo))
	}
	reordered := 0
	for i, s := range clip.pictures {
		if key := i%60 == 0; s.key != key {
			t.Errorf("frame %d: key %v, want %v", i, s.key, key)
		}
		if s.pts != s.dts+33*time.Millisecond && s.pts != s.dts+34*time.Millisecond {
			reordered++
		}
	}
	if reordered < 150 {
		t.Errorf("%d frames are out of order: no B-frames?", reordered)
	}
}

// TestFormatsAgree reads the same clip from four kinds of file.
func TestFormatsAgree(t *testing.T) {
	want := open(t, "clip.mp4")
	if len(want.pictures) != 50 || len(want.sounds) < 87 || want.Duration() != 2*time.Second {
		t.Fatalf("clip.mp4 has %d pictures, %d sounds, lasts %v", len(want.pictures), len(want.sounds), want.Duration())
	}
	for _, name := range []string{"signed.mp4", "fragmented.mp4", "clip.flv"} {
		t.Run(name, func(t *testing.T) {
			got := open(t, name)
			if !bytes.Equal(got.video.config, want.video.config) || !bytes.Equal(got.audio.config, want.audio.config) {
				t.Error("another configuration")
			}
			compare(t, got.pictures, want.pictures)
			compare(t, got.sounds, want.sounds)
		})
	}
}

// compare checks that two tracks are the same but for when they begin.
func compare(t *testing.T, got, want []sample) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if !bytes.Equal(g.data, w.data) || g.key != w.key {
			t.Fatalf("sample %d differs", i)
		}
		pts, wantPTS := g.pts-got[0].pts, w.pts-want[0].pts
		if (pts - wantPTS).Abs() > time.Millisecond {
			t.Errorf("sample %d is at %v, want %v", i, pts, wantPTS)
		}
		dts, wantDTS := g.dts-got[0].dts, w.dts-want[0].dts
		if (dts - wantDTS).Abs() > time.Millisecond {
			t.Errorf("sample %d is decoded at %v, want %v", i, dts, wantDTS)
		}
	}
}

func TestTracksAlone(t *testing.T) {
	if clip := open(t, "silent.flv"); clip.audio != nil || clip.video == nil || clip.Duration() != 2*time.Second {
		t.Errorf("silent.flv: %+v, %v", clip.audio, clip.Duration())
	}
	clip := open(t, "dark.flv")
	if clip.video != nil || clip.audio == nil {
		t.Fatalf("dark.flv: %+v", clip.video)
	}
	frames := time.Duration(len(clip.sounds))
	if d := clip.Duration() - frames*clip.audio.frame; d.Abs() > time.Microsecond {
		t.Errorf("dark.flv lasts %v, %d frames of %v", clip.Duration(), frames, clip.audio.frame)
	}
}

func TestRefusedFiles(t *testing.T) {
	for name, want := range map[string]string{
		"sorenson.flv": "video codec 2 is not supported, only H.264",
		"mp3.flv":      "audio format 2 is not supported, only AAC",
		"mpeg4.mp4":    "mp4v video is not supported, only H.264",
		"mp3.mp4":      "audio is not supported, only AAC",
		"make.sh":      "neither an FLV nor an MP4 file",
		"none.mp4":     "no such file",
	} {
		if _, err := Open(filepath.Join("testdata", name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	for name, file := range map[string][]byte{
		"FLV without tags": []byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"),
		"enhanced":         []byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00\x09\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x90hvc1\x00\x00\x00\x00"),
		"empty":            nil,
	} {
		if _, err := parse(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestDamagedFiles cuts and breaks clips in many places: there may be an error,
// but no panic and no loop.
func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{"clip.flv", "clip.mp4", "fragmented.mp4"} {
		file, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(file); at += 97 {
			_, _ = parse(file[:at])
			broken := bytes.Clone(file)
			broken[at] ^= 0xff
			_, _ = parse(broken)
		}
	}
}

// aacCases are AudioSpecificConfigs.
var aacCases = []struct {
	name     string
	config   []byte
	rate     int
	channels int
	frame    time.Duration
}{
	{"LC 48 kHz stereo", []byte{0x11, 0x90}, 48000, 2, 21333333},
	{"LC 44.1 kHz mono", []byte{0x12, 0x08}, 44100, 1, 23219954},
	{"LC with 960 samples", []byte{0x11, 0x94}, 48000, 2, 20 * time.Millisecond},
	{"HE, explicit, 24 kHz core", []byte{0x2b, 0x11, 0x88, 0x00}, 24000, 2, 42666666},
	{"HE v2, explicit, 22.05 kHz core", []byte{0xeb, 0x8a, 0x08, 0x00}, 22050, 1, 46439909},
	{"LC, rate written out", []byte{0x17, 0x80, 0x5d, 0xc0, 0x10}, 48000, 2, 21333333},
	{"7.1", []byte{0x11, 0xb8}, 48000, 8, 21333333},
}

func TestParseAAC(t *testing.T) {
	for _, c := range aacCases {
		a, err := parseAAC(c.config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a.sampleRate != c.rate || a.channels != c.channels || a.frame != c.frame {
			t.Errorf("%s: %d Hz, %d channels, frames of %v", c.name, a.sampleRate, a.channels, a.frame)
		}
	}
	for _, config := range [][]byte{nil, {0x11}, {0x00, 0x00}, {0x17, 0x80, 0, 0, 0}, {0x16, 0x90}, make([]byte, 100)} {
		if _, err := parseAAC(config); err == nil {
			t.Errorf("% x: no error", config)
		}
	}
}

func TestRegularAudio(t *testing.T) {
	a := &audio{frame: 21333333}
	samples := make([]sample, 1000)
	for i := range samples {
		exact := 46*time.Millisecond + time.Duration(i)*a.frame
		samples[i].dts = exact.Round(time.Millisecond)
	}
	rounded := make([]sample, len(samples))
	copy(rounded, samples)
	a.regular(samples)
	for i, s := range samples {
		if i > 0 && s.dts-samples[i-1].dts != a.frame {
			t.Fatalf("frame %d comes after %v", i, s.dts-samples[i-1].dts)
		}
		if millis(s.dts) != millis(rounded[i].dts) {
			t.Fatalf("frame %d was moved from %v to %v", i, rounded[i].dts, s.dts)
		}
	}
	rounded[500].dts += 100 * time.Millisecond
	a.regular(rounded)
	if rounded[501].dts%time.Millisecond != 0 {
		t.Error("a track with a jump was changed")
	}
}

func TestAnnexB(t *testing.T) {
	got, key, err := annexB([]byte{0, 0, 0, 2, 9, 240, 0, 0, 0, 0, 0, 0, 0, 1, 0x65})
	if want := []byte{0, 0, 0, 1, 9, 240, 0, 0, 0, 1, 0x65}; err != nil || !key || !bytes.Equal(got, want) {
		t.Errorf("% x, key %v, %v", got, key, err)
	}
	for _, unit := range [][]byte{{0}, {0, 0, 0, 2, 9}, {0xff, 0xff, 0xff, 0xff, 9}} {
		if _, _, err := annexB(unit); err == nil {
			t.Errorf("% x: no error", unit)
		}
	}
}
