package cmaf_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/google/go-cmp/cmp"

	"sluice/pkg/cmaf"
	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// header returns the header of t as bytes and as mp4ff reads it.
func header(tb testing.TB, t media.Track) ([]byte, *mp4.InitSegment) {
	tb.Helper()
	b, err := cmaf.Header(t)
	if err != nil {
		tb.Fatal(err)
	}
	file, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	if file.Init == nil || len(file.Children) != 2 {
		tb.Fatalf("the header is not ftyp and moov: %d boxes", len(file.Children))
	}
	return b, file.Init
}

func names(boxes []mp4.Box) string {
	var all []string
	for _, b := range boxes {
		all = append(all, b.Type())
	}
	return strings.Join(all, " ")
}

// TestHeaderOfAnyTrack asserts what ISO/IEC 23000-19 asks of every header.
func TestHeaderOfAnyTrack(t *testing.T) {
	for _, c := range []struct {
		name            string
		track           media.Track
		handler, minf   string
		volume          mp4.Fixed16
		width, height   uint32
		handlerNameWith string
	}{
		{"video", videoTrack(), "vide", "vmhd dinf stbl", 0, 128, 64, "video"},
		{"audio", audioTrack(), "soun", "smhd dinf stbl", 0x0100, 0, 0, "audio"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, init := header(t, c.track)
			brands := append(init.Ftyp.CompatibleBrands(), init.Ftyp.MajorBrand())
			for _, brand := range []string{"iso6", "cmfc", "dash"} {
				if !slices.Contains(brands, brand) {
					t.Errorf("no brand %q in %v", brand, brands)
				}
			}
			moov := init.Moov
			if got := names(moov.Children); got != "mvhd trak mvex" {
				t.Errorf("moov holds %q", got)
			}
			if moov.Mvhd.Duration != 0 || moov.Mvhd.NextTrackID != 2 {
				t.Errorf("mvhd is %+v", moov.Mvhd)
			}
			if moov.Mvhd.CreationTime != 0 || moov.Mvhd.ModificationTime != 0 {
				t.Error("mvhd tells the time")
			}
			if got := names(moov.Mvex.Children); got != "trex" {
				t.Errorf("mvex holds %q", got)
			}
			if trex := moov.Mvex.Trex; trex.TrackID != 1 || trex.DefaultSampleDescriptionIndex != 1 {
				t.Errorf("trex is %+v", trex)
			}

			trak := moov.Trak
			if got := names(trak.Children); got != "tkhd mdia" {
				t.Errorf("trak holds %q", got)
			}
			wantTkhd := mp4.TkhdBox{
				Flags: 7, TrackID: 1, Volume: c.volume, Matrix: mp4.UnityMatrix(),
				Width: mp4.Fixed32(c.width << 16), Height: mp4.Fixed32(c.height << 16),
			}
			if diff := cmp.Diff(wantTkhd, *trak.Tkhd); diff != "" {
				t.Errorf("tkhd (-want +got):\n%s", diff)
			}

			mdhd := trak.Mdia.Mdhd
			if mdhd.Timescale != c.track.Timescale || mdhd.Duration != 0 || mdhd.GetLanguage() != "und" {
				t.Errorf("mdhd is %+v in %q", mdhd, mdhd.GetLanguage())
			}
			hdlr := trak.Mdia.Hdlr
			if hdlr.HandlerType != c.handler || !strings.Contains(hdlr.Name, c.handlerNameWith) {
				t.Errorf("hdlr is %+v", hdlr)
			}

			minf := trak.Mdia.Minf
			if got := names(minf.Children); got != c.minf {
				t.Errorf("minf holds %q", got)
			}
			url, ok := minf.Dinf.Dref.Children[0].(*mp4.URLBox)
			if !ok || minf.Dinf.Dref.EntryCount != 1 || url.Flags&1 == 0 {
				t.Error("dref is not self-contained")
			}
			stbl := minf.Stbl
			if got := names(stbl.Children); got != "stsd stts stsc stsz stco" {
				t.Errorf("stbl holds %q", got)
			}
			if len(stbl.Stts.SampleCount) != 0 || len(stbl.Stsc.Entries) != 0 ||
				stbl.Stsz.GetNrSamples() != 0 || len(stbl.Stco.ChunkOffset) != 0 {
				t.Error("the sample tables are not empty")
			}
			if stbl.Stsd.SampleCount != 1 {
				t.Errorf("%d sample entries", stbl.Stsd.SampleCount)
			}
		})
	}
}

