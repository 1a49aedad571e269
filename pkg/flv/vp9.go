package flv

import (
	"bytes"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// vp9Decoder knows the packets of VP9.
type vp9Decoder struct {
	id     media.TrackID
	header codec.VP9 // as it was sent
	config codec.VP9 // in force: the size of the pictures is known
}

// configure takes a header, which comes into force with a key frame.
func (d *vp9Decoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	config, err := codec.ParseVP9(header)
	if err != nil {
		return nil, err
	}
	d.id, d.header = id, config
	return nil, nil
}

func (d *vp9Decoder) frame(data []byte) (frame, bool) {
	picture, err := codec.ParseVP9Frame(data)
	if err != nil || !picture.Key && d.config.Width == 0 {
		return frame{}, len(data) == 0
	}
	f := frame{data: data, key: picture.Key}
	if picture.Key {
		f.changed = d.enforce(d.header.At(picture))
	}
	return f, true
}

// enforce brings a configuration into force. It returns nil when it is that already.
func (d *vp9Decoder) enforce(config codec.VP9) *media.Track {
	if bytes.Equal(config.Config, d.config.Config) && config.Width == d.config.Width && config.Height == d.config.Height {
		return nil
	}
	d.config = config
	t := config.Track(d.id)
	return &t
}
