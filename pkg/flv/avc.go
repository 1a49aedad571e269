package flv

import (
	"bytes"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// avcDecoder knows the packets of H.264.
type avcDecoder struct {
	id     media.TrackID
	header []byte    // the sequence header before this one
	config codec.AVC // in force
	sets   parameterSets
}

func (d *avcDecoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	if d.header != nil && bytes.Equal(header, d.header) {
		return nil, nil
	}
	avc, err := codec.ParseAVC(header)
	if err != nil {
		return nil, err
	}
	same := bytes.Equal(avc.Config, d.config.Config)
	d.id, d.header, d.config = id, bytes.Clone(header), avc
	d.sets.reset(avc)
	if same {
		return nil, nil
	}
	t := avc.Track(id)
	return &t, nil
}

func (d *avcDecoder) frame(data []byte) (frame, bool) {
	unit := d.scan(data)
	if !unit.sliced {
		// Parameter sets on their own are no frame, but no mistake either.
		return frame{}, unit.sets > 0
	}
	f := frame{data: data, key: unit.key}
	if unit.key && d.sets.changed {
		f.changed = d.reconfigure()
	}
	if !unit.clean || d.config.LengthSize != codec.LengthSize {
		f.data = d.rewrite(data, unit)
	}
	return f, true
}

// reconfigure brings the parameter sets that came in band into force. It
// returns nil when that changes nothing, or they make no configuration.
func (d *avcDecoder) reconfigure() *media.Track {
	avc, err := codec.NewAVC(d.sets.sps, d.sets.pps)
	if err != nil {
		d.sets.reset(d.config)
		return nil
	}
	avc.LengthSize = d.config.LengthSize
	same := bytes.Equal(avc.Config, d.config.Config)
	d.config = avc
	d.sets.reset(avc)
	if same {
		return nil
	}
	t := avc.Track(d.id)
	return &t
}