func TestHeaderAVC(t *testing.T) {
	_, init := header(t, videoTrack())
	entry := init.Moov.Trak.Mdia.Minf.Stbl.Stsd.AvcX
	if entry.Type() != "avc1" || entry.Width != 96 || entry.Height != 64 {
		t.Errorf("sample entry %s of %dx%d", entry.Type(), entry.Width, entry.Height)
	}
	if got := names(entry.Children); got != "avcC pasp colr" {
		t.Errorf("the sample entry holds %q", got)
	}
	if entry.CompressorName != "AVC Coding" {
		t.Errorf("compressorname %q", entry.CompressorName)
	}
	var record bytes.Buffer
	if err := entry.AvcC.DecConfRec.Encode(&record); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(record.Bytes(), videoTrack().Config) {
		t.Errorf("avcC holds %x", record.Bytes())
	}
	if len(entry.AvcC.SPSnalus) != 1 || len(entry.AvcC.PPSnalus) != 1 {
		t.Error("avc1 without its parameter sets")
	}
	if entry.Pasp.HSpacing != 4 || entry.Pasp.VSpacing != 3 {
		t.Errorf("pasp is %+v", entry.Pasp)
	}
	wantColr := &mp4.ColrBox{ColorType: "nclx", ColorPrimaries: 1, TransferCharacteristics: 1, MatrixCoefficients: 1}
	if diff := cmp.Diff(mp4.Box(wantColr), entry.Children[2]); diff != "" {
		t.Errorf("colr (-want +got):\n%s", diff)
	}
}

func TestHeaderAVCOfSquareSamples(t *testing.T) {
	_, init := header(t, baselineTrack())
	entry := init.Moov.Trak.Mdia.Minf.Stbl.Stsd.AvcX
	if got := names(entry.Children); got != "avcC" {
		t.Errorf("the sample entry holds %q", got)
	}
}

// TestHeaderCompletesAVCRecord: some encoders leave the high-profile fields
// out of the record, or parts of them.
func TestHeaderCompletesAVCRecord(t *testing.T) {
	whole := videoTrack()
	want, _ := header(t, whole)
	for _, missing := range []int{1, 3, 4} {
		track := whole
		track.Config = whole.Config[:len(whole.Config)-missing]
		before := bytes.Clone(whole.Config)
		if got, _ := header(t, track); !bytes.Equal(got, want) {
			t.Errorf("without the last %d bytes the header is\n%x, want\n%x", missing, got, want)
		}
		if !bytes.Equal(whole.Config, before) {
			t.Fatal("Header wrote to the configuration")
		}
	}
}

func TestHeaderAAC(t *testing.T) {
	for _, c := range []struct {
		name     string
		config   string
		rate     uint32
		channels int
		wantRate uint16
	}{
		{"LC 48 kHz stereo", "1190", 48000, 2, 48000},
		{"LC 44.1 kHz mono", "1208", 44100, 1, 44100},
		{"LC 96 kHz stereo", "1010", 96000, 2, 0},
		{"HE 24 kHz, explicit SBR", "2b118800", 24000, 2, 24000},
		{"HE v2 24 kHz, explicit PS", "eb098800", 24000, 2, 24000},
	} {
		t.Run(c.name, func(t *testing.T) {
			track := audioTrack()
			track.Config, track.Timescale, track.Channels = unhex(c.config), c.rate, c.channels
			_, init := header(t, track)
			entry := init.Moov.Trak.Mdia.Minf.Stbl.Stsd.Mp4a
			if entry == nil || entry.SampleRate != c.wantRate || entry.SampleSize != 16 ||
				int(entry.ChannelCount) != c.channels {
				t.Fatalf("sample entry is %+v", entry)
			}
			if got := names(entry.Children); got != "esds" {
				t.Errorf("the sample entry holds %q", got)
			}
			es := entry.Esds.ESDescriptor
			if es.EsID != 0 || es.FlagsAndPriority != 0 || es.SLConfigDescriptor.ConfigValue != 2 {
				t.Errorf("ES descriptor is %+v", es)
			}
			dec := es.DecConfigDescriptor
			if dec.ObjectType != 0x40 || dec.StreamTypeValue() != mp4.StreamTypeAudio || dec.UpStream() {
				t.Errorf("decoder descriptor is %+v", dec)
			}
			if !bytes.Equal(dec.DecSpecificInfo.DecConfig, track.Config) {
				t.Errorf("AudioSpecificConfig %x", dec.DecSpecificInfo.DecConfig)
			}
		})
	}
}

