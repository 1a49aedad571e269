package cmaf

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/avc"
)

// avcCompressor is the compressorname that ISO/IEC 14496-15 5.4.2.1.2
// recommends.
const avcCompressor = "AVC Coding"

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
