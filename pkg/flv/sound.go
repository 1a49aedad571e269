package flv

import (
	"bytes"
	"fmt"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// opusDecoder knows the packets of Opus, which say how long they are.
type opusDecoder struct {
	id     media.TrackID
	header []byte
	config codec.Opus
}

// configure takes a header, which comes into force with the next packet.
func (d *opusDecoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	if d.header != nil && bytes.Equal(header, d.header) {
		return nil, nil
	}
	config, err := codec.ParseOpus(header)
	if err != nil {
		return nil, err
	}
	d.id, d.header, d.config = id, bytes.Clone(header), config
	return nil, nil
}

func (d *opusDecoder) frame(data []byte) (frame, bool) {
	length, ok := codec.OpusLength(data)
	if !ok {
		return frame{}, len(data) == 0
	}
	f := frame{data: data, key: true, length: media.Ticks(length)}
	if d.config.Frame == 0 {
		d.config.Frame = length
		t := d.config.Track(d.id)
		f.changed = &t
	}
	return f, true
}

// flacDecoder knows the packets of FLAC, whose last one may be short.
type flacDecoder struct{ config codec.FLAC }

func (d *flacDecoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	config, err := codec.ParseFLAC(header)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(config.Config, d.config.Config) {
		return nil, nil
	}
	d.config = config
	t := config.Track(id)
	return &t, nil
}

func (d *flacDecoder) frame(data []byte) (frame, bool) {
	length, ok := codec.FLACLength(data)
	if !ok || length > d.config.Frame {
		return frame{}, len(data) == 0
	}
	return frame{data: data, key: true, length: media.Ticks(length)}, true
}

// largestSound is how many bytes a frame of such codecs may have: twice what any of them has.
const largestSound = 16 << 10

// A selfDecoder knows the packets of codecs whose frames say all there is to know: MP3, AC-3
// and E-AC-3.
type selfDecoder struct {
	codec  media.Codec
	id     media.TrackID
	config media.Track
}

// configure takes a sequence header, which there need not be, and is of no use.
func (d *selfDecoder) configure(media.TrackID, []byte) (*media.Track, error) { return nil, nil }

func (d *selfDecoder) frame(data []byte) (frame, bool) {
	if len(data) == 0 {
		return frame{}, true
	}
	t, err := d.parse(data)
	if err != nil || len(data) > largestSound {
		return frame{}, false
	}
	f := frame{data: data, key: true}
	if !d.goesOn(t) {
		d.config = t
		f.changed = &t
	}
	return f, true
}

// An eac3Decoder knows the packets of E-AC-3. A sample of that is six audio blocks (ETSI TS 102 366
// F.5.1), which may come in several packets.
type eac3Decoder struct {
	selfDecoder
	blocks []byte // of a sample that is not whole yet
	ticks  media.Ticks
}

func (d *eac3Decoder) frame(data []byte) (frame, bool) {
	const sample = 1536
	joins := false
	t, err := d.parse(data)
	switch whole := d.ticks + t.FrameTicks; {
	case len(data) == 0:
		return frame{}, true
	case err == nil && t.FrameTicks < sample && whole < sample && len(d.blocks)+len(data) <= largestSound:
		joins = d.ticks > 0
		d.blocks, d.ticks = append(d.blocks, data...), whole
		return frame{joins: joins}, true
	case err == nil && t.FrameTicks < sample && whole == sample:
		data, joins = append(d.blocks, data...), true
	}
	d.blocks, d.ticks = nil, 0
	f, ok := d.selfDecoder.frame(data)
	f.joins = joins
	return f, ok
}

// goesOn reports whether a frame of t may follow under the configuration in force. The data
// rate that that of E-AC-3 begins with is of one frame, and the next may have another.
func (d *selfDecoder) goesOn(t media.Track) bool {
	const dataRate = 13 // bits
	is, was := t.Config, d.config.Config
	if d.codec == media.EAC3 && len(is) == len(was) {
		const rest = 0xff >> (dataRate - 8)
		return is[1]&rest == was[1]&rest && bytes.Equal(is[2:], was[2:]) && t.Timescale == d.config.Timescale && t.FrameTicks == d.config.FrameTicks
	}
	return bytes.Equal(is, was) && t.Timescale == d.config.Timescale && t.Channels == d.config.Channels && t.FrameTicks == d.config.FrameTicks
}

func (d *selfDecoder) parse(data []byte) (media.Track, error) {
	if d.codec == media.MP3 {
		m, err := codec.ParseMP3(data)
		return m.Track(d.id), err
	}
	a, err := codec.ParseAC3(data)
	if err == nil && a.Codec != d.codec {
		err = fmt.Errorf("%v where %v should be", a.Codec, d.codec)
	}
	return a.Track(d.id), err
}
