package flv

import (
	"errors"
	"fmt"
	"slices"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// A track is the state of one elementary stream.
type track struct {
	id         media.TrackID
	codec      media.Codec
	configured bool // a configuration is in force
	decoder    decoder
}

// A decoder knows the packets of one codec.
type decoder interface {
	// configure takes a sequence header. It returns nil when that repeats
	// the one before it, or the configuration in force. After an error the
	// configuration in force is the former one.
	configure(id media.TrackID, header []byte) (*media.Track, error)

	// frame makes a frame of the data of a packet, which it owns. changed
	// is a configuration that comes into force with it, nil as a rule.
	// Without data there is no frame, and nothing wrong; ok is false
	// for malformed data.
	frame(data []byte) (f frame, ok bool)
}

// A frame is what a decoder makes of a packet.
type frame struct {
	data    []byte
	key     bool
	changed *media.Track
}

// newDecoder returns the decoder of a codec.
func newDecoder(c media.Codec) decoder {
	if c == media.AAC {
		return &aacDecoder{}
	}
	return &avcDecoder{}
}

// track returns the track of p, new when it is the first or its codec changed.
func (d *Demuxer) track(p packet) *track {
	for i, t := range d.tracks {
		if t.id != p.id {
			continue
		}
		if t.codec != p.codec {
			d.tracks[i] = &track{id: p.id, codec: p.codec, decoder: newDecoder(p.codec)}
		}
		return d.tracks[i]
	}
	t := &track{id: p.id, codec: p.codec, decoder: newDecoder(p.codec)}
	d.tracks = append(d.tracks, t)
	return t
}

// deliver hands on what a packet holds. The error is that of h.
func (d *Demuxer) deliver(time uint32, p packet, h Handler) error {
	switch p.kind {
	case sequenceStart:
		return d.configure(p, h)
	case codedFrames:
		return d.frame(time, p, h)
	case ignored:
	}
	return nil
}

// configure takes a sequence header. One that cannot be used is told to the
// broadcaster, but for a malformed one while frames go on under the former.
func (d *Demuxer) configure(p packet, h Handler) error {
	t := d.track(p)
	changed, err := t.decoder.configure(p.id, p.data)
	if err != nil {
		malformed := !errors.Is(err, codec.ErrUnsupported)
		if malformed {
			d.dropped++
		}
		t.configured = t.configured && malformed
		if !t.configured {
			d.refuse(refusal{p.id, fmt.Sprintf("%v %v: %v", p.codec, p.id.Kind, err)}, h)
		}
		return nil
	}
	t.configured = true
	if changed == nil {
		return nil
	}
	return h.Track(*changed)
}

// frame takes coded data.
func (d *Demuxer) frame(time uint32, p packet, h Handler) error {
	t := d.track(p)
	if !t.configured {
		d.dropped++
		return nil
	}
	f, ok := t.decoder.frame(p.data)
	if !ok {
		d.dropped++
	}
	if f.changed != nil {
		if err := h.Track(*f.changed); err != nil {
			return err
		}
	}
	if !ok || len(f.data) == 0 {
		return nil
	}
	return h.Frame(media.Frame{Track: p.id, Key: f.key, Time: time, Offset: p.offset, Data: f.data})
}

// fail accounts for a message that cannot be used.
func (d *Demuxer) fail(err error, h Handler) {
	var r refusal
	if errors.As(err, &r) {
		d.refuse(r, h)
		return
	}
	d.dropped++
}

// maxRefusals bounds what a publisher that makes up codecs can have said.
const maxRefusals = 32

// refuse tells h, once.
func (d *Demuxer) refuse(r refusal, h Handler) {
	if len(d.refused) >= maxRefusals || slices.Contains(d.refused, r) {
		return
	}
	d.refused = append(d.refused, r)
	h.Refuse(r.id, r.reason)
}
