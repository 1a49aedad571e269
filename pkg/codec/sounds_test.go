package codec_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

func TestParseOpus(t *testing.T) {
	for _, c := range []struct {
		name, header, config string
		channels             int
	}{
		{"FFmpeg, mono", "4f707573486561640101380180bb0000000000", "000101380000bb80000000", 1},
		{"stereo of 8 kHz, with a gain", "4f7075734865616401023801401f0000f0ff00", "0002013800001f40fff000", 2},
		{"5.1", "4f707573486561640106380180bb0000000001040200040102 0305", "000601380000bb8000000104020004010203 05", 6},
	} {
		o, err := codec.ParseOpus(unhex(t, spaceless(c.header)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		o.Frame = 960
		want := media.Track{
			ID: a0(), Codec: media.Opus, Timescale: 48000, Config: unhex(t, spaceless(c.config)), Codecs: "Opus",
			SampleRate: 48000, Channels: c.channels, FrameTicks: 960,
		}
		if diff := cmp.Diff(want, o.Track(a0())); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for _, bad := range []string{
		"", "4f707573486561640101380180bb00000000", "4f707573486561641001380180bb0000000000", "4f707573486561640100380180bb0000000000",
		"4f7075734865616401023801 80bb000000000102030001", "4f707573486561640102380180bb0000000001000000 01", "4f707573486561640102380180bb000000000101010002",
		"4f707573486561640103380180bb0000000000", "4f707573486561640106380180bb00000000010402000401", "4f707573486561640102380180bb0000000002",
	} {
		if _, err := codec.ParseOpus(unhex(t, spaceless(bad))); err == nil {
			t.Errorf("no error for %s", bad)
		}
	}
}

func spaceless(s string) string { return string(bytes.ReplaceAll([]byte(s), []byte(" "), nil)) }

func TestOpusLength(t *testing.T) {
	for _, c := range []struct {
		packet string
		want   int // 0 where it is malformed
	}{
		{"f8afe9", 960}, // FFmpeg: CELT, 20 ms
		{"00", 480},
		{"18", 2880},
		{"60", 480},
		{"68", 960},
		{"e0", 120},
		{"f9aabb", 1920},
		{"fb03", 2880},
		{"", 0},
		{"fb", 0},
		{"fb00", 0},
		{"fb07", 0}, // 140 ms
	} {
		n, ok := codec.OpusLength(unhex(t, c.packet))
		if ok != (c.want != 0) || ok && n != c.want {
			t.Errorf("%s: %d, %v, want %d", c.packet, n, ok, c.want)
		}
	}
}

func TestParseFLAC(t *testing.T) {
	const (
		info  = "040004000000000008150bb800f00000000000000000000000000000000000000000"
		final = "0400040000009100018c0bb800f0000465007ae0c404581e7158684d8b52f3aebf04" // the same at the end
		block = "040004000000000000000bb800f00000000000000000000000000000000000000000"
	)
	want := media.Track{
		ID: a0(), Codec: media.FLAC, Timescale: 48000, Config: unhex(t, "80000022"+block), Codecs: "fLaC",
		SampleRate: 48000, Channels: 1, FrameTicks: 1024,
	}
	for _, header := range []string{info, final, "00000022" + info + "84000000", "664c6143" + "80000022" + info} {
		f, err := codec.ParseFLAC(unhex(t, header))
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(want, f.Track(a0())); diff != "" {
			t.Errorf("%s: %s", header, diff)
		}
	}
	for _, bad := range []string{"", info[2:], "664c6143", "84000022" + info, "80000023" + info + "00", "00000000" + info[8:], "040004000000000000080000 10f0" + info[28:], "0400ffff0000000000000bb800f0" + info[28:]} {
		if _, err := codec.ParseFLAC(unhex(t, spaceless(bad))); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestFLACLength(t *testing.T) {
	for _, c := range []struct {
		frame string
		want  int
	}{
		{"fff8aa0800ed4c", 1024}, // FFmpeg
		{"fff81a0800ed", 192},
		{"fff8 5a 08 00 ed", 4608},
		{"fff8 6a 08 7f 0f ed", 16},
		{"fff8 7a 08 c4 80 01 ff ed", 512}, // frame 256, whose number has two bytes
		{"fff8 7d 08 00 0fff ac44", 4096},
		{"fff9 fa 08 00", 32768},
		{"fff80a0800ed", 0},
		{"fff87a0800", 0},
		{"fffaaa0800", 0},
		{"", 0},
	} {
		n, ok := codec.FLACLength(unhex(t, spaceless(c.frame)))
		if ok != (c.want != 0) || ok && n != c.want {
			t.Errorf("%s: %d, %v, want %d", c.frame, n, ok, c.want)
		}
	}
}

// The frames are FFmpeg's, and so are the boxes that it writes for them.
func TestParseAC3(t *testing.T) {
	for _, c := range []struct {
		name, frame, config string
		want                media.Track
	}{
		{"AC-3, stereo", "0b77c2ea544043e106f575f0", "501140", media.Track{Codec: media.AC3, Codecs: "ac-3", SampleRate: 44100, Channels: 2, FrameTicks: 1536}},
		{"AC-3, mono", "0b77480d0c402f842bc1c77a", "1008c0", media.Track{Codec: media.AC3, Codecs: "ac-3", SampleRate: 48000, Channels: 1, FrameTicks: 1536}},
		{"E-AC-3, 5.1", "0b7702ff3f87c00020800200", "0c00200f00", media.Track{Codec: media.EAC3, Codecs: "ec-3", SampleRate: 48000, Channels: 6, FrameTicks: 1536}},
	} {
		a, err := codec.ParseAC3(unhex(t, c.frame))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		want := c.want
		want.ID, want.Timescale, want.Config = a0(), uint32(want.SampleRate), unhex(t, c.config)
		if diff := cmp.Diff(want, a.Track(a0())); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for _, bad := range []string{"", "0b77", "0b78c2ea544043e106f575f0", "0b77c2eaff4043e106f5", "0b77c2ea5488e106f575f0", "0b7742ff3f87c0002080"} {
		if a, err := codec.ParseAC3(unhex(t, bad)); err == nil {
			t.Errorf("no error for %s: %+v", bad, a)
		}
	}
}

// TestEAC3Substreams has the frames of FFmpeg's encoder with other substreams behind them.
func TestEAC3Substreams(t *testing.T) {
	const (
		size = 2 * (0x2ff + 1)
	)
	whole := func(head string) []byte { return append(unhex(t, head), make([]byte, size-len(head)/2)...) }
	six := "0b7702ff3f87c00020800200"
	one := "0b7702ff0f87c00020800200"                                                                  // of one block
	other := "0b770aff3f87c00020800200"                                                                // another programme
	surround := append(unhex(t, "0b7742ff3d87"+"d1a000"), make([]byte, size-9)...)                     // dependent, with a chanmap of Ls, Rs and the pair Lrs/Rrs
	withMap := append(unhex(t, "0b7742ff3d87"+"e4"), append([]byte{0x80}, make([]byte, size-8)...)...) // dependent, with a chanmap
	for _, c := range []struct {
		name      string
		data      []byte
		samples   int
		config    string
		dependent byte
		channels  int
	}{
		{"six blocks in one", whole(six), 1536, "0c00200f00", 0, 6},
		{"six frames of a block", slices.Repeat(whole(one), 6), 1536, "", 0, 6},
		{"another programme beside it", append(whole(six), whole(other)...), 1536, "", 0, 6},
		{"a dependent one behind it", append(whole(six), withMap...), 1536, "", 1, 6},
		{"which has more places", append(whole(six), surround...), 1536, "", 1, 8},
	} {
		a, err := codec.ParseAC3(c.data)
		if err != nil || a.Frame != c.samples {
			t.Errorf("%s: %d samples, %v", c.name, a.Frame, err)
		}
		if c.config != "" && !bytes.Equal(a.Config, unhex(t, c.config)) {
			t.Errorf("%s: % x", c.name, a.Config)
		}
		if dependent := a.Config[4] >> 1 & 0xf; dependent != c.dependent {
			t.Errorf("%s: %d dependent substreams: % x", c.name, dependent, a.Config)
		}
		if a.Channels != c.channels {
			t.Errorf("%s: %d channels, want %d: % x", c.name, a.Channels, c.channels, a.Config)
		}
	}
}

func TestParseMP3(t *testing.T) {
	for _, c := range []struct {
		frame string
		want  media.Track
	}{
		{"fffb50c4", media.Track{Codecs: "mp4a.6B", SampleRate: 44100, Channels: 1, FrameTicks: 1152}}, // LAME through FFmpeg
		{"fffb9464", media.Track{Codecs: "mp4a.6B", SampleRate: 48000, Channels: 2, FrameTicks: 1152}},
		{"fff35064", media.Track{Codecs: "mp4a.69", SampleRate: 22050, Channels: 2, FrameTicks: 576}},
		{"ffe358c4", media.Track{Codecs: "mp4a.69", SampleRate: 8000, Channels: 1, FrameTicks: 576}},
	} {
		m, err := codec.ParseMP3(unhex(t, c.frame))
		if err != nil {
			t.Errorf("%s: %v", c.frame, err)
			continue
		}
		want := c.want
		want.ID, want.Codec, want.Timescale, want.Config = a0(), media.MP3, uint32(want.SampleRate), []byte{m.ObjectType}
		if diff := cmp.Diff(want, m.Track(a0())); diff != "" {
			t.Errorf("%s: %s", c.frame, diff)
		}
	}
	for _, bad := range []string{"", "fffb50", "fefb50c4", "ffeb50c4", "fffd50c4", "fffbf0c4", "fffb5cc4"} {
		if _, err := codec.ParseMP3(unhex(t, bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

// TestSilentSounds has ffmpeg decode frames of silence: it complains of nothing, and there
// is as much of it as there should be, all zero.
func TestSilentSounds(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("there is no ffmpeg")
	}
	for _, rate := range []int{48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000} {
		for channels := 1; channels <= 2; channels++ {
			track := media.Track{ID: a0(), Codec: media.MP3, SampleRate: rate, Channels: channels, FrameTicks: 576}
			if rate >= 32000 {
				track.FrameTicks = 1152
			}
			frame := codec.SilentFrame(track)
			if m, err := codec.ParseMP3(frame); err != nil || m.SampleRate != rate || m.Channels != channels || media.Ticks(m.Frame) != track.FrameTicks {
				t.Fatalf("%d Hz, %d channels: %+v, %v", rate, channels, m, err)
			}
			const frames = 50
			path := filepath.Join(t.TempDir(), "silence.mp3")
			if err := os.WriteFile(path, bytes.Repeat(frame, frames), 0o600); err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			decode := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", path, "-f", "s16le", "-")
			decode.Stderr = &said
			pcm, err := decode.Output()
			if err != nil || said.Len() > 0 {
				t.Fatalf("%d Hz, %d channels: %v %s", rate, channels, err, said.Bytes())
			}
			if want := frames * int(track.FrameTicks) * 2 * channels; len(pcm) != want || len(bytes.Trim(pcm, "\x00")) > 0 {
				t.Errorf("%d Hz, %d channels: %d bytes, want %d of zeros", rate, channels, len(pcm), want)
			}
		}
	}
}

func FuzzSounds(f *testing.F) {
	for _, s := range []string{
		"4f707573486561640101380180bb0000000000", "fb03", "fff8aa0800ed4c", "0b77c2ea544043e106f575f0", "0b7702ff3f87c00020800200", "fffb50c4",
	} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tracks []media.Track
		if o, err := codec.ParseOpus(data); err == nil {
			o.Frame = 960
			tracks = append(tracks, o.Track(a0()))
		}
		if c, err := codec.ParseFLAC(data); err == nil {
			tracks = append(tracks, c.Track(a0()))
		}
		if a, err := codec.ParseAC3(data); err == nil {
			tracks = append(tracks, a.Track(a0()))
		}
		if m, err := codec.ParseMP3(data); err == nil {
			tracks = append(tracks, m.Track(a0()))
		}
		for _, track := range tracks {
			if track.Timescale == 0 || track.Channels < 1 || track.FrameTicks < 1 || len(track.Config) == 0 {
				t.Errorf("%+v", track)
			}
		}
		if n, ok := codec.OpusLength(data); ok && n <= 0 {
			t.Errorf("a packet of %d samples", n)
		}
		if n, ok := codec.FLACLength(data); ok && n <= 0 {
			t.Errorf("a frame of %d samples", n)
		}
	})
}
