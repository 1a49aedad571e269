package codec

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/av1"

	"sluice/pkg/media"
)

// AV1 is an AV1 decoder configuration.
type AV1 struct {
	// Config is an AV1CodecConfigurationRecord with one OBU, that of the sequence header.
	Config []byte

	// Sequence is the payload of the sequence header OBU, and Unit that OBU.
	Sequence, Unit []byte

	header *av1.SequenceHeader
}

// ParseAV1 reads an AV1CodecConfigurationRecord ("AV1 Codec ISO Media File Format Binding"
// 2.3.3). One without any OBU gives one that is zero: the sequence header is to come with a key frame.
func ParseAV1(record []byte) (AV1, error) {
	if len(record) > MaxParameterSetBytes {
		return AV1{}, fmt.Errorf("av1C: %d bytes", len(record))
	}
	r, err := av1.DecodeAV1CodecConfRec(record)
	if err != nil {
		return AV1{}, fmt.Errorf("av1C: %w", err)
	}
	for unit := range OBUs(r.ConfigOBUs) {
		if unit.Type == OBUSequenceHeader {
			return NewAV1(unit.Payload)
		}
	}
	if len(r.ConfigOBUs) > 0 {
		return AV1{}, errors.New("av1C: no sequence header")
	}
	return AV1{}, nil
}

// NewAV1 makes a configuration of the payload of a sequence header OBU.
func NewAV1(sequence []byte) (AV1, error) {
	if len(sequence) > MaxParameterSetBytes {
		return AV1{}, fmt.Errorf("AV1 sequence header of %d bytes", len(sequence))
	}
	header, err := av1.ParseSequenceHeader(sequence)
	if err != nil {
		return AV1{}, fmt.Errorf("AV1: %w", err)
	}
	unit := av1.OBU{Header: av1.OBUHeader{Type: av1.OBUSequenceHeader, HeaderSize: 1}, Payload: sequence}
	encoded := unit.Encode()
	record := av1.CodecConfRecFromSequenceHeader(header, encoded)
	var config bytes.Buffer
	if err := record.Encode(&config); err != nil {
		return AV1{}, fmt.Errorf("AV1: %w", err)
	}
	return AV1{Config: config.Bytes(), Sequence: bytes.Clone(sequence), Unit: encoded, header: header}, nil
}

// Codecs returns the RFC 6381 codec string, such as "av01.0.04M.08" ("AV1 Codec ISO Media File
// Format Binding" 5).
func (a AV1) Codecs() string { return a.header.CodecString("av01") }

// Track returns a as the track id.
func (a AV1) Track(id media.TrackID) media.Track {
	h := a.header
	t := media.Track{
		ID:           id,
		Codec:        media.AV1,
		Timescale:    media.VideoTimescale,
		Config:       a.Config,
		Codecs:       a.Codecs(),
		CodedWidth:   int(h.Width()),
		CodedHeight:  int(h.Height()),
		SampleAspect: media.Ratio{Num: 1, Den: 1},
		Color: described(media.Color{
			Primaries: h.ColorPrimaries, Transfer: h.TransferCharacteristics, Matrix: h.MatrixCoefficients, FullRange: h.ColorRange,
		}),
	}
	if h.EqualPictureInterval {
		t.FrameRate = frameRate(uint64(h.TimeScale), uint64(h.NumUnitsInDisplayTick)*(h.NumTicksPerPictureMinus1+1))
	}
	return display(t)
}
