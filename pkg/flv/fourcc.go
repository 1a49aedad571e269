package flv

import (
	"fmt"

	"sluice/pkg/media"
)

// A fourCC names a codec in Enhanced RTMP.
type fourCC [4]byte

// The codecs that are carried.
const (
	fourCCAVC = "avc1"
	fourCCAAC = "mp4a"
)

// title returns what f stands for, such as "HEVC video (hvc1)".
func (f fourCC) title(kind media.Kind) string {
	name := ""
	switch string(f[:]) {
	case fourCCAVC:
		name = "H.264"
	case "hvc1":
		name = "HEVC"
	case "vvc1":
		name = "VVC"
	case "av01":
		name = "AV1"
	case "vp08":
		name = "VP8"
	case "vp09":
		name = "VP9"
	case fourCCAAC:
		name = "AAC"
	case ".mp3":
		name = "MP3"
	case "Opus":
		name = "Opus"
	case "fLaC":
		name = "FLAC"
	case "ac-3":
		name = "AC-3"
	case "ec-3":
		name = "E-AC-3"
	default:
		return fmt.Sprintf("%v of the unknown codec %q", kind, f[:])
	}
	return fmt.Sprintf("%s %v (%s)", name, kind, f[:])
}
