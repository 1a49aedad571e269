package obs

import (
	"fmt"
	"maps"
	"regexp"
)

// An Encoder is one of OBS's video encoders.
type Encoder struct {
	id      string
	special map[string]any // what its settings have beside those that all have
}

// Encoders returns the names that a Wish may have for encoders of H.264.
func Encoders() []string { return []string{"x264", "nvenc", "amf", "qsv", "apple"} }

// encoder returns the one of that name.
//
// None makes B-frames: each would keep the pictures before it waiting. None makes
// a key frame where a scene begins, because OBS sets disable_scenecut for all;
// x264 is told in its own words, too. What is not said here is OBS's default.
func encoder(name string) (e Encoder, known bool) {
	switch name {
	case "x264": // everywhere
		return Encoder{"obs_x264", map[string]any{"preset": "veryfast", "profile": "high", "bf": 0, "x264opts": "scenecut=0"}}, true
	case "nvenc": // OBS 31 and later; jim_nvenc before
		return Encoder{"obs_nvenc_h264_tex", map[string]any{"profile": "high", "bf": 0, "lookahead": false}}, true
	case "amf":
		return Encoder{"h264_texture_amf", map[string]any{"profile": "high", "bf": 0}}, true
	case "qsv":
		return Encoder{"obs_qsv11_v2", map[string]any{"profile": "high", "bframes": 0}}, true
	case "apple": // on processors of Apple
		return Encoder{"com.apple.videotoolbox.videoencoder.ave.avc", map[string]any{"profile": "high", "bframes": false}}, true
	}
	return Encoder{}, false
}

// parseEncoder reads one of the names, or an id, about which no more is known
// than what most encoders have in common.
func parseEncoder(text string) (Encoder, error) {
	if e, known := encoder(text); known {
		return e, nil
	}
	for _, name := range Encoders() {
		if e, _ := encoder(name); e.id == text {
			return e, nil
		}
	}
	if !regexp.MustCompile(`^[0-9A-Za-z]+([._-][0-9A-Za-z]+)+$`).MatchString(text) || len(text) > 100 {
		return Encoder{}, fmt.Errorf("%q is not x264, nvenc, amf, qsv, apple or an id such as obs_nvenc_hevc_tex", text)
	}
	return Encoder{text, map[string]any{"bf": 0}}, nil
}

// settings returns those of one track: a constant rate in kb/s, and key frames
// every so many seconds.
func (e Encoder) settings(bitrate, keyInterval int) map[string]any {
	all := map[string]any{"rate_control": "CBR", "bitrate": bitrate, "keyint_sec": keyInterval}
	maps.Copy(all, e.special)
	return all
}
