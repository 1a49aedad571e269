package flv

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"sluice/pkg/amf"
	"sluice/pkg/media"
)

// ParseMetadata reads the values of a data message: "onMetaData" and an
// object or ECMA array, with "@setDataFrame" in front or not (FLV 10.1 E.5).
// ok is false for every other message. Numbers that make no sense count as
// not said.
func ParseMetadata(values []any) (m media.Metadata, ok bool) {
	if len(values) > 0 && values[0] == any("@setDataFrame") {
		values = values[1:]
	}
	if len(values) < 2 || values[0] != any("onMetaData") {
		return media.Metadata{}, false
	}
	o, ok := values[1].(*amf.Object)
	if !ok {
		return media.Metadata{}, false
	}
	const most = 1e9 // for a bit rate in kilobits
	m = media.Metadata{
		Encoder:      text(o.Text("encoder")),
		Width:        int(number(o, "width", 1<<16)),
		Height:       int(number(o, "height", 1<<16)),
		FrameRate:    number(o, "framerate", 1000),
		VideoBitrate: 1000 * number(o, "videodatarate", most),
		AudioBitrate: 1000 * number(o, "audiodatarate", most),
	}
	m.HasVideo = announced(o, "hasVideo", "videocodecid", m.Width > 0 && m.Height > 0)
	m.HasAudio = announced(o, "hasAudio", "audiocodecid", m.AudioBitrate > 0 || o.Get("audiosamplerate") != nil)
	m.Titles = titles(o)
	return m, true
}

// titles returns what is said of tracks by their numbers (Enhanced RTMP v2, "Enhancing
// onMetaData"), and of a single track of audio by itself.
func titles(o *amf.Object) map[media.TrackID]media.Title {
	all := map[media.TrackID]media.Title{}
	keep := func(id media.TrackID, of *amf.Object) {
		if len(all) >= maxTracks {
			return
		}
		if title := titleOf(of); title != (media.Title{}) {
			all[id] = title
		}
	}
	keep(media.TrackID{Kind: media.Audio}, &amf.Object{Fields: []amf.Field{{Name: "language", Value: o.Get("language")}}})
	for _, kind := range [...]media.Kind{media.Video, media.Audio} {
		tracks, ok := o.Get(kind.String() + "TrackIdInfoMap").(*amf.Object)
		if !ok {
			continue
		}
		for _, field := range tracks.Fields[:min(len(tracks.Fields), maxTracks)] {
			index, err := strconv.ParseUint(field.Name, 10, 8)
			if of, ok := field.Value.(*amf.Object); ok && err == nil {
				keep(media.TrackID{Kind: kind, Index: uint8(index)}, of)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// titleOf returns the title of a track. The standard leaves open what its properties are called.
func titleOf(o *amf.Object) media.Title {
	const most = 64 // properties
	o = &amf.Object{Fields: o.Fields[:min(len(o.Fields), most)]}
	tongue := canonical(cmp.Or(o.Text("language"), o.Text("lang")))
	return media.Title{Language: tongue, Name: text(cmp.Or(o.Text("name"), o.Text("title"), o.Text("label")))}
}

// canonical returns a language as BCP 47 has it, which are two letters where there are such ("en" for "eng",
// "de" for "ger"), or nothing for what is none.
func canonical(s string) string {
	if !isLanguage(s) {
		return ""
	}
	switch tag, err := language.Parse(s); {
	case err != nil:
		return s // well-formed, of which nobody knows
	case tag == language.Und:
		return ""
	default:
		return tag.String()
	}
}

// isLanguage reports whether s has the form of a tag of BCP 47: subtags of up to eight letters
// and digits, the first one of two letters at least.
func isLanguage(s string) bool {
	const longest, longestSubtag = 35, 8
	for i, subtag := range strings.Split(s[:min(len(s), longest+1)], "-") {
		if len(subtag) > longestSubtag || len(subtag) < 1 || i == 0 && len(subtag) < 2 {
			return false
		}
		for _, b := range []byte(subtag) {
			letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
			if !letter && (i == 0 || b < '0' || b > '9') {
				return false
			}
		}
	}
	return len(s) <= longest
}

// number returns a property that is above 0 and at most limit, 0 otherwise.
func number(o *amf.Object, name string, limit float64) float64 {
	v := o.Number(name)
	if v > 0 && v <= limit { // false for a NaN
		return v
	}
	return 0
}

// announced reports whether a kind of track is announced: by the property that
// says so, else by the codec, else by anything that only such a track has.
func announced(o *amf.Object, flag, codec string, hint bool) bool {
	if has, ok := o.Get(flag).(bool); ok {
		return has
	}
	switch id := o.Get(codec).(type) {
	case float64: // also a FourCC, as a number
		return id > 0
	case string:
		return id != ""
	}
	return hint
}

// maxText bounds what is kept of a name, in bytes.
const maxText = 256

// text makes a stranger's text fit to be shown.
func text(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), maxText)], "")
	return string(slices.DeleteFunc([]rune(s), func(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' }))
}
