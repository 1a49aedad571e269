package codec_test

import (
	"errors"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/google/go-cmp/cmp"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// aacCases are configurations and the tracks they make, without what all
// tracks have in common. adts is the header in front of a frame of 93 bytes,
// empty when it cannot be said.
var aacCases = []struct {
	name   string
	config string
	want   media.Track
	adts   string
}{
	// Those of FFmpeg, read back by ffprobe.
	{"LC", "121056e500", media.Track{Codecs: "mp4a.40.2", Timescale: 44100, SampleRate: 44100, Channels: 2, FrameTicks: 1024}, "fff150800c9ffc"},
	{"LC mono", "118856e500", media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 1, FrameTicks: 1024}, "fff14c400c9ffc"},
	{"LC 5.1", "11b056e500", media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 6, FrameTicks: 1024}, "fff14d800c9ffc"},
	{"Main", "099056e500", media.Track{Codecs: "mp4a.40.1", Timescale: 48000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff10c800c9ffc"},
	{"LTP", "229056e500", media.Track{Codecs: "mp4a.40.4", Timescale: 32000, SampleRate: 32000, Channels: 2, FrameTicks: 1024}, "fff1d4800c9ffc"},
	{"lowest rate", "160856e500", media.Track{Codecs: "mp4a.40.2", Timescale: 7350, SampleRate: 7350, Channels: 1, FrameTicks: 1024}, "fff170400c9ffc"},
	{
		"six channels by program_config_element", "118004c844002008840d4c61766335392e33372e31303056e500",
		media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 6, FrameTicks: 1024},
		"",
	},
	{
		"eight channels by program_config_element", "118004c848002000c6400d4c61766335392e33372e31303056e500",
		media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 8, FrameTicks: 1024},
		"",
	},

	// Shorter ones, as other encoders send them.
	{"LC, nothing behind", "1210", media.Track{Codecs: "mp4a.40.2", Timescale: 44100, SampleRate: 44100, Channels: 2, FrameTicks: 1024}, "fff150800c9ffc"},
	{"SSR", "1990", media.Track{Codecs: "mp4a.40.3", Timescale: 48000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff18c800c9ffc"},
	{"7.1", "11b8", media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 8, FrameTicks: 1024}, "fff14dc00c9ffc"},
	{"6.1", "11d8", media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 7, FrameTicks: 1024}, ""},
	{"960 samples", "1194", media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 2, FrameTicks: 960}, ""},
	{"depends on a core coder", "1192aaa8", media.Track{Codecs: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff14c800c9ffc"},

	// SBR and PS.
	{"HE-AAC", "2b11880000", media.Track{Codecs: "mp4a.40.5", Timescale: 24000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff158800c9ffc"},
	{"HE-AAC v2", "eb09880000", media.Track{Codecs: "mp4a.40.29", Timescale: 24000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff158400c9ffc"},
	{"HE-AAC, backward compatible", "131056e598", media.Track{Codecs: "mp4a.40.5", Timescale: 24000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff158800c9ffc"},
	{"HE-AAC v2, backward compatible", "130856e59d4880", media.Track{Codecs: "mp4a.40.29", Timescale: 24000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff158400c9ffc"},
	{"HE-AAC, PS said to be absent", "131056e59d4800", media.Track{Codecs: "mp4a.40.5", Timescale: 24000, SampleRate: 48000, Channels: 2, FrameTicks: 1024}, "fff158800c9ffc"},
	{"extension cut short", "131056e5", media.Track{Codecs: "mp4a.40.2", Timescale: 24000, SampleRate: 24000, Channels: 2, FrameTicks: 1024}, "fff158800c9ffc"},
	{"extension of a reserved rate", "131056e5e8", media.Track{Codecs: "mp4a.40.2", Timescale: 24000, SampleRate: 24000, Channels: 2, FrameTicks: 1024}, "fff158800c9ffc"},

	// Rates written out.
	{"LC at 44100 Hz by number", "1780562210", media.Track{Codecs: "mp4a.40.2", Timescale: 44100, SampleRate: 44100, Channels: 2, FrameTicks: 1024}, "fff150800c9ffc"},
	{"LC at 50000 Hz", "178061a810", media.Track{Codecs: "mp4a.40.2", Timescale: 50000, SampleRate: 50000, Channels: 2, FrameTicks: 1024}, ""},
}

func a0() media.TrackID { return media.TrackID{Kind: media.Audio} }

func TestParseAAC(t *testing.T) {
	for _, c := range aacCases {
		t.Run(c.name, func(t *testing.T) {
			config := unhex(t, c.config)
			aac, err := codec.ParseAAC(config)
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			want.ID, want.Codec, want.Config = a0(), media.AAC, config
			if diff := cmp.Diff(want, aac.Track(a0())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseAACAgreesWithMediacommon(t *testing.T) {
	for _, c := range aacCases {
		config := unhex(t, c.config)
		var other mpeg4audio.AudioSpecificConfig
		if other.Unmarshal(config) != nil {
			continue // it knows fewer
		}
		aac, err := codec.ParseAAC(config)
		if err != nil {
			t.Fatal(err)
		}
		hierarchical := other.ExtensionType != 0
		if aac.SampleRate != other.SampleRate || aac.ChannelConfiguration != int(other.ChannelConfig) ||
			hierarchical && aac.OutputRate != other.ExtensionSampleRate || (aac.FrameLength == 960) != other.FrameLengthFlag {
			t.Errorf("%s: %+v, mediacommon says %+v", c.name, aac, other)
		}
	}
}

func TestParseAACErrors(t *testing.T) {
	cases := []struct {
		name, config, want string
		unsupported        bool
	}{
		{"empty", "", "AudioSpecificConfig: ends too early", false},
		{"one byte", "12", "AudioSpecificConfig: ends too early", false},
		{"program_config_element cut short", "118004c844", "AudioSpecificConfig: ends too early", false},
		{"xHE-AAC", "f95080", "AudioSpecificConfig: xHE-AAC (USAC) (MPEG-4 audio object type 42) is not supported", true},
		{"AAC LD", "b990", "AudioSpecificConfig: AAC LD (MPEG-4 audio object type 23) is not supported", true},
		{"nameless", "f9e640", "AudioSpecificConfig: MPEG-4 audio object type 47 is not supported", true},
		{"SBR of AAC Scalable", "2b11980000", "AudioSpecificConfig: AAC Scalable (MPEG-4 audio object type 6) is not supported", true},
		{"reserved rate", "1690", "AudioSpecificConfig: a sampling rate of 0 Hz (index 13) is not supported", true},
		{"a rate of nothing", "1780000010", "AudioSpecificConfig: a sampling rate of 0 Hz (index 15) is not supported", true},
		{"reserved channels", "11f8", "AudioSpecificConfig: channel configuration 15 is not supported", true},
		{"no channels", "1180040000000000", "AudioSpecificConfig: a program_config_element without channels is not supported", true},
	}
	for _, c := range cases {
		_, err := codec.ParseAAC(unhex(t, c.config))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
		if errors.Is(err, codec.ErrUnsupported) != c.unsupported {
			t.Errorf("%s: wraps ErrUnsupported: %v", c.name, !c.unsupported)
		}
	}
	if _, err := codec.ParseAAC(make([]byte, 1025)); err == nil {
		t.Error("no error for a huge configuration")
	}
}

func TestADTSHeader(t *testing.T) {
	const size = 93
	for _, c := range aacCases {
		aac, err := codec.ParseAAC(unhex(t, c.config))
		if err != nil {
			t.Fatal(err)
		}
		header, err := aac.ADTSHeader(size)
		if c.adts == "" {
			if !errors.Is(err, codec.ErrUnsupported) {
				t.Errorf("%s: error %v", c.name, err)
			}
			continue
		}
		if diff := cmp.Diff(unhex(t, c.adts), header[:]); diff != "" || err != nil {
			t.Error(c.name, err, diff)
		}
		if aac.ObjectType != codec.AACLC {
			continue // mediacommon knows no other
		}
		var packets mpeg4audio.ADTSPackets
		if err := packets.Unmarshal(append(header[:], make([]byte, size)...)); err != nil {
			t.Errorf("%s: mediacommon: %v", c.name, err)
		} else if len(packets) != 1 || packets[0].SampleRate != aac.SampleRate || len(packets[0].AU) != size {
			t.Errorf("%s: mediacommon reads %+v", c.name, packets[0])
		}
	}
}

func TestADTSHeaderSizes(t *testing.T) {
	aac, err := codec.ParseAAC([]byte{0x12, 0x10})
	if err != nil {
		t.Fatal(err)
	}
	for size, ok := range map[int]bool{-1: false, 0: true, 8184: true, 8185: false} {
		header, err := aac.ADTSHeader(size)
		if (err == nil) != ok {
			t.Errorf("%d bytes: %v", size, err)
		}
		said := int(header[3]&3)<<11 | int(header[4])<<3 | int(header[5])>>5
		if ok && said != size+codec.ADTSHeaderSize {
			t.Errorf("%d bytes: the header says %d", size, said)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = aac.ADTSHeader(400) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseAAC(f *testing.F) {
	for _, c := range aacCases {
		f.Add(unhex(f, c.config))
	}
	f.Add([]byte{0xf9, 0x50, 0x80})
	f.Fuzz(func(t *testing.T, config []byte) {
		aac, err := codec.ParseAAC(config)
		if err != nil {
			return
		}
		track := aac.Track(a0())
		if track.Timescale == 0 || track.SampleRate <= 0 || track.Channels <= 0 || track.FrameTicks <= 0 || track.Codecs == "" {
			t.Errorf("%+v", track)
		}
		_, _ = aac.ADTSHeader(len(config))
	})
}