func TestHeaderTakesTheLongestAudioConfig(t *testing.T) {
	track := audioTrack()
	track.Config = append([]byte{0x11, 0x80}, make([]byte, 102)...)
	_, init := header(t, track)
	es := init.Moov.Trak.Mdia.Minf.Stbl.Stsd.Mp4a.Esds.ESDescriptor
	if got := es.DecConfigDescriptor.DecSpecificInfo.DecConfig; !bytes.Equal(got, track.Config) {
		t.Errorf("%d bytes came back", len(got))
	}
	track.Config = append(track.Config, 0)
	if _, err := cmaf.Header(track); err == nil {
		t.Error("a longer one was accepted")
	}
}

func TestHeaderGolden(t *testing.T) {
	for name, track := range map[string]media.Track{
		"avc.header.mp4": videoTrack(), "aac.header.mp4": audioTrack(),
	} {
		b, _ := header(t, track)
		again, _ := header(t, track)
		if !bytes.Equal(b, again) {
			t.Errorf("%s is not the same twice", name)
		}
		golden(t, name, b)
	}
}

func TestHeaderErrors(t *testing.T) {
	video, audio := videoTrack, audioTrack
	for _, c := range []struct {
		name   string
		track  media.Track
		change func(*media.Track)
		want   string
	}{
		{"no timescale", video(), func(t *media.Track) { t.Timescale = 0 }, "timescale"},
		{"unknown codec", video(), func(t *media.Track) { t.Codec = 99 }, "codec 99"},
		{"no config", video(), func(t *media.Track) { t.Config = nil }, "avcC"},
		{"truncated config", video(), func(t *media.Track) { t.Config = t.Config[:20] }, "avcC"},
		{"two-byte NAL lengths", video(), func(t *media.Track) { t.Config[4] = 0xfd }, "length size"},
		{"no parameter sets", video(), func(t *media.Track) { t.Config = unhex("0164000affe000") }, "parameter sets"},
		{"bad SPS", video(), func(t *media.Track) { t.Config = unhex("0164000affe100016701000168") }, "SPS"},
		{"no size", video(), func(t *media.Track) { t.Width = 0 }, "out of range"},
		{"too wide", video(), func(t *media.Track) { t.CodedWidth = 1 << 16 }, "out of range"},
		{"no AudioSpecificConfig", audio(), func(t *media.Track) { t.Config = nil }, "0 bytes"},
		{"no channels", audio(), func(t *media.Track) { t.Channels = 0 }, "channels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.change(&c.track)
			_, err := cmaf.Header(c.track)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one on %q", err, c.want)
			}
		})
	}
}

// FuzzHeader feeds configurations of strangers through mp4ff.
func FuzzHeader(f *testing.F) {
	for _, config := range []string{
		highRecord, baselineRecord, "1190", "eb098800", "0164000affe000", "0164000affe100016701000168",
		highRecord[:len(highRecord)-8],
	} {
		f.Add(unhex(config), config[0] == '0')
	}
	f.Fuzz(func(t *testing.T, config []byte, video bool) {
		track := audioTrack()
		if video {
			track = videoTrack()
		}
		track.Config = config
		b, err := cmaf.Header(track)
		if err != nil {
			return
		}
		if len(b) > len(config)+1000 {
			t.Errorf("a header of %d bytes from a configuration of %d", len(b), len(config))
		}
		if !bytes.Contains(b, config) && !video {
			t.Error("the configuration is not in the header")
		}
		if _, err := mp4.DecodeFile(bytes.NewReader(b)); err != nil && !strings.Contains(err.Error(), "SPS extensions") {
			t.Errorf("mp4ff: %v", err)
		}
	})
}

// TestPreRoll reads how many samples of Opus are to be decoded in front of one.
func TestPreRoll(t *testing.T) {
	for frame, distance := range map[int]int16{120: -32, 960: -4, 1920: -2, 2880: -2, 5760: -1} {
		opus := codec.Opus{Config: []byte{0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0}, Channels: 2, Frame: frame}
		header, err := cmaf.Header(opus.Track(media.TrackID{Kind: media.Audio}))
		if err != nil {
			t.Fatal(err)
		}
		file, err := mp4.DecodeFile(bytes.NewReader(header))
		if err != nil {
			t.Fatal(err)
		}
		group := file.Init.Moov.Trak.Mdia.Minf.Stbl.Sgpd
		if group == nil || group.GroupingType != "roll" || group.Version != 2 || group.DefaultGroupDescriptionIndex != 1 || len(group.SampleGroupEntries) != 1 {
			t.Fatalf("%d: %+v", frame, group)
		}
		roll, ok := group.SampleGroupEntries[0].(*mp4.RollSampleGroupEntry)
		if !ok || roll.RollDistance != distance {
			t.Errorf("%d: %+v, want %d", frame, group.SampleGroupEntries[0], distance)
		}
	}
}
