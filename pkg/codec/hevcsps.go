package codec

import (
	"errors"
	"fmt"
	"math/bits"

	"sluice/pkg/media"
)

// An hevcSPS is what an HEVC sequence parameter set says of the pictures.
type hevcSPS struct {
	id            uint8
	layers        uint8             // temporal sub-layers, less one
	nested        bool              // sps_temporal_id_nesting_flag
	profile       [hevcProfile]byte // profile, tier, compatibility, constraints and level, as a record has them
	chroma        uint8             // chroma_format_idc: 1 is 4:2:0
	depths        [2]uint8          // of luma and chroma, bits a sample over 8
	width, height int               // in samples, after cropping

	aspect    media.Ratio // 1:1 when not said, or out of reason
	frameRate media.Ratio // unknown when not said
	color     media.Color // zero when not said
}

const (
	// hevcProfile is the size of the general part of profile_tier_level().
	hevcProfile = 12

	// maxHEVCSide is the longest side of a picture: more than any level allows.
	maxHEVCSide = 16384

	maxHEVCRefs    = 16 // pictures that a picture may refer to
	maxHEVCRefSets = 64
)

// parseHEVCSPS reads a sequence parameter set NAL unit (ITU-T H.265 7.3.2.2.1). What is behind the
// size and the depth of the pictures counts as not sent where it makes no sense.
func parseHEVCSPS(nal []byte) (hevcSPS, error) {
	if HEVCTypeOf(nal) != HEVCSPS {
		return hevcSPS{}, errors.New("SPS: not a sequence parameter set")
	}
	r := &bitReader{data: unescape(nal[hevcHeader:])}
	s := hevcSPS{aspect: media.Ratio{Num: 1, Den: 1}}
	if err := s.readHead(r); err != nil {
		return hevcSPS{}, fmt.Errorf("SPS: %w", err)
	}
	if err := s.readPicture(r); err != nil {
		return hevcSPS{}, fmt.Errorf("SPS: %w", err)
	}
	s.readRest(r)
	return s, nil
}

// readHead reads what stands in front of the size.
func (s *hevcSPS) readHead(r *bitReader) error {
	r.skip(4) // sps_video_parameter_set_id
	s.layers, s.nested = uint8(r.u(3)), r.flag()
	for i := range s.profile {
		s.profile[i] = byte(r.u(8))
	}
	const most = 6
	if s.layers > most {
		return fmt.Errorf("%d sub-layers", s.layers)
	}
	if s.layers > 0 {
		present := r.u(16) // two bits for each of eight
		for range s.layers {
			if present&(1<<15) != 0 {
				r.skip(88) // its profile
			}
			if present&(1<<14) != 0 {
				r.skip(8) // its level
			}
			present <<= 2
		}
	}
	id := r.ue()
	if r.overrun {
		return errTruncated
	}
	if id > 15 {
		return fmt.Errorf("id %d", id)
	}
	s.id = uint8(id)
	return nil
}

// readPicture reads the size and the depth.
func (s *hevcSPS) readPicture(r *bitReader) error {
	format := r.ue()
	if format > 3 {
		return fmt.Errorf("chroma format %d", format)
	}
	s.chroma = uint8(format)
	if format == 3 {
		r.skip(1) // separate_colour_plane_flag
	}
	columns, rows := uint64(r.ue()), uint64(r.ue())
	if columns > maxHEVCSide || rows > maxHEVCSide {
		return fmt.Errorf("%d by %d samples", columns, rows)
	}
	width, height := columns, rows
	if r.flag() { // conformance_window_flag
		unitX, unitY := uint64(1), uint64(1)
		if format == 1 || format == 2 {
			unitX = 2
		}
		if format == 1 {
			unitY = 2
		}
		width -= unitX * (uint64(r.ue()) + uint64(r.ue()))
		height -= unitY * (uint64(r.ue()) + uint64(r.ue()))
	}
	// A window of more than the picture wraps round to a huge size.
	if width-1 >= columns || height-1 >= rows {
		return errors.New("nothing is left after cropping")
	}
	s.width, s.height = int(width), int(height)
	luma, chroma := r.ue(), r.ue()
	if luma > 8 || chroma > 8 {
		return fmt.Errorf("bit depths %d and %d over 8", luma, chroma)
	}
	s.depths = [2]uint8{uint8(luma), uint8(chroma)}
	if r.overrun {
		return errTruncated
	}
	return nil
}

