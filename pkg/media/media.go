// Package media holds the nouns that every other package speaks in: codecs,
// tracks, frames as a publisher sent them, samples on the exact timeline, and
// ticks.
//
// # Ownership
//
// Frames, samples and tracks are immutable once they are handed over: neither
// the giver nor the taker writes to their bytes again.
package media

import (
	"fmt"
	"strconv"
)

// A Kind says what sort of elementary stream a track is.
type Kind uint8

// The kinds of track.
const (
	Video Kind = iota + 1
	Audio
)

// String returns "video" or "audio".
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	}
	return "kind " + strconv.Itoa(int(k))
}

// A Codec is the coding format of a track.
type Codec uint8

// The codecs that Sluice can name. Not all of them can be published yet.
const (
	H264 Codec = iota + 1
	AAC
)

// String returns the name people use for c, such as "H.264".
func (c Codec) String() string {
	switch c {
	case H264:
		return "H.264"
	case AAC:
		return "AAC"
	}
	return "codec " + strconv.Itoa(int(c))
}

// Kind returns what sort of track c codes.
func (c Codec) Kind() Kind {
	if c == AAC {
		return Audio
	}
	return Video
}

// A TrackID names a track within its stream. It is comparable; its text form
// ("v0", "a1") is also the name of the rendition in URLs.
type TrackID struct {
	Kind  Kind
	Index uint8
}

// String returns the track's name, "v0" or "a1".
func (id TrackID) String() string {
	switch id.Kind {
	case Video:
		return "v" + strconv.Itoa(int(id.Index))
	case Audio:
		return "a" + strconv.Itoa(int(id.Index))
	}
	return "?" + strconv.Itoa(int(id.Index))
}

// ParseTrackID reads what TrackID.String wrote. The second result is false
// for every other text.
func ParseTrackID(s string) (TrackID, bool) {
	if len(s) < 2 || len(s) > 4 {
		return TrackID{}, false
	}
	n, err := strconv.ParseUint(s[1:], 10, 8)
	id := TrackID{Index: uint8(n)}
	switch s[0] {
	case 'v':
		id.Kind = Video
	case 'a':
		id.Kind = Audio
	}
	return id, err == nil && id.Kind != 0 && id.String() == s
}

// VideoTimescale is the timescale of every video track, in ticks a second.
const VideoTimescale = 90000

// A Ratio is a fraction. The zero Ratio means "unknown".
type Ratio struct {
	Num, Den uint32
}

// Known reports whether r holds a value.
func (r Ratio) Known() bool { return r.Num != 0 && r.Den != 0 }

// Float returns r as a number, 0 when it is unknown.
func (r Ratio) Float() float64 {
	if !r.Known() {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// A Track describes one elementary stream. It is immutable: a changed decoder
// configuration makes a new Track with the same ID.
type Track struct {
	ID    TrackID
	Codec Codec

	// Timescale is the unit of the track's Ticks, in ticks a second:
	// VideoTimescale for video, the core sampling rate for audio.
	Timescale uint32

	// Config is the decoder configuration as a sample entry holds it: the
	// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1) with
	// lengthSizeMinusOne = 3, or the AudioSpecificConfig (14496-3 1.6.2.1).
	Config []byte

	// Codecs is the codec string of RFC 6381, such as "avc1.64001F".
	Codecs string

	// Video only. CodedWidth and CodedHeight are in samples, after
	// cropping; Width and Height are the display size in square pixels.
	CodedWidth, CodedHeight int
	Width, Height           int
	SampleAspect            Ratio // 1:1 when the stream does not say
	FrameRate               Ratio // frames a second; unknown unless the stream declares it
	Color                   Color // zero when the stream does not say

	// Audio only. SampleRate and Channels are those of the decoder's
	// output; FrameTicks is the length of one frame in Timescale.
	SampleRate int
	Channels   int
	FrameTicks Ticks
}

// Color is a colour description in the code points of ISO/IEC 23091-2.
type Color struct {
	Primaries, Transfer, Matrix uint8
	FullRange                   bool
}

// Known reports whether the stream described its colours.
func (c Color) Known() bool { return c.Primaries != 0 || c.Transfer != 0 || c.Matrix != 0 }

// A Frame is one access unit as a publisher sent it: its time is a stranger's
// and has not been checked. Video data are NAL units with four-byte lengths,
// without the parameter sets that Track.Config holds; audio data are one raw
// frame.
type Frame struct {
	Track  TrackID
	Key    bool   // a decoder can start here
	Time   uint32 // decode time in milliseconds, modulo 2^32
	Offset int32  // presentation time less decode time, in milliseconds
	Data   []byte
}

// A Sample is one access unit on the exact timeline of its track.
type Sample struct {
	Track  TrackID
	Key    bool
	DTS    Ticks // decode time since the Unix epoch
	Offset Ticks // presentation time less decode time
	Length Ticks // foretold time to the next sample, 0 when it cannot be
	Data   []byte
}

// PTS returns the presentation time of s.
func (s Sample) PTS() Ticks { return s.DTS + s.Offset }

// Metadata is what a publisher says of itself (onMetaData). It is never
// trusted over the tracks; zero values mean "not said".
type Metadata struct {
	HasVideo, HasAudio bool // the publisher announced such a track
	Encoder            string
	Width, Height      int
	FrameRate          float64 // frames a second
	VideoBitrate       float64 // bits a second
	AudioBitrate       float64 // bits a second
}

// GoString makes a TrackID readable in test output.
func (id TrackID) GoString() string { return fmt.Sprintf("media.TrackID(%s)", id) }
