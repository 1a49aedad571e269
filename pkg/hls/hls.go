// Package hls writes HLS playlists (RFC 8216bis) from snapshots, and judges what
// players ask for. It is pure: the same snapshot gives the same bytes and the
// same answer.
//
// A media playlist in the form CMAF is a low-latency one: it lists parts, and
// its server holds requests, sends updates and hints as that playlist says. Nobody is
// in a hurry any more when the presentation has ended: then it lists whole segments, as
// hls.js comes to an end in those only, whichever track is the longer one. As MPEG-TS
// it is an ordinary one, and so is that of I-frames.
package hls

import (
	"fmt"

	"sluice/pkg/codec"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A Form says how the media of a playlist are packed.
type Form uint8

// The forms in which segments are offered.
const (
	CMAF    Form = iota // each rendition by itself, fragmented MP4
	TS                  // video and audio together, MPEG-2 transport stream
	IFrames             // of a rendition of video, the key frames that segments begin with, as byte ranges of CMAF
)

// offered reports whether all that is listed can be packed in a form.
func offered(spans []live.Span, form Form) bool { return unfit(spans, form) == nil }

// unfit returns a track that is listed and cannot be packed in a form, nil if there is none.
func unfit(spans []live.Span, form Form) *media.Track {
	for _, span := range spans {
		for _, h := range span.Headers {
			if form == TS && !fitsTS(h.Track) {
				return &h.Track
			}
		}
	}
	return nil
}

// Why returns why there is no playlist of a form, which a form that fits other media would
// have, as a sentence for people; "" if there may be one.
func Why(s *live.Snapshot, form Form) string {
	t := unfit(s.Spans(), form)
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%v (%v, %v) has no place in MPEG-TS: index.m3u8 is the same stream as CMAF", t.Codec, t.ID, t.Codecs)
}

// fitsTS reports whether a track can be carried in a transport stream, where
// each AAC frame has an ADTS header.
func fitsTS(t media.Track) bool {
	switch t.Codec {
	case media.H264, media.MP3, media.AC3, media.EAC3:
		return true
	case media.AAC:
		config, err := codec.ParseAAC(t.Config)
		if err == nil {
			_, err = config.ADTSHeader(0)
		}
		return err == nil
	case media.HEVC, media.AV1, media.VP9, media.Opus, media.FLAC:
	}
	return false
}
