package mpegts

import (
	"fmt"

	"sluice/pkg/codec"
)

// startCode opens every NAL unit. Three bytes would do for most of them
// (H.264 B.1.2), but not for the first one and parameter sets.
const startCode = "\x00\x00\x00\x01"

// delimiter is the access unit delimiter that 2.14.1 of 13818-1 asks for, in
// front of everything else. It says that slices of all types may follow.
const delimiter = startCode + "\x09\xf0"

// newVideo reads an H.264 stream. Samples without a NAL unit are left out.
func newVideo(s Stream) (elementary, error) {
	sps, pps, err := codec.ParameterSets(s.Track.Config)
	if err != nil {
		return elementary{}, err
	}
	var sets []byte
	for _, nal := range append(sps, pps...) {
		sets = appendNAL(sets, nal)
	}
	e := elementary{pid: pidVideo, streamType: streamTypeH264}
	for i, sample := range s.Samples {
		shown, idr, err := inspect(sample.Data)
		if err != nil {
			return elementary{}, fmt.Errorf("sample %d: %w", i, err)
		}
		if !shown {
			continue
		}
		u, err := newUnit(pidVideo, s, i)
		if err != nil {
			return elementary{}, err
		}
		u.key = u.key || idr
		e.units = append(e.units, u)
	}
	e.append = func(dst []byte, u unit) []byte { return appendAccessUnit(dst, u, sets) }
	return e, nil
}

// inspect checks the NAL units of one sample. Shown says that there is
// something to send, idr that it is an IDR picture.
func inspect(data []byte) (shown, idr bool, err error) {
	for len(data) > 0 {
		nal, rest, ok := codec.NextNAL(data, codec.LengthSize)
		if !ok {
			return false, false, fmt.Errorf("NAL unit past the end: %w", ErrMalformed)
		}
		shown = shown || wanted(nal)
		idr = idr || codec.AVCTypeOf(nal) == codec.AVCIDR
		data = rest
	}
	return shown, idr, nil
}

// wanted reports whether nal is sent: it holds something, and is no delimiter,
// of which each frame gets one of our own.
func wanted(nal []byte) bool {
	return len(nal) > 0 && codec.AVCTypeOf(nal) != codec.AVCDelimiter
}

// appendAccessUnit appends a frame in the byte stream format of H.264 annex B:
// delimiter, the track's parameter sets where decoding can start, and the NAL
// units of the sample. Parameter sets of its own come after the track's and
// so replace them, as they would in the sample.
func appendAccessUnit(dst []byte, u unit, sets []byte) []byte {
	dst = append(dst, delimiter...)
	if u.key {
		dst = append(dst, sets...)
	}
	for _, sample := range u.samples {
		for nal := range codec.NALUnits(sample.Data) {
			if wanted(nal) {
				dst = appendNAL(dst, nal)
			}
		}
	}
	return dst
}

func appendNAL(dst, nal []byte) []byte {
	return append(append(dst, startCode...), nal...)
}
