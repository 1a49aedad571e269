package flv

import "sluice/pkg/codec"

// avcCodec is what is particular to H.264.
type avcCodec struct{}

func (avcCodec) class(nal []byte) (class nalClass, list int) {
	switch kind := codec.AVCTypeOf(nal); {
	case len(nal) == 0 || kind == codec.AVCFiller:
		return nalNobody, 0
	case kind == codec.AVCSPS:
		return nalSet, listSPS
	case kind == codec.AVCPPS:
		return nalSet, listPPS
	case kind == codec.AVCIDR:
		return nalKey, 0
	case kind.IsSlice():
		return nalSlice, 0
	}
	return nalOther, 0
}

func (avcCodec) setID(nal []byte) (uint8, bool) { return codec.ParameterSetID(nal) }

func (avcCodec) parse(record []byte) (nalConfig, error) { return avcConfig(codec.ParseAVC(record)) }

func (avcCodec) build(sets setLists) (nalConfig, error) {
	return avcConfig(codec.NewAVC(sets[listSPS], sets[listPPS]))
}

func avcConfig(c codec.AVC, err error) (nalConfig, error) {
	return nalConfig{record: c.Config, lengthSize: c.LengthSize, sets: setLists{listSPS: c.SPS, listPPS: c.PPS}, track: c.Track}, err
}
