package cmaf_test

import (
	"bytes"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

// entryOf returns the sample entry of a header, as mp4ff reads it.
func entryOf(t *testing.T, track media.Track) mp4.Box {
	t.Helper()
	header, err := cmaf.Header(track)
	if err != nil {
		t.Fatal(err)
	}
	file, err := mp4.DecodeFile(bytes.NewReader(header))
	if err != nil {
		t.Fatal(err)
	}
	return file.Moov.Trak.Mdia.Minf.Stbl.Stsd.Children[0]
}

// TestHDR checks what is written of light and colours.
func TestHDR(t *testing.T) {
	track := media.Track{
		ID: media.TrackID{Kind: media.Video}, Codec: media.VP9, Timescale: 90000, Config: []byte{1, 0, 0, 0, 2, 11, 0xa2, 9, 16, 9, 0, 0},
		CodedWidth: 320, CodedHeight: 180, Width: 320, Height: 180, Color: media.Color{Primaries: 9, Transfer: media.TransferPQ, Matrix: 9},
		HDR: media.HDR{
			Mastering: media.Mastering{
				Red: [2]uint16{1, 2}, Green: [2]uint16{3, 4}, Blue: [2]uint16{5, 6}, White: [2]uint16{7, 8}, Most: 9, Least: 10,
			},
			MaxContent: 1000, MaxFrameAverage: 400,
		},
	}
	entry := entryOf(t, track).(*mp4.VisualSampleEntryBox)
	want := mp4.MdcvBox{
		DisplayPrimariesX: [3]uint16{3, 5, 1}, DisplayPrimariesY: [3]uint16{4, 6, 2}, WhitePointX: 7, WhitePointY: 8,
		MaxDisplayMasteringLuminance: 9, MinDisplayMasteringLuminance: 10,
	}
	if entry.Type() != "vp09" || entry.VppC == nil || entry.Mdcv == nil || *entry.Mdcv != want {
		t.Errorf("%s with %+v, %+v", entry.Type(), entry.VppC, entry.Mdcv)
	}
	if light := entry.Clli; light == nil || light.MaxContentLightLevel != 1000 || light.MaxPicAverageLightLevel != 400 {
		t.Errorf("clli %+v", light)
	}
	track.HDR, track.Color = media.HDR{}, media.Color{}
	if entry := entryOf(t, track).(*mp4.VisualSampleEntryBox); entry.Mdcv != nil || entry.Clli != nil || len(entry.Children) != 1 {
		t.Errorf("%d boxes of a track that says nothing", len(entry.Children))
	}
}

// TestFLACEntry checks the rate and depth of what is beyond 16 bits of either.
func TestFLACEntry(t *testing.T) {
	for _, c := range []struct {
		rate, want uint32
	}{{44100, 44100}, {48000, 48000}, {88200, 44100}, {96000, 48000}, {192000, 64000}, {352800, 58800}} {
		info := make([]byte, 34)
		info[10], info[11], info[12] = byte(c.rate>>12), byte(c.rate>>4), byte(c.rate<<4)|1<<1|23>>4
		info[13] = 23 << 4 & 0xff // a depth of 24 bits
		track := media.Track{
			ID: media.TrackID{Kind: media.Audio}, Codec: media.FLAC, Timescale: c.rate, Config: append([]byte{0x80, 0, 0, 34}, info...), Channels: 2,
		}
		entry := entryOf(t, track).(*mp4.AudioSampleEntryBox)
		if entry.Type() != "fLaC" || uint32(entry.SampleRate) != c.want || entry.SampleSize != 24 || entry.ChannelCount != 2 || entry.DfLa == nil {
			t.Errorf("%d Hz: %s of %d Hz, %d bits, %d channels", c.rate, entry.Type(), entry.SampleRate, entry.SampleSize, entry.ChannelCount)
		}
	}
}

// TestMP3Entry checks that nothing is said that MP3 has not.
func TestMP3Entry(t *testing.T) {
	track := media.Track{ID: media.TrackID{Kind: media.Audio}, Codec: media.MP3, Timescale: 44100, Config: []byte{0x6b}, Channels: 2}
	entry := entryOf(t, track).(*mp4.AudioSampleEntryBox)
	if d := entry.Esds.DecConfigDescriptor; entry.Type() != "mp4a" || entry.Esds.EsID != 0 || d.ObjectType != 0x6b || d.DecSpecificInfo != nil {
		t.Errorf("%s: ES %d, %+v", entry.Type(), entry.Esds.EsID, d)
	}
}
