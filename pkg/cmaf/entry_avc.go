package cmaf

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/media"
)

// avcCompressor is the compressorname that ISO/IEC 14496-15 5.4.2.1.2
// recommends.
const avcCompressor = "AVC Coding"

// avcEntry returns the avc1 sample entry of t: parameter sets in the avcC
// only, a pasp when samples are not square and a colr when the stream
// described its colours.
func avcEntry(t media.Track) (mp4.Box, error) {
	for _, size := range [...]int{t.CodedWidth, t.CodedHeight, t.Width, t.Height} {
		if size < 1 || size > math.MaxUint16 {
			return nil, fmt.Errorf("picture size %dx%d (displayed as %dx%d) is out of range",
				t.CodedWidth, t.CodedHeight, t.Width, t.Height)
		}
	}
	record, err := avcRecord(t.Config)
	if err != nil {
		return nil, err
	}
	const boxHeader = 8
	avcC := mp4.CreateUnknownBox("avcC", uint64(boxHeader+len(record)), record)
	entry := mp4.CreateVisualSampleEntryBox("avc1", uint16(t.CodedWidth), uint16(t.CodedHeight), avcC)
	entry.CompressorName = avcCompressor
	if sar := t.SampleAspect; sar.Known() && sar.Num != sar.Den {
		entry.AddChild(&mp4.PaspBox{HSpacing: sar.Num, VSpacing: sar.Den})
	}
	if t.Color.Known() {
		entry.AddChild(colr(t.Color))
	}
	return entry, nil
}

func colr(c media.Color) *mp4.ColrBox {
	return &mp4.ColrBox{
		ColorType:               mp4.ColorTypeOnScreenColors,
		ColorPrimaries:          uint16(c.Primaries),
		TransferCharacteristics: uint16(c.Transfer),
		MatrixCoefficients:      uint16(c.Matrix),
		FullRangeFlag:           c.FullRange,
	}
}

// avcRecord checks an AVCDecoderConfigurationRecord and returns it as avcC
// holds it: unchanged, but for the four bytes on chroma format and bit depth,
// which some encoders leave out and ISO/IEC 14496-15 5.3.3.1.2 demands of
// every profile except Baseline, Main and Extended.
func avcRecord(config []byte) ([]byte, error) {
	record, err := avc.DecodeAVCDecConfRec(config)
	if err != nil && !errors.Is(err, avc.ErrCannotParseAVCExtension) {
		return nil, fmt.Errorf("avcC: %w", err)
	}
	if len(record.SPSnalus) == 0 || len(record.PPSnalus) == 0 {
		return nil, errors.New("avcC: no parameter sets")
	}
	switch record.AVCProfileIndication {
	case 66, 77, 88:
		return config, nil
	}
	if !record.NoTrailingInfo {
		return config, nil
	}
	sps, err := avc.ParseSPSNALUnit(record.SPSnalus[0], false)
	if err != nil {
		return nil, fmt.Errorf("avcC: SPS: %w", err)
	}
	whole := bytes.Clone(config[:len(config)-record.SkipBytes])
	return append(whole,
		0xfc|sps.ChromaFormatIDC&0x03,
		0xf8|byte(sps.BitDepthLumaMinus8)&0x07,
		0xf8|byte(sps.BitDepthChromaMinus8)&0x07,
		0, // no SPS extensions
	), nil
}
