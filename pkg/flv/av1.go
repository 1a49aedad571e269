package flv

import (
	"bytes"
	"slices"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// av1Decoder knows the packets of AV1.
type av1Decoder struct {
	id     media.TrackID
	header []byte // the sequence header before this one
	config codec.AV1
}

func (d *av1Decoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	if d.header != nil && bytes.Equal(header, d.header) {
		return nil, nil
	}
	config, err := codec.ParseAV1(header)
	if err != nil {
		return nil, err
	}
	d.id, d.header = id, bytes.Clone(header)
	if config.Sequence == nil {
		return nil, nil // that of a key frame counts
	}
	return d.enforce(config), nil
}

// enforce brings a configuration into force. It returns nil when it is that already.
func (d *av1Decoder) enforce(config codec.AV1) *media.Track {
	if bytes.Equal(config.Config, d.config.Config) {
		return nil
	}
	d.config = config
	t := config.Track(d.id)
	return &t
}

// frame makes a frame of a temporal unit, without what a file must not have, and with the sequence header
// that it must have where a decoder may start ("AV1 Codec ISO Media File Format Binding" 2.4).
func (d *av1Decoder) frame(data []byte) (frame, bool) {
	if len(data) == 0 {
		return frame{}, true
	}
	out, f := data[:0], frame{}
	var sequence []byte
	pictured := false
	for len(data) > 0 {
		unit, rest, ok := codec.NextOBU(data)
		if !ok {
			break
		}
		data = rest
		switch unit.Type {
		case codec.OBUTemporalDelimiter, codec.OBUTileList, codec.OBUPadding:
			continue
		case codec.OBUFrame, codec.OBUFrameHeader:
			f.key = f.key || !pictured && unit.IsKey()
			pictured = true
		case codec.OBUSequenceHeader, codec.OBUMetadata:
		}
		out = append(out, unit.Unit...) // which may move it to where data was
		if unit.Type == codec.OBUSequenceHeader {
			sequence = out[len(out)-len(unit.Payload):]
		}
	}
	if !pictured {
		return frame{}, false
	}
	f.data = out
	if f.key && sequence != nil && !bytes.Equal(sequence, d.config.Sequence) {
		if config, err := codec.NewAV1(sequence); err == nil {
			f.changed = d.enforce(config)
		}
	}
	if d.config.Sequence == nil {
		return frame{}, false
	}
	if f.key && sequence == nil {
		f.data = slices.Concat(d.config.Unit, f.data)
	}
	return f, true
}
