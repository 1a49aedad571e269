package flv_test

import (
	"fmt"
	"slices"
	"testing"

	"sluice/pkg/flv"
)

// Configurations of FFmpeg's encoders, and of what becomes of them.
const (
	threeBlocks = "0b7700052f87c00020800200" // a whole frame of E-AC-3
	vps         = "40010c01ffff01600000030090000003000003003f959409"
	hevcSPS     = "42010101600000030090000003000003003fa005020171f2e595952930bc05a020000003002000000303c1"
	hevcPPS     = "4401c073c089"
	hvcHead     = "0101600000009000000000003ff000fcfdf8f800000f"
	hvcSets     = "200001 0018" + vps + "210001 002b" + hevcSPS + "220001 0006" + hevcPPS
	hvcC        = hvcHead + "03" + "a00001 0018" + vps + "a10001 002b" + hevcSPS + "a20001 0006" + hevcPPS

	av1Sequence = "0200000d2627fb3805f00080"
	av1Other    = "0200000d2627fb3895f20080"

	opusHead = "4f707573486561640101380180bb0000000000"
	dOps     = "000101380000bb80000000"
)

// enhancedCases are publications: the messages, and what becomes of them.
var enhancedCases = []demuxCase{
	{
		"HEVC: an offset or none, parameter sets in band, delimiters stay",
		[]string{
			"v 0 9068766331" + hvcHead + "04" + hvcSets + "270001 0004 4e010580", "v 0 9068766331" + hvcHead + "04" + hvcSets + "270001 0004 4e010580",
			"v 0 9168766331 000043 00000006" + hevcPPS + "00000003 2801ac", "v 33 a368766331 00000003 020100", "v 66 a168766331 ffffbe 00000003 460150 00000003 020100",
			"v 99 9368766331 00000003 2a01ac",
		},
		[]string{
			"track v0 hvc1.1.6.L63.90 " + spaceless(hvcC), "frame v0 0+67 000000032801ac key", "frame v0 33+0 00000003020100",
			"frame v0 66-66 0000000346015000000003020100", "frame v0 99+0 000000032a01ac key",
		},
		0,
	},
	{
		"HEVC in the form of H.264",
		[]string{"v 0 1c00000000" + hvcHead + "03" + hvcSets, "v 40 1c01000042 00000003 2801ac", "v 80 2c01000000 00000003 020100", "v 90 2c02000000"},
		[]string{"track v0 hvc1.1.6.L63.90 " + spaceless(hvcC), "frame v0 40+66 000000032801ac key", "frame v0 80+0 00000003020100"},
		0,
	},
	{
		"AV1: units that a file must not have are left out, and the sequence header counts with a key frame",
		[]string{
			"v 0 9061763031 81010c00 0a0c" + av1Sequence, "v 0 9161763031 1200 0a0c" + av1Sequence + "320210aa", "v 33 a161763031 1200 320230bb 7a01ff",
			"v 66 a161763031 1200 0a0c" + av1Other + "320230cc", "v 99 9161763031 1200 0a0c" + av1Other + "320210dd", "v 100 a161763031 1200", "v 101 a361763031 320590",
		},
		[]string{
			"track v0 av01.0.01M.08.0.110.02.02.02.0 81010c000a0c" + av1Sequence, "frame v0 0+0 0a0c" + av1Sequence + "320210aa key", "frame v0 33+0 320230bb",
			"frame v0 66+0 0a0c" + av1Other + "320230cc", "track v0 av01.0.01M.08.0.110.02.02.02.0 81010c000a0c" + av1Other, "frame v0 99+0 0a0c" + av1Other + "320210dd key",
		},
		2,
	},
	{
		"AV1: an empty header in front of the first",
		[]string{"v 0 9061763031", "v 0 9061763031 81010c00 0a0c" + av1Sequence, "v 0 9161763031 320210aa"},
		[]string{"track v0 av01.0.01M.08.0.110.02.02.02.0 81010c000a0c" + av1Sequence, "frame v0 0+0 0a0c" + av1Sequence + "320210aa key"},
		0,
	},
	{
		"AV1: no sequence header but that of the first key frame",
		[]string{"v 0 9061763031 81010c00", "v 0 9161763031 320210aa", "v 0 a161763031 320230bb", "v 40 9161763031 0a0c" + av1Sequence + "320210aa"},
		[]string{"track v0 av01.0.01M.08.0.110.02.02.02.0 81010c000a0c" + av1Sequence, "frame v0 40+0 0a0c" + av1Sequence + "320210aa key"},
		2,
	},
	{
		"sequence headers that are too large",
		[]string{"v 0 9061766331" + record + zeros(70<<10), "a 0 904f707573" + opusHead + zeros(70<<10), header},
		[]string{"refuse v0 H.264 video: a sequence header of 71721 bytes", "refuse a0 Opus audio: a sequence header of 71699 bytes", track},
		2,
	},
	{
		"VP9: the track comes with a key frame",
		[]string{
			"v 0 9076703039 010000000015820202020000", "v 0 a176703039 86004092f1214004", "v 33 9176703039 824983420027f016760638241c184a10", "v 66 a376703039 86004092f1214004",
			"v 70 9076703039 010000000015820202020000", "v 99 9176703039 824983420027f016760638241c184a10", "v 132 a176703039 42",
		},
		[]string{
			"track v0 vp09.00.21.08 010000000015820202020000", "frame v0 33+0 824983420027f016760638241c184a10 key", "frame v0 66+0 86004092f1214004",
			"frame v0 99+0 824983420027f016760638241c184a10 key",
		},
		2,
	},
	{
		"Opus: packets say their length",
		[]string{"a 0 904f707573" + opusHead, "a 0 914f707573 f8afe9", "a 20 914f707573 f9aabb", "a 60 914f707573 fb00", "a 80 914f707573"},
		[]string{"track a0 Opus " + dOps, "frame a0 0+0 f8afe9 key length 960", "frame a0 20+0 f9aabb key length 1920"},
		1,
	},
	{
		"FLAC: what the encoder tells at the end changes nothing",
		[]string{
			"a 0 90664c6143 040004000000000008150bb800f00000000000000000000000000000000000000000", "a 0 91664c6143 fff8aa0800ed4c",
			"a 21 90664c6143 0400040000009100018c0bb800f0000465007ae0c404581e7158684d8b52f3aebf04", "a 21 91664c6143 fff86a08017fed", "a 42 91664c6143 fefe",
		},
		[]string{
			"track a0 fLaC 80000022040004000000000000000bb800f00000000000000000000000000000000000000000", "frame a0 0+0 fff8aa0800ed4c key length 1024",
			"frame a0 21+0 fff86a08017fed key length 128",
		},
		1,
	},
	{
		"AC-3, E-AC-3 and MP3: frames say what they are",
		[]string{
			"a 0 9061632d33", "a 0 9161632d33 0b77480d0c402f842bc1c77a", "a 32 9161632d33 0b77480d0c402f842bc1c77a", "a 64 9161632d33 0b7702ff3f87c00020800200",
			"a 96 9165632d33 0b7702ff3f87c00020800200", "a 128 912e6d7033 fffb50c4", "a 154 2ffffb50c4", "a 180 912e6d7033 fffb5404",
		},
		[]string{
			"track a0 ac-3 1008c0", "frame a0 0+0 0b77480d0c402f842bc1c77a key", "frame a0 32+0 0b77480d0c402f842bc1c77a key",
			"track a0 ec-3 0c00200f00", "frame a0 96+0 0b7702ff3f87c00020800200 key",
			"track a0 mp4a.6B 6b", "frame a0 128+0 fffb50c4 key", "frame a0 154+0 fffb50c4 key", "track a0 mp4a.6B 6b", "frame a0 180+0 fffb5404 key",
		},
		1,
	},
	{
		"E-AC-3 whose frames are of different sizes is one track, and nothing is too large",
		[]string{
			"a 0 9165632d33 0b7702ff3f87c00020800200", "a 32 9165632d33 0b77020f3f87c00020800200", "a 64 9165632d33 0b7702ff3d87c00020800200",
			"a 96 9165632d33 0b7702ff3d87c00020800200" + zeros(16<<10),
		},
		[]string{
			"track a0 ec-3 0c00200f00", "frame a0 0+0 0b7702ff3f87c00020800200 key", "frame a0 32+0 0b77020f3f87c00020800200 key",
			"track a0 ec-3 0c00200d00", "frame a0 64+0 0b7702ff3d87c00020800200 key",
		},
		1,
	},
	{
		"E-AC-3 of less than six blocks: as many packets as make six are a frame",
		[]string{
			"a 0 9165632d33 " + threeBlocks, "a 16 9165632d33 " + threeBlocks, "a 16 9165632d33", "a 32 9165632d33 " + threeBlocks,
			"a 48 9165632d33 " + threeBlocks, "a 64 9165632d33 " + threeBlocks, "a 80 9165632d33 0b77", "a 96 9165632d33 " + threeBlocks, "a 112 9165632d33 " + threeBlocks,
		},
		[]string{
			"track a0 ec-3 0030200f00", "frame a0 0+0 " + threeBlocks + threeBlocks + " key", "frame a0 32+0 " + threeBlocks + threeBlocks + " key",
			"frame a0 96+0 " + threeBlocks + threeBlocks + " key",
		},
		1,
	},
	{
		"FLAC whose frames are longer than it said",
		[]string{"a 0 90664c6143 040004000000000008150bb800f00000000000000000000000000000000000000000", "a 0 91664c6143 fff8ba0800ed4c"},
		[]string{"track a0 fLaC 80000022040004000000000000000bb800f00000000000000000000000000000000000000000"},
		1,
	},
	{
		"modifiers: nanoseconds, one that is not known, a long one, and both",
		[]string{
			header, "v 40 a7 02 0f423f 03 61766331 000000024188", "v 80 a7 00 aa 53 61766331 000000024188", "v 120 a7 ff 0100" + zeros(257) + "03 61766331 000000024188",
			"v 160 a7 00 aa 57 03 00000105 03 61766331 000000024188", "v 200 a7 02 0f4240 03 61766331 000000024188",
		},
		[]string{
			track, "frame v0 40+0 000000024188 nanos 999999", "frame v0 80+0 000000024188", "frame v0 120+0 000000024188",
			"frame v0 160+0 000000024188 nanos 1", "frame v0 200+0 000000024188",
		},
		0,
	},
	{
		"many tracks of one codec: all of them, whatever is wrong with one",
		[]string{
			"v 0 9610 61766331 00 000029" + record + "03 000001 00" + "07 000029" + record, "v 40 a611 61766331 00 000009 000042000000024188" + "07 000009 000000000000024199",
			"v 80 a613 61766331 07 000006 000000024177",
		},
		[]string{
			track, "refuse v3 H.264 video: avcC: ends too early", "track v7 avc1.42C00C " + record, "frame v0 40+66 000000024188", "frame v7 40+0 000000024199", "frame v7 80+0 000000024177",
		},
		1,
	},
	{
		"many tracks of many codecs, one of which nobody knows",
		[]string{
			"a 0 9520 6d703461 00 000002 1190" + "41424344 01 000002 0000" + "4f707573 02 000013" + opusHead, "a 20 9521 6d703461 00 000001 21" + "41424344 01 000001 00" + "4f707573 02 000003 f8afe9",
		},
		[]string{
			audioTrack, `refuse a1 audio of the unknown codec "ABCD" is not supported`, "frame a0 20+0 21 key", "track a2 Opus " + dOps, "frame a2 20+0 f8afe9 key length 960",
		},
		0,
	},
	{
		"colours of the second track, told as those of the first, which has another codec",
		[]string{
			header, "v 0 9600 68766331 01" + hvcHead + "03" + hvcSets, "v 0 d468766331 020009 636f6c6f72496e666f 03000009",
			"v 1 9601 68766331 01 000000 000000032801ac", "v 1 1701000000 000000026588",
		},
		[]string{
			track, "track v1 hvc1.1.6.L63.90 " + spaceless(hvcC), "frame v1 1+0 000000032801ac key", "frame v0 1+0 000000026588 key",
		},
		1,
	},
	{
		"packets of other codecs that nothing can be made of, between those of a track",
		[]string{
			header, "a 0 af001190", "v 0 9161763031 320210aa", "v 0 9061763031", "v 0 9061763031 ffff", "v 0 9168766331 000000 000000032801ac", "v 40 1701000000 000000026588",
			"a 0 ef0121", "a 0 9061632d33", "a 0 9161632d33 0b77", "a 0 914f707573 f8afe9", "a 21 af0121",
		},
		[]string{
			track, audioTrack, "refuse v0 AV1 video: av1C: av1C: data size 2 is too small (minimum 4 bytes)", "frame v0 40+0 000000026588 key", "frame a0 21+0 21 key",
		},
		6,
	},
	{
		"many tracks, cut short, or with another such message in them",
		[]string{
			"v 0 9610", "v 0 961061766331", "v 0 96106176633100", "v 0 9610617663310000000500", "v 0 9620", "v 0 96206176", "v 0 962061766331", "v 0 96166176633100000000", "a 0 95156d70346100000000",
			"v 0 9610 61766331 00 000029" + record + "01000029",
		},
		[]string{track},
		10,
	},
}

func spaceless(s string) string {
	return string(slices.DeleteFunc([]byte(s), func(b byte) bool { return b == ' ' }))
}

func zeros(n int) string { return fmt.Sprintf("%0*d", 2*n, 0) }

func TestEnhanced(t *testing.T) { demux(t, enhancedCases) }

// TestTracksAreBounded has a publisher make up tracks.
func TestTracksAreBounded(t *testing.T) {
	var d flv.Demuxer
	var r recorder
	for i := range 256 {
		for _, message := range []string{"v 0 9600 61766331 %02x" + record, "a 0 9500 6d703461 %02x 1190"} {
			if err := send(t, &d, fmt.Sprintf(message, i), &r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(r.lines) != 32+2 {
		t.Errorf("%d lines, the last of which is %q", len(r.lines), r.lines[len(r.lines)-1])
	}
}
