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
	configured bool // there is a configuration, or there was a frame that needs none
	tells      bool // frames have their configuration in them
	blank      bool // a sequence header came that is empty
	decoder    decoder

	own, announced media.Track // as the decoder has it, and with what its publisher says beside
	colors         colors
	told           bool // since the newest key frame

	begun moment // of the newest frame
}

// A moment is what a packet says of its time.
type moment struct{ time, nanos uint32 }

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
	length  media.Ticks // 0 unless it says that
	joins   bool        // it is as old as the packet before it, of which it has the rest
	changed *media.Track
}

// newTrack returns a track of a codec.
func newTrack(p packet) *track {
	t := &track{id: p.id, codec: p.codec}
	switch p.codec {
	case media.H264:
		t.decoder = newNALDecoder(avcCodec{})
	case media.HEVC:
		t.decoder = newNALDecoder(hevcCodec{})
	case media.AV1:
		t.decoder = &av1Decoder{}
	case media.VP9:
		t.decoder = &vp9Decoder{}
	case media.AAC:
		t.decoder = &aacDecoder{}
	case media.Opus:
		t.decoder = &opusDecoder{}
	case media.FLAC:
		t.decoder = &flacDecoder{}
	case media.MP3, media.AC3:
		t.tells, t.decoder = true, &selfDecoder{codec: p.codec, id: p.id}
	case media.EAC3:
		t.tells, t.decoder = true, &eac3Decoder{selfDecoder: selfDecoder{codec: p.codec, id: p.id}}
	}
	return t
}

// maxTracks bounds what a publisher that makes up tracks can have kept.
const maxTracks = 32

// track returns the track of p, nil when there are too many. One that is in another codec, which no
// description changes, stays until the new one is found to be one.
func (d *Demuxer) track(p packet) *track {
	i := d.index(p.id)
	switch {
	case i >= 0 && (d.tracks[i].codec == p.codec || p.kind == description):
		return d.tracks[i]
	case i >= 0:
		return newTrack(p)
	case len(d.tracks) == maxTracks:
		return nil
	}
	t := newTrack(p)
	d.tracks = append(d.tracks, t)
	return t
}

func (d *Demuxer) index(id media.TrackID) int {
	return slices.IndexFunc(d.tracks, func(t *track) bool { return t.id == id })
}

// deliver hands on what a packet holds. The error is that of h.
func (d *Demuxer) deliver(time uint32, p packet, h Handler) (err error) {
	if p.kind == ignored {
		return nil
	}
	t := d.track(p)
	if t == nil {
		d.refuse(refusal{media.TrackID{Kind: p.id.Kind}, fmt.Sprintf("a publication of more than %d tracks is not supported", maxTracks)}, h)
		return nil
	}
	switch p.kind {
	case sequenceStart:
		err = d.configure(t, p, h)
	case codedFrames:
		err = d.frame(t, time, p, h)
	case description:
		d.describe(t, p)
	case ignored:
	}
	if t.configured {
		d.tracks[d.index(p.id)] = t
	}
	return err
}

// configure takes a sequence header. One that cannot be used is told to the
// broadcaster, but for a malformed one while frames go on under the former, and an
// empty one in front of the first: ffmpeg sends it when it cannot know yet what is to
// be in it, and another one before the first frame.
func (d *Demuxer) configure(t *track, p packet, h Handler) error {
	if len(p.data) == 0 && !t.configured {
		t.blank = true
		return nil
	}
	const largest = codec.MaxParameterSetBytes + 1<<10 // bytes, with what is around the sets
	var changed *media.Track
	err := fmt.Errorf("a sequence header of %d bytes", len(p.data))
	if len(p.data) <= largest {
		changed, err = t.decoder.configure(p.id, p.data)
	}
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
	t.configured = t.configured || !t.tells
	if changed == nil {
		return nil
	}
	t.own = *changed
	return t.announce(h)
}

// announce tells of a track unless nothing of it has changed.
func (t *track) announce(h Handler) error {
	before := t.announced
	t.announced, t.told = t.colors.of(t.own), false
	if t.announced.Equal(before) {
		return nil
	}
	return h.Track(t.announced)
}

// describe takes what is said of colours, from the next key frame on: what came before was encoded as said
// before. What is said of another
// codec than the track has is of another track: ffmpeg leaves its number out.
func (d *Demuxer) describe(t *track, p packet) {
	if t.codec != p.codec {
		d.dropped++
		return
	}
	colors, told, ok := parseColors(p.data)
	if !ok {
		d.dropped++
	}
	if !told {
		return
	}
	t.colors, t.told = colors, true
}

// frame takes coded data.
func (d *Demuxer) frame(t *track, time uint32, p packet, h Handler) error {
	if !t.configured && !t.tells {
		d.dropped++
		if t.blank {
			d.refuse(refusal{p.id, fmt.Sprintf("%v %v: the sequence header is empty", p.codec, p.id.Kind)}, h)
		}
		return nil
	}
	if t.codec == media.AV1 {
		p.nanos = 0 // its pictures are shown when they are decoded ("AV1 Codec ISO Media File Format Binding" 2.4)
	}
	f, ok := t.decoder.frame(p.data)
	if !f.joins {
		t.begun = moment{time, p.nanos}
	}
	if !ok {
		d.dropped++
	}
	if f.changed != nil {
		t.own = *f.changed
	}
	if f.changed != nil || t.told && f.key && t.own.Codec != 0 {
		if err := t.announce(h); err != nil {
			return err
		}
	}
	if !ok || len(f.data) == 0 {
		return nil
	}
	t.configured = true
	return h.Frame(media.Frame{
		Track: p.id, Key: f.key, Time: t.begun.time, Offset: p.offset, Nanos: t.begun.nanos, Length: f.length, Data: f.data,
	})
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
