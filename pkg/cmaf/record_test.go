package cmaf_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// avcRecords and aacConfigs are decoder configurations: H.264 with and without the
// fields of the high profiles, AAC-LC, HE-AAC and HE-AAC v2 in both ways to say so.
var (
	avcRecords = [][]byte{
		{
			1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 25,
			0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x6c, 0x80, 0x00, 0x00, 0x03,
			0x00, 0x80, 0x00, 0x00, 0x1e, 0x07, 0x8c, 0x18, 0xcb,
			1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0,
		},
		{
			1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 24,
			0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0xc8, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80,
			0x00, 0x00, 0x19, 0x07, 0x8b, 0x16, 0xcb, 0x00,
			1, 0, 4, 0x68, 0xcb, 0x83, 0xcb,
		},
	}
	aacConfigs = [][]byte{
		{0x11, 0x90},
		{0x13, 0x90},
		{0x15, 0x88},
		{0x2b, 0x92, 0x08, 0x00},
		{0xeb, 0x0a, 0x08, 0x00},
		{0x13, 0x90, 0x56, 0xe5, 0xa0},
	}
)

// tracks returns a track for each of them.
func tracks(t testing.TB) []media.Track {
	t.Helper()
	var all []media.Track
	for i, config := range avcRecords {
		c, err := codec.ParseAVC(config)
		if err != nil {
			t.Fatalf("avcC %d: %v", i, err)
		}
		all = append(all, c.Track(media.TrackID{Kind: media.Video, Index: uint8(i)}))
	}
	for i, config := range aacConfigs {
		c, err := codec.ParseAAC(config)
		if err != nil {
			t.Fatalf("AudioSpecificConfig %d: %v", i, err)
		}
		all = append(all, c.Track(media.TrackID{Kind: media.Audio, Index: uint8(i)}))
	}
	return all
}

func fullRecord(t testing.TB) cmaf.Record {
	at := time.Date(2026, 11, 22, 12, 0, 0, 7, time.UTC)
	return cmaf.Record{
		Stream: at, Listed: at.Add(time.Hour), Number: 870048000,
		Period: cmaf.Period{Sequence: 3, From: 1789, First: 1790, Start: at.Add(time.Minute), Tracks: tracks(t)},
		Start:  161581392000000, Duration: 180000, Offset: -3000, Frames: 50, Independent: true,
		SegmentTarget: 2 * time.Second, PartTarget: 250 * time.Millisecond, ChunkTarget: 40 * time.Millisecond,
		Bytes: 1 << 40, Count: 4711, Length: time.Hour, Longest: time.Minute, Bandwidth: 2_600_000,
		GridNumber: 870047000, GridStart: 161581391000000, GridLength: 180000,
		Parts: []cmaf.Piece{{Start: 161581392000000, Duration: 22500, Size: 4000, Independent: true}, {Start: 161581392022500, Duration: 157500, Offset: 4000, Size: 1}},
		Gaps:  []cmaf.Gap{{Number: 870047998, Period: 2, Start: 161581391820000, Duration: 180000, Offset: 5}, {Number: 870047999, Period: 3}},
	}
}

