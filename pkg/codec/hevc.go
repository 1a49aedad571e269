package codec

import (
	"encoding/binary"
	"errors"
	"fmt"

	"sluice/pkg/media"
)

// HEVC is an HEVC decoder configuration.
type HEVC struct {
	// Config is an HEVCDecoderConfigurationRecord with lengthSizeMinusOne = 3 and
	// complete lists of parameter sets, as the sample entry "hvc1" wants it.
	Config []byte

	// LengthSize is the number of bytes in front of each NAL unit that the
	// publisher announced: 1, 2 or 4.
	LengthSize int

	VPS, SPS, PPS [][]byte // NAL units, at least one of each
	SEI           [][]byte // NAL units of prefix SEI messages that describe the light of all pictures

	sequence hevcSPS // what SPS[0] says
	light    media.HDR
}

// maxHEVCSets is how many sets of each type there can be, by their ids.
const maxHEVCSets = 64

// ParseHEVC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 8.3.3.1). One without a
// VPS, an SPS or a PPS is an error.
func ParseHEVC(record []byte) (HEVC, error) {
	lengthSize, sets, err := splitHEVCRecord(record)
	if err != nil {
		return HEVC{}, fmt.Errorf("hvcC: %w", err)
	}
	h, err := NewHEVC(sets[0], sets[1], sets[2], sets[3])
	if err != nil {
		return HEVC{}, err
	}
	h.LengthSize = lengthSize
	return h, nil
}

// NewHEVC makes a configuration of parameter sets, and SEI messages of light if there are any, with
// LengthSize 4.
func NewHEVC(vps, sps, pps, sei [][]byte) (HEVC, error) {
	total := 0
	var light media.HDR
	for _, nal := range sei {
		if HEVCTypeOf(nal) != HEVCPrefixSEI || !readLight(nal, &light) {
			return HEVC{}, errors.New("hvcC: an SEI message that says nothing of light")
		}
		total += len(nal)
	}
	for i, list := range [][][]byte{vps, sps, pps} {
		kind := HEVCVPS + HEVCType(i)
		if len(list) == 0 || len(list) > maxHEVCSets {
			return HEVC{}, fmt.Errorf("hvcC: %d parameter sets of type %d", len(list), kind)
		}
		for _, nal := range list {
			if HEVCTypeOf(nal) != kind {
				return HEVC{}, fmt.Errorf("hvcC: not a parameter set of type %d", kind)
			}
			total += len(nal)
		}
	}
	if total > MaxParameterSetBytes || len(sei) > maxHEVCSets {
		return HEVC{}, fmt.Errorf("hvcC: %d bytes of parameter sets", total)
	}
	sequence, err := parseHEVCSPS(sps[0])
	if err != nil {
		return HEVC{}, fmt.Errorf("hvcC: %w", err)
	}
	h := HEVC{LengthSize: LengthSize, sequence: sequence, light: light, Config: buildHEVCRecord(sequence, vps, sps, pps, sei)}
	// The lists are slices of the record just built, not of the caller's.
	_, sets, err := splitHEVCRecord(h.Config)
	h.VPS, h.SPS, h.PPS, h.SEI = sets[0], sets[1], sets[2], sets[3]
	return h, err
}

// hevcRecordHeader is the size of a record in front of its lists, their number included.
const hevcRecordHeader = 23

// splitHEVCRecord returns the NAL length size and the VPS, SPS, PPS and SEI of a record. Sets that
// are of another type than their list are left out, and so are lists of other types, and SEI
// messages of other things than light: they are not needed to decode.
func splitHEVCRecord(record []byte) (lengthSize int, sets [4][][]byte, err error) {
	if len(record) < hevcRecordHeader {
		return 0, sets, errTruncated
	}
	// Some write 0, as the standard did while it was a draft.
	if record[0] > 1 {
		return 0, sets, fmt.Errorf("configuration version %d", record[0])
	}
	lengthSize = int(record[21]&3) + 1
	if lengthSize == 3 {
		return 0, sets, errors.New("NAL length size 3")
	}
	data := record[hevcRecordHeader:]
	for range record[hevcRecordHeader-1] {
		if len(data) < 3 {
			return 0, sets, errTruncated
		}
		kind, n := HEVCType(data[0]&0x3f), int(binary.BigEndian.Uint16(data[1:]))
		data = data[3:]
		for range n {
			nal, rest, ok := NextNAL(data, 2)
			if !ok {
				return 0, sets, errTruncated
			}
			switch {
			case HEVCTypeOf(nal) != kind:
			case kind >= HEVCVPS && kind <= HEVCPPS:
				sets[kind-HEVCVPS] = append(sets[kind-HEVCVPS], nal)
			case kind == HEVCPrefixSEI && readLight(nal, new(media.HDR)):
				sets[3] = append(sets[3], nal)
			}
			data = rest
		}
	}
	return lengthSize, sets, nil
}

// buildHEVCRecord writes an HEVCDecoderConfigurationRecord. What it says of all sequences is
// what the first says.
func buildHEVCRecord(first hevcSPS, vps, sps, pps, sei [][]byte) []byte {
	b := append([]byte{1}, first.profile[:]...)
	layers := (first.layers + 1) << 3
	if first.nested {
		layers |= 1 << 2
	}
	b = append(
		b,
		0xf0, 0, // min_spatial_segmentation_idc: not said
		0xfc, // parallelismType: not said
		0xfc|first.chroma, 0xf8|first.depths[0]&7, 0xf8|first.depths[1]&7,
		0, 0, // avgFrameRate: not said
		layers|(LengthSize-1),
		0,
	)
	lists := len(b) - 1
	const complete = 0x80
	for _, list := range []struct {
		kind byte
		nals [][]byte
	}{{complete | byte(HEVCVPS), vps}, {complete | byte(HEVCSPS), sps}, {complete | byte(HEVCPPS), pps}, {byte(HEVCPrefixSEI), sei}} {
		if len(list.nals) > 0 {
			b[lists]++
			b = append(b, list.kind)
			b = binary.BigEndian.AppendUint16(b, uint16(len(list.nals)))
			b = appendSets(b, list.nals)
		}
	}
	return b
}

// Codecs returns the RFC 6381 codec string, such as "hvc1.1.6.L93.B0" (ISO/IEC 14496-15 annex E).
func (h HEVC) Codecs() string { return h.sequence.codecs() }

// Track returns h as the track id.
func (h HEVC) Track(id media.TrackID) media.Track {
	s := h.sequence
	return display(media.Track{
		ID:           id,
		Codec:        media.HEVC,
		Timescale:    media.VideoTimescale,
		Config:       h.Config,
		Codecs:       h.Codecs(),
		CodedWidth:   s.width,
		CodedHeight:  s.height,
		SampleAspect: s.aspect,
		FrameRate:    s.frameRate,
		Color:        s.color,
		HDR:          h.light,
	})
}
