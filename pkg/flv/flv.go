// Package flv turns the bodies of RTMP audio, video and data messages (FLV
// tags, and their Enhanced RTMP extension) into tracks, frames and metadata.
// It does no I/O, reads no clock and starts no goroutine.
//
// H.264, HEVC, AV1, VP9, AAC, MP3, Opus, FLAC, AC-3 and E-AC-3 are understood, in the classic
// form as far as they have one, and in that of Enhanced RTMP v2, with one track or many. Every
// other codec is recognised and refused by name.
//
// # Key frames
//
// What is a key frame the bitstream says, whatever the frame type of the tag does: only there
// can a decoder start, and a segment begin, without knowing what came before. In H.264 that is
// IDR; the I frames of an open GOP and the recovery points of an intra refresh, which encoders
// flag as key frames too, are not. In HEVC it is each random access point, CRA too: decoders
// leave out by themselves what cannot be decoded behind one. In AV1 and VP9 it is a key frame
// that is shown.
//
// # Parameter sets
//
// Tracks are of the sample entries "avc1" and "hvc1": the parameter sets stand in the
// configuration and not among the frames. Those that come in band are taken out. When they
// differ from the configuration's, a key frame brings them into force as a changed Track;
// before a frame that is not one, sets that the configuration lacks also stay in its data.
//
// # Bad input
//
// What is malformed is dropped and counted, and the next message is read as
// if nothing had happened. No input makes a method return an error.
//
// # Ownership
//
// A body belongs to the Demuxer once it was passed in: frames are slices of
// it, and it may be changed in place before they are handed out.
package flv

import "sluice/pkg/media"

// A Handler receives what message bodies hold, in order. An error of Track
// or Frame ends the call of the Demuxer that led to it.
type Handler interface {
	// Track announces a decoder configuration, new or changed. Repeats of
	// the same configuration are not announced.
	Track(media.Track) error

	// Frame delivers one access unit of a track that was announced. It
	// takes ownership of f.Data.
	Frame(f media.Frame) error

	// Refuse says that a track, or some of it, cannot be carried. The reason
	// is a sentence for the broadcaster that names the codec. Each pair of
	// track and reason comes once.
	Refuse(id media.TrackID, reason string)
}

// A Demuxer reads the messages of one publication. The zero value is ready
// for use. It is not safe for concurrent use.
type Demuxer struct {
	tracks  []*track
	refused []refusal
	dropped uint64
}

// Dropped returns how many messages have been dropped so far because they
// were malformed, or came before the configuration that they need. Messages
// that were refused are not counted.
func (d *Demuxer) Dropped() uint64 { return d.dropped }

// Video reads the body of a video message with the given timestamp in
// milliseconds. The error is that of h.
func (d *Demuxer) Video(time uint32, body []byte, h Handler) error {
	if len(body) > 0 && body[0]&0x80 != 0 {
		return d.enhancedVideo(time, body, h)
	}
	p, err := parseVideo(body)
	if err != nil {
		d.fail(err, h)
		return nil
	}
	return d.deliver(time, p, h)
}

// Audio reads the body of an audio message with the given timestamp in
// milliseconds. The error is that of h.
func (d *Demuxer) Audio(time uint32, body []byte, h Handler) error {
	if len(body) > 0 && body[0]>>4 == soundEnhanced {
		return d.enhancedAudio(time, body, h)
	}
	p, err := parseAudio(body)
	if err != nil {
		d.fail(err, h)
		return nil
	}
	return d.deliver(time, p, h)
}
