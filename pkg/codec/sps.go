package codec

import (
	"errors"
	"fmt"

	"sluice/pkg/media"
)

// An SPS is what an H.264 sequence parameter set says of the pictures.
type SPS struct {
	ID                     uint8
	Profile                uint8 // profile_idc
	Constraints            uint8 // the byte between profile_idc and level_idc
	Level                  uint8 // level_idc
	ChromaFormat           uint8 // chroma_format_idc: 1 is 4:2:0
	LumaDepth, ChromaDepth uint8 // bits a sample

	Width, Height int         // in samples, after cropping
	SampleAspect  media.Ratio // 1:1 when not said, or out of reason
	FrameRate     media.Ratio // of a fixed frame rate; unknown otherwise
	Color         media.Color // zero when not said
}

// maxSide is the longest side of a picture in macroblocks that any level
// allows: the square root of 8 * MaxFS of level 6.2 (ITU-T H.264 A.3.1).
const maxSide = 1055

// ParseSPS reads a sequence parameter set NAL unit (ITU-T H.264 7.3.2.1.1),
// its header and emulation prevention bytes included. VUI parameters that do
// not make sense are taken as not sent.
func ParseSPS(nal []byte) (SPS, error) {
	if AVCTypeOf(nal) != AVCSPS {
		return SPS{}, errors.New("SPS: not a sequence parameter set")
	}
	r := &bitReader{data: unescape(nal[1:])}
	var s SPS
	s.Profile, s.Constraints, s.Level = uint8(r.u(8)), uint8(r.u(8)), uint8(r.u(8))
	id := r.ue()
	if id > 31 {
		return SPS{}, fmt.Errorf("SPS: id %d", id)
	}
	s.ID = uint8(id)
	if err := s.readChroma(r); err != nil {
		return SPS{}, fmt.Errorf("SPS: %w", err)
	}
	if err := s.readOrder(r); err != nil {
		return SPS{}, fmt.Errorf("SPS: %w", err)
	}
	if err := s.readSize(r); err != nil {
		return SPS{}, fmt.Errorf("SPS: %w", err)
	}
	if r.overrun {
		return SPS{}, fmt.Errorf("SPS: %w", errTruncated)
	}
	s.SampleAspect = media.Ratio{Num: 1, Den: 1}
	if r.flag() {
		s.readVUI(r)
	}
	return s, nil
}

// ParameterSetID returns the id of an SPS or PPS NAL unit, false when it has
// none that is valid.
func ParameterSetID(nal []byte) (id uint8, ok bool) {
	header, limit := 1, uint32(255)
	if AVCTypeOf(nal) == AVCSPS {
		header, limit = 4, 31 // behind the profile and the level
	}
	if len(nal) <= header {
		return 0, false
	}
	const enough = 16 // bytes, for the longest id that can be read
	r := &bitReader{data: unescape(nal[header:min(len(nal), enough)])}
	v := r.ue()
	return uint8(v), !r.overrun && v <= limit
}

// hasChroma reports whether an SPS of s's profile says its chroma format.
func (s *SPS) hasChroma() bool {
	switch s.Profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139:
		return true
	}
	return false
}

// readChroma reads what the high profiles add in front.
func (s *SPS) readChroma(r *bitReader) error {
	s.ChromaFormat, s.LumaDepth, s.ChromaDepth = 1, 8, 8
	if !s.hasChroma() {
		return nil
	}
	format := r.ue()
	if format > 3 {
		return fmt.Errorf("chroma format %d", format)
	}
	s.ChromaFormat = uint8(format)
	if format == 3 {
		// With separate_colour_plane_flag the picture is coded as three
		// monochrome ones, but its size counts as 4:4:4.
		r.skip(1)
	}
	luma, chroma := r.ue(), r.ue()
	if luma > 6 || chroma > 6 {
		return fmt.Errorf("bit depths %d and %d over 8", luma, chroma)
	}
	s.LumaDepth, s.ChromaDepth = 8+uint8(luma), 8+uint8(chroma)
	r.skip(1) // qpprime_y_zero_transform_bypass_flag
	if r.flag() {
		skipScalingMatrix(r, format)
	}
	return nil
}

// skipScalingMatrix passes over seq_scaling_list_present_flag[] and the lists.
func skipScalingMatrix(r *bitReader, chromaFormat uint32) {
	lists := 8
	if chromaFormat == 3 {
		lists = 12
	}
	for i := range lists {
		size := 16
		if i >= 6 {
			size = 64
		}
		if r.flag() {
			skipScalingList(r, size)
		}
	}
}

// skipScalingList passes over one list (ITU-T H.264 7.3.2.1.1.1).
func skipScalingList(r *bitReader, size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se()) & 0xff
		}
		if next != 0 {
			last = next
		}
	}
}

// readOrder passes over the frame numbers and the picture order count.
func (s *SPS) readOrder(r *bitReader) error {
	r.ue() // log2_max_frame_num_minus4
	switch kind := r.ue(); kind {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.skip(1) // delta_pic_order_always_zero_flag
		r.se()    // offset_for_non_ref_pic
		r.se()    // offset_for_top_to_bottom_field
		frames := r.ue()
		if frames > 255 {
			return fmt.Errorf("%d frames in a picture order cycle", frames)
		}
		for range frames {
			r.se()
		}
	case 2:
	default:
		return fmt.Errorf("picture order count type %d", kind)
	}
	r.ue()    // max_num_ref_frames
	r.skip(1) // gaps_in_frame_num_value_allowed_flag
	return nil
}

// readSize reads the size in macroblocks and the cropping rectangle.
func (s *SPS) readSize(r *bitReader) error {
	columns, rows := uint64(r.ue())+1, uint64(r.ue())+1
	framesOnly := r.flag()
	if !framesOnly {
		rows *= 2
		r.skip(1) // mb_adaptive_frame_field_flag
	}
	r.skip(1) // direct_8x8_inference_flag
	if columns > maxSide || rows > maxSide {
		return fmt.Errorf("%d by %d macroblocks", columns, rows)
	}
	width, height := columns*16, rows*16
	if r.flag() {
		unitX, unitY := s.cropUnits(framesOnly)
		width -= unitX * (uint64(r.ue()) + uint64(r.ue()))
		height -= unitY * (uint64(r.ue()) + uint64(r.ue()))
	}
	// A crop of more than the picture wraps round to a huge size.
	if width-1 >= columns*16 || height-1 >= rows*16 {
		return errors.New("nothing is left after cropping")
	}
	s.Width, s.Height = int(width), int(height)
	return nil
}

// cropUnits returns CropUnitX and CropUnitY (ITU-T H.264 equations 7-19 to 7-22).
func (s *SPS) cropUnits(framesOnly bool) (x, y uint64) {
	x, y = 1, 1
	if s.ChromaFormat == 1 || s.ChromaFormat == 2 {
		x = 2
	}
	if s.ChromaFormat == 1 {
		y = 2
	}
	if !framesOnly {
		y *= 2
	}
	return x, y
}