// TestRecordKeepsAllOfATrack has a track of which everything is said.
func TestRecordKeepsAllOfATrack(t *testing.T) {
	track := media.Track{
		ID: media.TrackID{Kind: media.Audio, Index: 3}, Codec: media.EAC3, Timescale: 1, Config: []byte{2, 3}, Codecs: "ec-3",
		Title: media.Title{Language: "pt-BR", Name: "comentário"}, CodedWidth: 4, CodedHeight: 5, Width: 6, Height: 7, SampleAspect: media.Ratio{Num: 8, Den: 9}, FrameRate: media.Ratio{Num: 10, Den: 11},
		Color: media.Color{Primaries: 12, Transfer: 13, Matrix: 14, FullRange: true},
		HDR: media.HDR{
			Mastering: media.Mastering{
				Red: [2]uint16{15, 16}, Green: [2]uint16{17, 18}, Blue: [2]uint16{19, 20}, White: [2]uint16{21, 65535}, Most: 1<<32 - 1, Least: 23,
			},
			MaxContent: 24, MaxFrameAverage: 25,
		},
		SampleRate: 26, Channels: 27, FrameTicks: 28,
	}
	for i := range reflect.TypeFor[media.Track]().NumField() {
		if reflect.ValueOf(track).Field(i).IsZero() {
			t.Errorf("nothing is said of %s", reflect.TypeFor[media.Track]().Field(i).Name)
		}
	}
	want := cmaf.Record{Stream: time.Unix(1, 0).UTC(), Listed: time.Unix(2, 0).UTC(), Period: cmaf.Period{Start: time.Unix(3, 0).UTC(), Tracks: []media.Track{track}}}
	file := want.Append([]byte(ftyp))
	got, _, err := cmaf.ReadRecord(bytes.NewReader(file), int64(len(file)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v, want %+v", err, got, want)
	}
}

// ftyp is a box that stands for the media of a segment.
const ftyp = "\x00\x00\x00\x0cstypmsdh"

func TestRecord(t *testing.T) {
	for name, want := range map[string]cmaf.Record{
		"full": fullRecord(t), "empty": {Stream: time.Unix(0, 0).UTC(), Listed: time.Unix(0, 0).UTC(), Period: cmaf.Period{Start: time.Unix(0, 1).UTC()}},
		"many gaps": {Stream: time.Unix(1, 0).UTC(), Listed: time.Unix(2, 0).UTC(), Period: cmaf.Period{Start: time.Unix(0, 1).UTC()}, Gaps: make([]cmaf.Gap, 1024)},
	} {
		file := want.Append([]byte(ftyp + ftyp))
		got, size, err := cmaf.ReadRecord(bytes.NewReader(file), int64(len(file)))
		if err != nil || size != int64(2*len(ftyp)) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %d bytes of media, %+v, want %+v", name, err, size, got, want)
		}
		for _, track := range got.Period.Tracks {
			if _, err := cmaf.Header(track); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRecordDamaged has a file cut off, or one bit changed: it has no record, or is
// torn, and no other record.
func TestRecordDamaged(t *testing.T) {
	r := fullRecord(t)
	file := r.Append([]byte(ftyp))
	for n := range file {
		_, _, err := cmaf.ReadRecord(bytes.NewReader(file[:n]), int64(n))
		if want := cmaf.ErrTorn; n != len(ftyp) && !errors.Is(err, want) || n == len(ftyp) && !errors.Is(err, cmaf.ErrNoRecord) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for range 5000 {
		broken := bytes.Clone(file)
		at := len(ftyp) + rand.IntN(len(file)-len(ftyp))
		broken[at] ^= 1 << rand.IntN(8)
		if _, _, err := cmaf.ReadRecord(bytes.NewReader(broken), int64(len(broken))); !errors.Is(err, cmaf.ErrTorn) && !errors.Is(err, cmaf.ErrNoRecord) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

func FuzzReadRecord(f *testing.F) {
	r := fullRecord(f)
	f.Add(r.Append(nil))
	f.Add(r.Append([]byte(ftyp)))
	f.Add([]byte(ftyp))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, b := range [][]byte{file, cmaf.Sealed(file)} {
			record, size, err := cmaf.ReadRecord(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				continue
			}
			again := record.Append(bytes.Clone(b[:size]))
			second, _, err := cmaf.ReadRecord(bytes.NewReader(again), int64(len(again)))
			if err != nil || !reflect.DeepEqual(record, second) {
				t.Fatalf("%v\n%+v\n%+v", err, record, second)
			}
		}
	})
}

// TestSegmentWithRecord reads the samples of a file as it is stored.
func TestSegmentWithRecord(t *testing.T) {
	id := media.TrackID{Kind: media.Video}
	fragmenter := cmaf.NewFragmenter(tracks(t)[0], 1)
	if err := fragmenter.Append(media.Sample{Track: id, Key: true, DTS: 90000, Data: []byte("frame")}); err != nil {
		t.Fatal(err)
	}
	r := fullRecord(t)
	samples, end, err := cmaf.ReadSegment(r.Append(fragmenter.Flush(93000)), id)
	if err != nil || len(samples) != 1 || end != 93000 {
		t.Errorf("%d samples to %d: %v", len(samples), end, err)
	}
}