// readRest reads the VUI parameters, as far as the timing, and what stands in front of them. One
// that is cut off leaves s as it was.
func (s *hevcSPS) readRest(r *bitReader) {
	order := int(r.ue()) + 4 // bits of slice_pic_order_cnt_lsb
	first := s.layers
	if r.flag() { // sps_sub_layer_ordering_info_present_flag
		first = 0
	}
	for range s.layers - first + 1 {
		skipCodes(r, 3)
	}
	skipCodes(r, 6)                               // sizes of blocks
	if enabled := r.flag(); enabled && r.flag() { // sps_scaling_list_data_present_flag
		skipHEVCScaling(r)
	}
	r.skip(1 + 1) // amp_enabled_flag, sample_adaptive_offset_enabled_flag
	if r.flag() { // pcm_enabled_flag
		r.skip(4 + 4)
		skipCodes(r, 2)
		r.skip(1)
	}
	if order > 16 || !skipHEVCReferences(r) {
		return
	}
	if r.flag() { // long_term_ref_pics_present_flag
		for range min(r.ue(), 32) {
			r.skip(order + 1)
		}
	}
	r.skip(1 + 1) // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
	if vui := *s; r.flag() {
		vui.readVUI(r)
		if !r.overrun {
			*s = vui
		}
	}
}

func skipCodes(r *bitReader, n int) {
	for range n {
		r.ue()
	}
}

// skipHEVCScaling passes over scaling_list_data() (ITU-T H.265 7.3.4).
func skipHEVCScaling(r *bitReader) {
	for size := range 4 {
		for matrix := 0; matrix < 6; matrix++ {
			if !r.flag() {
				r.ue() // scaling_list_pred_matrix_id_delta
			} else {
				if size > 1 {
					r.se() // scaling_list_dc_coef_minus8
				}
				skipCodes(r, min(64, 1<<(4+size<<1)))
			}
			if size == 3 {
				matrix += 2
			}
		}
	}
}

// skipHEVCReferences passes over the short-term reference picture sets (ITU-T H.265 7.3.7). It
// reports whether there can be such.
func skipHEVCReferences(r *bitReader) bool {
	sets, before := r.ue(), uint32(0)
	if sets > maxHEVCRefSets {
		return false
	}
	for i := range sets {
		n := uint32(0)
		if i > 0 && r.flag() { // inter_ref_pic_set_prediction_flag
			r.skip(1) // delta_rps_sign
			r.ue()    // abs_delta_rps_minus1
			for range before + 1 {
				if used := r.flag(); used || r.flag() {
					n++
				}
			}
		} else {
			negative, positive := r.ue(), r.ue()
			if negative > maxHEVCRefs || positive > maxHEVCRefs {
				return false
			}
			n = negative + positive
			for range n {
				r.ue()    // delta_poc_minus1
				r.skip(1) // used_by_curr_pic_flag
			}
		}
		if n > maxHEVCRefs {
			return false
		}
		before = n
	}
	return true
}

// readVUI reads the start of vui_parameters() (ITU-T H.265 E.2.1).
func (s *hevcSPS) readVUI(r *bitReader) {
	if r.flag() {
		s.aspect = readAspect(r)
	}
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if r.flag() {
		s.color = readColor(r)
	}
	if r.flag() { // chroma_loc_info_present_flag
		skipCodes(r, 2)
	}
	r.skip(1 + 1 + 1) // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
	if r.flag() {     // default_display_window_flag
		skipCodes(r, 4)
	}
	if r.flag() { // vui_timing_info_present_flag
		tick, scale := uint64(r.u(32)), uint64(r.u(32))
		s.frameRate = frameRate(scale, tick)
	}
}

// codecs returns the RFC 6381 codec string (ISO/IEC 14496-15 annex E).
func (s *hevcSPS) codecs() string {
	p := s.profile
	space := ""
	if n := p[0] >> 6; n > 0 {
		space = string(rune('A' + n - 1))
	}
	tier := "L"
	if p[0]&(1<<5) != 0 {
		tier = "H"
	}
	compatible := uint32(p[1])<<24 | uint32(p[2])<<16 | uint32(p[3])<<8 | uint32(p[4])
	text := fmt.Sprintf("hvc1.%s%d.%X.%s%d", space, p[0]&0x1f, bits.Reverse32(compatible), tier, p[11])
	constraints := p[5:11]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, b := range constraints {
		text += fmt.Sprintf(".%X", b)
	}
	return text
}
