package rtmp

import (
	"sluice/pkg/amf"
	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// The bits of capsEx (Enhanced RTMP v2, "Enhancing NetConnection connect Command").
const (
	capReconnect     = 0x01
	capMultitrack    = 0x02
	capModEx         = 0x04
	capTimestampNano = 0x08
)

// canForward is the capability of a codec that is passed on as it is.
const canForward = 0x04

// speaksEnhanced reports whether a connect says anything of Enhanced RTMP.
func speaksEnhanced(connect *amf.Object) bool {
	for _, name := range []string{"fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"} {
		if connect.Get(name) != nil {
			return true
		}
	}
	return false
}

// enhancements returns what connect is told of Enhanced RTMP: the codecs that are carried, and
// what else is understood. Of version 1 that is a list, of version 2 the rest. Some clients
// look for it in one of the two objects of the answer, some in the other. Who does not speak
// Enhanced RTMP is told nothing: there are clients that fail on arrays.
func enhancements() []amf.Field {
	var list []any
	var maps [2]*amf.Object
	for i, kind := range [...]media.Kind{media.Video, media.Audio} {
		maps[i] = object()
		for _, name := range flv.FourCCs(kind) {
			list = append(list, name)
			maps[i].Fields = append(maps[i].Fields, field(name, float64(canForward)))
		}
	}
	return []amf.Field{
		field("fourCcList", list),
		field("videoFourCcInfoMap", maps[0]),
		field("audioFourCcInfoMap", maps[1]),
		field("capsEx", float64(capReconnect|capMultitrack|capModEx|capTimestampNano)),
	}
}
