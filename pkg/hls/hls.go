// Package hls writes HLS playlists (RFC 8216bis) from snapshots, and judges what
// players ask for. It is pure: the same snapshot gives the same bytes and the
// same answer.
//
// A media playlist in the form CMAF is a low-latency one: it lists parts, and
// its server holds requests, sends updates and hints as that playlist says. Nobody is
// in a hurry any more when the presentation has ended: then it lists whole segments, as
// hls.js comes to an end in those only, whichever track is the longer one. As MPEG-TS
// it is an ordinary one.
package hls

import (
	"sluice/pkg/codec"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A Form says how the media of a playlist are packed.
type Form uint8

// The forms in which segments are offered.
const (
	CMAF Form = iota // each rendition by itself, fragmented MP4
	TS               // video and audio together, MPEG-2 transport stream
)

// offered reports whether all that is listed can be packed in a form.
func offered(spans []live.Span, form Form) bool {
	for _, span := range spans {
		for _, h := range span.Headers {
			if form == TS && !fitsTS(h.Track) {
				return false
			}
		}
	}
	return true
}

// fitsTS reports whether a track can be carried in a transport stream, where
// each AAC frame has an ADTS header.
func fitsTS(t media.Track) bool {
	if t.Codec != media.AAC {
		return t.Codec == media.H264
	}
	config, err := codec.ParseAAC(t.Config)
	if err != nil {
		return false
	}
	_, err = config.ADTSHeader(0)
	return err == nil
}
