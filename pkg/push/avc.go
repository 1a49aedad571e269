package push

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/Eyevinn/mp4ff/avc"
)

// nalIDR is the type of a NAL unit that begins a closed group of pictures
// (ISO/IEC 14496-10 table 7-1).
const nalIDR = 5

// parseAVC reads an AVCDecoderConfigurationRecord with four-byte lengths.
func parseAVC(record []byte) (*video, error) {
	config, err := avc.DecodeAVCDecConfRec(record)
	if err != nil {
		return nil, fmt.Errorf("H.264 configuration: %w", err)
	}
	return newVideo(config)
}

func newVideo(config avc.DecConfRec) (*video, error) {
	if len(config.SPSnalus) == 0 || len(config.PPSnalus) == 0 {
		return nil, errors.New("H.264 without parameter sets in its configuration")
	}
	// The rest of the VUI is not parsed: on some input that does not end.
	sps, err := avc.ParseSPSNALUnit(config.SPSnalus[0], false)
	if err != nil {
		return nil, fmt.Errorf("H.264 configuration: %w", err)
	}
	v := &video{width: int(sps.Width), height: int(sps.Height)}
	for _, sets := range [][][]byte{config.SPSnalus, config.PPSnalus} {
		for _, nal := range sets {
			v.config = appendNAL(v.config, nal)
		}
	}
	return v, nil
}

func appendNAL(to, nal []byte) []byte {
	return append(append(to, 0, 0, 0, 1), nal...)
}

// annexB returns the access unit with start codes instead of four-byte lengths,
// and whether it is an IDR picture.
func annexB(unit []byte) (out []byte, key bool, err error) {
	out = make([]byte, 0, len(unit))
	for len(unit) > 0 {
		if len(unit) < 4 {
			return nil, false, errors.New("H.264 frame ends in a NAL unit's length")
		}
		size := binary.BigEndian.Uint32(unit)
		if uint64(size) > uint64(len(unit)-4) {
			return nil, false, errors.New("H.264 frame ends in a NAL unit")
		}
		nal := unit[4 : 4+size]
		unit = unit[4+size:]
		if len(nal) == 0 {
			continue
		}
		key = key || nal[0]&0x1f == nalIDR
		out = appendNAL(out, nal)
	}
	return out, key, nil
}
