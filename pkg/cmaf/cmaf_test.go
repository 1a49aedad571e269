package cmaf_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

// epoch is a decode time of today on a 90 kHz timescale.
const epoch = media.Ticks(161581317340590)

var (
	videoID = media.TrackID{Kind: media.Video}
	audioID = media.TrackID{Kind: media.Audio}
)

// High profile, 96x64 samples of 4:3, BT.709.
const highRecord = "0164000affe1001b6764000aacd94626c39a808080a0000003002000000781e244b2c001000668ebe3cb22c0fdf8f800"

// Constrained Baseline, 96x64 square samples, nothing said of colours.
const baselineRecord = "0142c00affe100176742c00ad90626c044000003000400000300f03c48992001000568cb83cb20"

// unhex reads the hex of a test's source, which has no errors.
func unhex(s string) []byte {
	b, _ := hex.DecodeString(s)
	return b
}

func videoTrack() media.Track {
	return media.Track{
		ID: videoID, Codec: media.H264, Timescale: media.VideoTimescale,
		Config: unhex(highRecord), Codecs: "avc1.64000A",
		CodedWidth: 96, CodedHeight: 64, Width: 128, Height: 64,
		SampleAspect: media.Ratio{Num: 4, Den: 3},
		Color:        media.Color{Primaries: 1, Transfer: 1, Matrix: 1},
	}
}

func baselineTrack() media.Track {
	return media.Track{
		ID: videoID, Codec: media.H264, Timescale: media.VideoTimescale,
		Config: unhex(baselineRecord), Codecs: "avc1.42C00A",
		CodedWidth: 96, CodedHeight: 64, Width: 96, Height: 64,
		SampleAspect: media.Ratio{Num: 1, Den: 1},
	}
}

func audioTrack() media.Track {
	return media.Track{
		ID: audioID, Codec: media.AAC, Timescale: 48000,
		Config: []byte{0x11, 0x90}, Codecs: "mp4a.40.2",
		SampleRate: 48000, Channels: 2, FrameTicks: 1024,
	}
}

// chunkOf runs samples through f, which must take them all.
func chunkOf(tb testing.TB, f *cmaf.Fragmenter, samples []media.Sample, end media.Ticks) []byte {
	tb.Helper()
	for i, s := range samples {
		if err := f.Append(s); err != nil {
			tb.Fatalf("sample %d: %v", i, err)
		}
	}
	return f.Flush(end)
}

// golden compares got with a file under testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\ngot  %x\nwant %x", path, got, want)
	}
}
