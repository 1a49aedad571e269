package flv

import (
	"bytes"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// aacDecoder knows the packets of AAC.
type aacDecoder struct{ config []byte }

// maxAACFrame is the largest frame that an ADTS header can announce; the
// format's own limit for eight channels, 6144 bits each, is lower.
const maxAACFrame = 1<<13 - 1 - codec.ADTSHeaderSize

func (d *aacDecoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	aac, err := codec.ParseAAC(header)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(aac.Config, d.config) {
		return nil, nil
	}
	d.config = aac.Config
	t := aac.Track(id)
	return &t, nil
}

func (d *aacDecoder) frame(data []byte) (frame, bool) {
	return frame{data: data, key: true}, len(data) <= maxAACFrame
}
