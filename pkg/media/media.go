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
	"bytes"
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

// The codecs that Sluice carries. Stored segments have their numbers.
const (
	H264 Codec = iota + 1
	HEVC
	AV1
	VP9
)

// Those of audio.
const (
	AAC Codec = iota + 64
	MP3
	Opus
	FLAC
	AC3
	EAC3
)

// String returns the name people use for c, such as "H.264".
func (c Codec) String() string {
	names := [...]string{
		H264: "H.264", HEVC: "HEVC", AV1: "AV1", VP9: "VP9",
		AAC: "AAC", MP3: "MP3", Opus: "Opus", FLAC: "FLAC", AC3: "AC-3", EAC3: "E-AC-3",
	}
	if int(c) >= len(names) || names[c] == "" {
		return "codec " + strconv.Itoa(int(c))
	}
	return names[c]
}

// Kind returns what sort of track c codes.
func (c Codec) Kind() Kind {
	if c >= AAC {
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

	// Config is the decoder configuration as a sample entry holds it: for H.264 and HEVC the
	// AVC- or HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1, 8.3.3.1) with
	// lengthSizeMinusOne = 3, for AAC the AudioSpecificConfig (14496-3 1.6.2.1), for MP3 the
	// objectTypeIndication (14496-1), for others what the box has that their binding names:
	// "av1C", "vpcC", "dOps", "dfLa", "dac3" and "dec3", of which those for VP9 and FLAC are
	// full boxes: vpcC with version and flags, dfLa without.
	Config []byte

	// Codecs is the codec string of RFC 6381, such as "avc1.64001F".
	Codecs string

	Title Title // zero when nobody says

	// Video only. CodedWidth and CodedHeight are in samples, after
	// cropping; Width and Height are the display size in square pixels.
	CodedWidth, CodedHeight int
	Width, Height           int
	SampleAspect            Ratio // 1:1 when the stream does not say
	FrameRate               Ratio // frames a second; unknown unless the stream declares it
	Color                   Color // zero when the stream does not say
	HDR                     HDR   // zero when the stream does not say

	// Audio only. SampleRate and Channels are those of the decoder's
	// output; FrameTicks is the length of one frame in Timescale.
	SampleRate int
	Channels   int
	FrameTicks Ticks
}

// A Title is what people know a track by.
type Title struct {
	Language string // a tag of BCP 47, such as "pt-BR"
	Name     string
}

// Equal reports whether two tracks are the same in all that a decoder or a player is told.
func (t Track) Equal(o Track) bool {
	return bytes.Equal(t.Config, o.Config) && t.ID == o.ID && t.Codec == o.Codec && t.Timescale == o.Timescale && t.Codecs == o.Codecs && t.Title == o.Title &&
		t.CodedWidth == o.CodedWidth && t.CodedHeight == o.CodedHeight && t.Width == o.Width && t.Height == o.Height &&
		t.SampleAspect == o.SampleAspect && t.FrameRate == o.FrameRate && t.Color == o.Color && t.HDR == o.HDR &&
		t.SampleRate == o.SampleRate && t.Channels == o.Channels && t.FrameTicks == o.FrameTicks
}

// Color is a colour description in the code points of ISO/IEC 23091-2.
type Color struct {
	Primaries, Transfer, Matrix uint8
	FullRange                   bool
}

// Known reports whether the stream described its colours.
func (c Color) Known() bool { return c.Primaries != 0 || c.Transfer != 0 || c.Matrix != 0 }

// The code points of Color.Transfer of pictures in high dynamic range.
const (
	TransferPQ  = 16
	TransferHLG = 18
)

// HDR describes the light of pictures in high dynamic range. It is zero when it is not known.
type HDR struct {
	Mastering                   Mastering
	MaxContent, MaxFrameAverage uint16 // light level, in candelas per square metre
}

// Mastering is the colour volume of the display that pictures were mastered on (SMPTE ST 2086).
type Mastering struct {
	Red, Green, Blue, White [2]uint16 // x and y, in units of 0.00002
	Most, Least             uint32    // luminance, in units of 0.0001 candelas per square metre
}

// A Frame is one access unit as a publisher sent it: its time is a stranger's
// and has not been checked. Video data are NAL units with four-byte lengths,
// without the parameter sets that Track.Config holds; audio data are one raw
// frame.
type Frame struct {
	Track  TrackID
	Key    bool   // a decoder can start here
	Time   uint32 // decode time in milliseconds, modulo 2^32
	Offset int32  // presentation time less decode time, in milliseconds
	Nanos  uint32 // and so many nanoseconds, less than a millisecond
	Length Ticks  // of audio, in the track's timescale; 0: Track.FrameTicks
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
	Titles             map[TrackID]Title
}

// GoString makes a TrackID readable in test output.
func (id TrackID) GoString() string { return fmt.Sprintf("media.TrackID(%s)", id) }
