package codec

import (
	"errors"
	"fmt"

	"sluice/pkg/media"
)

// AVC is an H.264 decoder configuration.
type AVC struct {
	// Config is an AVCDecoderConfigurationRecord with lengthSizeMinusOne = 3
	// and, for the high profiles, the chroma format and bit depths.
	Config []byte

	// LengthSize is the number of bytes in front of each NAL unit that the
	// publisher announced: 1, 2 or 4.
	LengthSize int

	SPS, PPS [][]byte // NAL units, at least one of each

	// Sequence is what SPS[0] says.
	Sequence SPS
}

// MaxParameterSetBytes is the most that the parameter sets of a configuration
// may hold together. It is far beyond what any encoder sends.
const MaxParameterSetBytes = 16 << 10

// The counts that the fields of a record can say.
const (
	maxSPS = 31
	maxPPS = 255
)

// ParseAVC reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1).
// One without an SPS or a PPS is an error.
func ParseAVC(record []byte) (AVC, error) {
	lengthSize, sps, pps, err := splitRecord(record)
	if err != nil {
		return AVC{}, fmt.Errorf("avcC: %w", err)
	}
	avc, err := NewAVC(sps, pps)
	if err != nil {
		return AVC{}, err
	}
	avc.LengthSize = lengthSize
	return avc, nil
}

// NewAVC makes a configuration of parameter sets, with LengthSize 4.
func NewAVC(sps, pps [][]byte) (AVC, error) {
	switch {
	case len(sps) == 0:
		return AVC{}, errors.New("avcC: no SPS")
	case len(pps) == 0:
		return AVC{}, errors.New("avcC: no PPS")
	case len(sps) > maxSPS || len(pps) > maxPPS:
		return AVC{}, fmt.Errorf("avcC: %d SPS and %d PPS", len(sps), len(pps))
	}
	if err := checkSets(sps, pps); err != nil {
		return AVC{}, fmt.Errorf("avcC: %w", err)
	}
	sequence, err := ParseSPS(sps[0])
	if err != nil {
		return AVC{}, fmt.Errorf("avcC: %w", err)
	}
	avc := AVC{Config: buildRecord(sequence, sps, pps), LengthSize: LengthSize, Sequence: sequence}
	// The lists are slices of the record just built, not of the caller's.
	_, avc.SPS, avc.PPS, err = splitRecord(avc.Config)
	return avc, err
}

// checkSets finds sets in the wrong list, and too many bytes.
func checkSets(sps, pps [][]byte) error {
	total := 0
	for _, nal := range sps {
		if AVCTypeOf(nal) != AVCSPS {
			return errors.New("not an SPS")
		}
		total += len(nal)
	}
	for _, nal := range pps {
		if AVCTypeOf(nal) != AVCPPS {
			return errors.New("not a PPS")
		}
		total += len(nal)
	}
	if total > MaxParameterSetBytes {
		return fmt.Errorf("%d bytes of parameter sets", total)
	}
	return nil
}

// ParameterSets returns the SPS and PPS NAL units of a record, as slices of it.
func ParameterSets(record []byte) (sps, pps [][]byte, err error) {
	_, sps, pps, err = splitRecord(record)
	if err != nil {
		return nil, nil, fmt.Errorf("avcC: %w", err)
	}
	return sps, pps, nil
}

// Codecs returns the RFC 6381 codec string: "avc1." and the profile, the
// constraint flags and the level in hexadecimal.
func (a AVC) Codecs() string {
	return fmt.Sprintf("avc1.%02X%02X%02X", a.Config[1], a.Config[2], a.Config[3])
}

// Track returns a as the track id.
func (a AVC) Track(id media.TrackID) media.Track {
	s := a.Sequence
	return display(media.Track{
		ID:           id,
		Codec:        media.H264,
		Timescale:    media.VideoTimescale,
		Config:       a.Config,
		Codecs:       a.Codecs(),
		CodedWidth:   s.Width,
		CodedHeight:  s.Height,
		SampleAspect: s.SampleAspect,
		FrameRate:    s.FrameRate,
		Color:        s.Color,
	})
}
