package flv

import (
	"fmt"

	"sluice/pkg/media"
)

// A fourCC names a codec in Enhanced RTMP.
type fourCC [4]byte

// A naming is what Enhanced RTMP calls a codec.
type naming struct {
	name  string
	codec media.Codec
}

// carried returns the codecs that there are tracks of.
func carried() [10]naming {
	return [...]naming{
		{"avc1", media.H264},
		{"hvc1", media.HEVC},
		{"av01", media.AV1},
		{"vp09", media.VP9},
		{"mp4a", media.AAC},
		{".mp3", media.MP3},
		{"Opus", media.Opus},
		{"fLaC", media.FLAC},
		{"ac-3", media.AC3},
		{"ec-3", media.EAC3},
	}
}

// FourCCs returns the names that Enhanced RTMP has for the codecs of a kind that a Demuxer
// understands.
func FourCCs(kind media.Kind) []string {
	var names []string
	for _, c := range carried() {
		if c.codec.Kind() == kind {
			names = append(names, c.name)
		}
	}
	return names
}

// codec returns the codec that f stands for, false when it is not carried, or is none of the
// given kind.
func (f fourCC) codec(kind media.Kind) (media.Codec, bool) {
	for _, c := range carried() {
		if c.name == string(f[:]) {
			return c.codec, c.codec.Kind() == kind
		}
	}
	return 0, false
}

// title returns what f stands for that is not carried, such as "VVC video (vvc1)".
func (f fourCC) title(kind media.Kind) string {
	switch string(f[:]) {
	case "vvc1":
		return "VVC video (vvc1)"
	case "vp08":
		return "VP8 video (vp08)"
	}
	return fmt.Sprintf("%v of the unknown codec %q", kind, f[:])
}
