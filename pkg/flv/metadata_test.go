package flv_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amf"
	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// object makes an object of names and values.
func object(pairs ...any) *amf.Object {
	o := &amf.Object{Array: true}
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		o.Fields = append(o.Fields, amf.Field{Name: name, Value: pairs[i+1]})
	}
	return o
}

var metadataCases = []struct {
	name   string
	values []any
	want   media.Metadata
	ok     bool
}{
	{
		"FFmpeg",
		[]any{"@setDataFrame", "onMetaData", object(
			"duration", 0.0, "width", 960.0, "height", 540.0, "videodatarate", 1464.84375, "framerate", 30.0, "videocodecid", 7.0,
			"audiodatarate", 125.0, "audiosamplerate", 48000.0, "audiosamplesize", 16.0, "stereo", true, "audiocodecid", 10.0,
			"encoder", "Lavf59.27.100", "filesize", 0.0,
		)},
		media.Metadata{
			HasVideo: true, HasAudio: true, Encoder: "Lavf59.27.100", Width: 960, Height: 540,
			FrameRate: 30, VideoBitrate: 1464843.75, AudioBitrate: 125000,
		},
		true,
	},
	{
		"without @setDataFrame, codecs by name",
		[]any{"onMetaData", object("videocodecid", "avc1", "audiocodecid", "mp4a")},
		media.Metadata{HasVideo: true, HasAudio: true},
		true,
	},
	{
		"video only, said so",
		[]any{"onMetaData", object("hasVideo", true, "hasAudio", false, "audiocodecid", 10.0)},
		media.Metadata{HasVideo: true},
		true,
	},
	{
		"no codecs: what else there is",
		[]any{"onMetaData", object("width", 640.0, "height", 360.0, "audiosamplerate", 44100.0)},
		media.Metadata{HasVideo: true, HasAudio: true, Width: 640, Height: 360},
		true,
	},
	{
		"audio only",
		[]any{"onMetaData", object("audiocodecid", 10.0, "videocodecid", 0.0)},
		media.Metadata{HasAudio: true},
		true,
	},
	{
		"numbers that make no sense",
		[]any{"onMetaData", object(
			"width", -1.0, "height", 1e300, "framerate", math.NaN(), "videodatarate", math.Inf(1), "audiodatarate", "128",
			"videocodecid", math.NaN(), "encoder", strings.Repeat("x", 255)+"é\n",
		)},
		media.Metadata{Encoder: strings.Repeat("x", 255)},
		true,
	},
	{
		"what tracks are called",
		[]any{"onMetaData", object(
			"audioTrackIdInfoMap", object("0", object("language", "en", "name", "Main"), "1", object("lang", "pt-BR"), "2", object("language", "no language"), "256", object("language", "de"), "x", object("language", "de"), "3", 1.0),
			"videoTrackIdInfoMap", object("1", object("title", "Low\n")),
		)},
		media.Metadata{Titles: map[media.TrackID]media.Title{
			{Kind: media.Audio}: {Language: "en", Name: "Main"}, {Kind: media.Audio, Index: 1}: {Language: "pt-BR"}, {Kind: media.Video, Index: 1}: {Name: "Low"},
		}},
		true,
	},
	{
		"the language of the one track of audio",
		[]any{"onMetaData", object("language", "de-CH-1901")},
		media.Metadata{Titles: map[media.TrackID]media.Title{{Kind: media.Audio}: {Language: "de-CH-1901"}}},
		true,
	},
	{
		"languages that are none",
		[]any{"onMetaData", object("language", "d", "audioTrackIdInfoMap", object("1", object("lang", "de-"), "2", object("lang", "de--x"), "3", object("lang", strings.Repeat("de-", 20)+"x"), "4", object("lang", "dé")))},
		media.Metadata{},
		true,
	},
	{
		"a text to be shown",
		[]any{"onMetaData", object("encoder", "obs\r\n\x1b[31m\xff 30")},
		media.Metadata{Encoder: "obs[31m 30"},
		true,
	},
	{"an empty one", []any{"@setDataFrame", "onMetaData", &amf.Object{}}, media.Metadata{}, true},
	{"nothing", nil, media.Metadata{}, false},
	{"a name alone", []any{"onMetaData"}, media.Metadata{}, false},
	{"another", []any{"onTextData", object("text", "x")}, media.Metadata{}, false},
	{"null", []any{"onMetaData", nil}, media.Metadata{}, false},
	{"a strict array", []any{[]any{1.0}, []any{2.0}}, media.Metadata{}, false},
}

func TestParseMetadata(t *testing.T) {
	for _, c := range metadataCases {
		got, ok := flv.ParseMetadata(c.values)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
			t.Errorf("%s: %v %s", c.name, ok, diff)
		}
	}
}

// TestLanguages has publishers name languages in codes of three letters, as files do.
func TestLanguages(t *testing.T) {
	for said, want := range map[string]string{
		"eng": "en", "ger": "de", "deu": "de", "fre": "fr", "gsw": "gsw", "pt-br": "pt-BR", "EN": "en", "und": "", "qaa": "qaa", "xx-unknownxx": "", "e": "", "english": "english",
	} {
		o := &amf.Object{Fields: []amf.Field{{Name: "language", Value: said}}}
		m, _ := flv.ParseMetadata([]any{"onMetaData", o})
		if got := m.Titles[media.TrackID{Kind: media.Audio}].Language; got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
