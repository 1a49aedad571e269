package flv

import (
	"slices"
	"strings"

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
	return m, true
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
	return string(slices.DeleteFunc([]rune(s), func(r rune) bool { return r < ' ' || r == 0x7f }))
}
