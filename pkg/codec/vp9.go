package codec

import (
	"bytes"
	"fmt"

	"github.com/Eyevinn/mp4ff/vp9"

	"sluice/pkg/media"
)

// VP9 is a VP9 decoder configuration: what a VPCodecConfigurationRecord says, and the size of
// the pictures, which only a key frame says.
type VP9 struct {
	// Config is a VPCodecConfigurationRecord, with its version and flags in front as in the
	// box "vpcC" ("VP Codec ISO Media File Format Binding").
	Config []byte

	Width, Height int // in samples; 0 before a key frame
}

// vpcSize is the size of a VPCodecConfigurationRecord and what is in front of it.
const vpcSize = 4 + 8

// vpcVersion is that of the box.
const vpcVersion = 1

// ParseVP9 reads a VPCodecConfigurationRecord, with its version and flags in front or, as Enhanced RTMP has
// it by the letter, without. Its initialization data are to be empty for VP9, and left out.
func ParseVP9(record []byte) (VP9, error) {
	if len(record) == vpcSize-4 {
		record = append([]byte{vpcVersion, 0, 0, 0}, record...)
	}
	switch {
	case len(record) < vpcSize:
		return VP9{}, fmt.Errorf("vpcC: %w", errTruncated)
	case record[0] != vpcVersion:
		return VP9{}, fmt.Errorf("vpcC: version %d", record[0])
	case record[4] > 3:
		return VP9{}, fmt.Errorf("vpcC: profile %d", record[4])
	}
	config := bytes.Clone(record[:vpcSize])
	config[vpcSize-2], config[vpcSize-1] = 0, 0
	return VP9{Config: config}, nil
}

// A VP9Frame is what the header of a frame says.
type VP9Frame struct {
	Key    bool // a decoder can start here
	header *vp9.Header
}

// ParseVP9Frame reads the header of a frame, or of the first one of a superframe.
func ParseVP9Frame(data []byte) (VP9Frame, error) {
	const longest = 32 // bytes of a header, as far as it is read
	h, err := vp9.ParseFrameHeader(data[:min(len(data), longest)])
	if err != nil {
		return VP9Frame{}, fmt.Errorf("VP9: %w", err)
	}
	return VP9Frame{Key: h.KeyFrame, header: h}, nil
}

// At returns the configuration as it is from a key frame on, which says all but the level. It
// tells less of colours than the record, which therefore counts where it tells of them.
func (v VP9) At(key VP9Frame) VP9 {
	h := key.header
	level, chroma := byte(0), h.VpcCChromaSubsampling()
	primaries, transfer, matrix := h.CICP()
	if len(v.Config) == vpcSize {
		level = v.Config[5]
		if before := v.Config[6] >> 1 & 7; before <= 1 && chroma == 1 {
			chroma = before // where the samples of 4:2:0 are, the frame does not say
		}
		if said := v.Config[8]; said != unspecified && said != 0 {
			primaries, transfer, matrix = v.Config[7], said, v.Config[9]
		}
	}
	if level == 0 {
		const usual = 30 // frames a second
		level = vp9.Level(h.Width, h.Height, usual)
	}
	fullRange := byte(0)
	if h.ColorRange {
		fullRange = 1
	}
	return VP9{
		Config: []byte{
			vpcVersion, 0, 0, 0, h.Profile, level, h.BitDepth<<4 | chroma<<1 | fullRange, primaries, transfer, matrix, 0, 0,
		},
		Width: int(h.Width), Height: int(h.Height),
	}
}

// Codecs returns the RFC 6381 codec string, such as "vp09.00.31.08" ("VP Codec ISO Media File
// Format Binding"). Colours other than the usual ones are said, too.
func (v VP9) Codecs() string {
	c := v.Config
	profile, level, depth, chroma, fullRange := c[4], c[5], c[6]>>4, c[6]>>1&7, c[6]&1
	s := fmt.Sprintf("vp09.%02d.%02d.%02d", profile, level, depth)
	const bt709 = 1
	usual := [...]byte{bt709, bt709, bt709}
	if color := [...]byte{c[7], c[8], c[9]}; chroma <= 1 && fullRange == 0 && (color == usual || color == [...]byte{unspecified, unspecified, unspecified}) {
		return s
	}
	return fmt.Sprintf("%s.%02d.%02d.%02d.%02d.%02d", s, chroma, c[7], c[8], c[9], fullRange)
}

// Track returns v as the track id.
func (v VP9) Track(id media.TrackID) media.Track {
	c := v.Config
	return display(media.Track{
		ID:           id,
		Codec:        media.VP9,
		Timescale:    media.VideoTimescale,
		Config:       c,
		Codecs:       v.Codecs(),
		CodedWidth:   v.Width,
		CodedHeight:  v.Height,
		SampleAspect: media.Ratio{Num: 1, Den: 1},
		Color:        described(media.Color{Primaries: c[7], Transfer: c[8], Matrix: c[9], FullRange: c[6]&1 == 1}),
	})
}
