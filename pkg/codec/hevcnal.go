package codec

// A HEVCType is the nal_unit_type of an HEVC NAL unit (ITU-T H.265 table 7-1).
type HEVCType uint8

// The NAL unit types that Sluice tells apart.
const (
	HEVCBLA       HEVCType = 16 // the first of those at which a decoder can start
	HEVCCRA       HEVCType = 21 // the last of them
	HEVCLastSlice HEVCType = 31 // all up to here are of coded picture data, or reserved for it
	HEVCVPS       HEVCType = 32
	HEVCSPS       HEVCType = 33
	HEVCPPS       HEVCType = 34
	HEVCDelimiter HEVCType = 35 // access unit delimiter
	HEVCFiller    HEVCType = 38
	HEVCPrefixSEI HEVCType = 39
	HEVCMaxType   HEVCType = 63
)

// hevcHeader is the size of the header of an HEVC NAL unit.
const hevcHeader = 2

// HEVCTypeOf returns the type of an HEVC NAL unit. One without a whole header is of no
// type that there is.
func HEVCTypeOf(nal []byte) HEVCType {
	if len(nal) < hevcHeader {
		return 0xff
	}
	return HEVCType(nal[0] >> 1 & 0x3f)
}

// IsSlice reports whether t holds coded picture data.
func (t HEVCType) IsSlice() bool { return t <= HEVCLastSlice }

// IsKey reports whether t is of a picture at which a decoder can start: IDR, BLA, or
// CRA, whose leading pictures it leaves out then.
func (t HEVCType) IsKey() bool { return t >= HEVCBLA && t <= HEVCCRA }

// HEVCSetID returns the id of a VPS, SPS or PPS NAL unit, false when it has none that is
// valid.
func HEVCSetID(nal []byte) (id uint8, ok bool) {
	const enough = 16 // bytes, for the longest id that can be read
	kind := HEVCTypeOf(nal)
	switch {
	case kind == HEVCVPS && len(nal) > hevcHeader:
		return nal[hevcHeader] >> 4, true
	case kind == HEVCSPS:
		const head = 128 // bytes, in which the id is
		var s hevcSPS
		err := s.readHead(&bitReader{data: unescape(nal[hevcHeader:min(len(nal), head)])})
		return s.id, err == nil
	case kind == HEVCPPS:
		r := &bitReader{data: unescape(nal[hevcHeader:min(len(nal), enough)])}
		v := r.ue()
		return uint8(v), !r.overrun && v <= 63
	}
	return 0, false
}
