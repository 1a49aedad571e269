package flv

import "sluice/pkg/codec"

// hevcCodec is what is particular to HEVC.
type hevcCodec struct{}

func (hevcCodec) class(nal []byte) (class nalClass, list int) {
	switch kind := codec.HEVCTypeOf(nal); {
	case kind > codec.HEVCMaxType || kind == codec.HEVCFiller:
		return nalNobody, 0
	case kind >= codec.HEVCVPS && kind <= codec.HEVCPPS:
		return nalSet, listVPS + int(kind-codec.HEVCVPS)
	case kind.IsKey():
		return nalKey, 0
	case kind.IsSlice():
		return nalSlice, 0
	}
	return nalOther, 0
}

func (hevcCodec) setID(nal []byte) (uint8, bool) { return codec.HEVCSetID(nal) }

func (hevcCodec) parse(record []byte) (nalConfig, error) { return hevcConfig(codec.ParseHEVC(record)) }

func (hevcCodec) build(sets setLists) (nalConfig, error) {
	return hevcConfig(codec.NewHEVC(sets[listVPS], sets[listSPS], sets[listPPS], sets[listSEI]))
}

func hevcConfig(c codec.HEVC, err error) (nalConfig, error) {
	return nalConfig{record: c.Config, lengthSize: c.LengthSize, sets: setLists{c.VPS, c.SPS, c.PPS, c.SEI}, track: c.Track}, err
}
