package flv

import (
	"bytes"
	"encoding/binary"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// A nalCodec is what is particular to H.264 or HEVC, in which frames are of NAL units.
type nalCodec interface {
	// class returns what a NAL unit is. For a parameter set it also returns which list it
	// belongs to.
	class(nal []byte) (class nalClass, list int)

	// setID returns the id of a parameter set, false when it has none that is valid.
	setID(nal []byte) (uint8, bool)

	// parse reads a configuration record, and build makes one of parameter sets.
	parse(record []byte) (nalConfig, error)
	build(sets setLists) (nalConfig, error)
}

// A nalClass is what NAL units are told apart by.
type nalClass uint8

const (
	nalOther nalClass = iota
	nalSlice
	nalKey    // a slice of a picture at which a decoder can start
	nalSet    // a parameter set
	nalNobody // of use to nobody: filler, or too short
)

// setLists are the parameter sets of each type. H.264 has no VPS. SEI messages, which HEVC's
// configuration may have, stay what they are there.
type setLists [4][][]byte

const (
	listVPS = iota
	listSPS
	listPPS
	listSEI
)

// A nalConfig is a configuration.
type nalConfig struct {
	record     []byte
	lengthSize int // of NAL units, as the publisher announced it
	sets       setLists
	track      func(media.TrackID) media.Track
}

// nalDecoder knows the packets of H.264 and HEVC.
type nalDecoder struct {
	nalCodec
	id     media.TrackID
	header []byte    // the sequence header before this one
	config nalConfig // in force
	sets   parameterSets
}

func newNALDecoder(c nalCodec) *nalDecoder {
	return &nalDecoder{nalCodec: c, sets: parameterSets{nalCodec: c}}
}

func (d *nalDecoder) configure(id media.TrackID, header []byte) (*media.Track, error) {
	if d.header != nil && bytes.Equal(header, d.header) {
		return nil, nil
	}
	config, err := d.parse(header)
	if err != nil {
		return nil, err
	}
	d.id, d.header = id, bytes.Clone(header)
	return d.enforce(config), nil
}

// enforce brings a configuration into force. It returns nil when it is that already.
func (d *nalDecoder) enforce(config nalConfig) *media.Track {
	same := bytes.Equal(config.record, d.config.record)
	d.config = config
	d.sets.reset(config.sets)
	if same {
		return nil
	}
	t := config.track(d.id)
	return &t
}

func (d *nalDecoder) frame(data []byte) (frame, bool) {
	unit := d.scan(data)
	if !unit.sliced {
		// Parameter sets on their own are no frame, but no mistake either.
		return frame{}, unit.sets > 0
	}
	f := frame{data: data, key: unit.key}
	if unit.key && d.sets.changed {
		f.changed = d.reconfigure()
	}
	if !unit.clean || d.config.lengthSize != codec.LengthSize {
		f.data = d.rewrite(data, unit)
	}
	return f, true
}

// reconfigure brings the parameter sets that came in band into force. It
// returns nil when that changes nothing, or they make no configuration.
func (d *nalDecoder) reconfigure() *media.Track {
	config, err := d.build(d.sets.lists)
	if err != nil {
		d.sets.reset(d.config.sets)
		return nil
	}
	config.lengthSize = d.config.lengthSize
	return d.enforce(config)
}

// An accessUnit is what one pass over the NAL units of a message found.
type accessUnit struct {
	sliced bool // there is a coded slice
	key    bool // of a picture at which a decoder can start
	clean  bool // every byte belongs into the frame
	sets   int  // parameter sets
	size   int  // of the units that may be kept, with four-byte lengths
}

// maxSets is how many parameter sets one message may hold; those beyond are
// dropped unread.
const maxSets = 64

// scan looks through data, and learns the parameter sets in it.
func (d *nalDecoder) scan(data []byte) accessUnit {
	unit := accessUnit{clean: true}
	for len(data) > 0 {
		nal, rest, ok := codec.NextNAL(data, d.config.lengthSize)
		if !ok {
			unit.clean = false
			break
		}
		data = rest
		switch class, list := d.class(nal); class {
		case nalNobody:
			unit.clean = false
			continue
		case nalSet:
			unit.clean = false
			unit.sets++
			if unit.sets <= maxSets {
				d.sets.learn(list, nal)
			}
		case nalKey:
			unit.sliced, unit.key = true, true
		case nalSlice:
			unit.sliced = true
		case nalOther:
		}
		unit.size += codec.LengthSize + len(nal)
	}
	return unit
}

// rewrite returns the units of data that belong into the frame, with
// four-byte lengths. It works in place when the lengths of data have as many.
func (d *nalDecoder) rewrite(data []byte, unit accessUnit) []byte {
	out := data[:0]
	if d.config.lengthSize != codec.LengthSize {
		out = make([]byte, 0, unit.size)
	}
	sets := 0
	for len(data) > 0 {
		nal, rest, ok := codec.NextNAL(data, d.config.lengthSize)
		if !ok {
			break
		}
		data = rest
		class, list := d.class(nal)
		if class == nalNobody {
			continue
		}
		if class == nalSet {
			sets++
			if unit.key || sets > maxSets || contains(d.config.sets[list], nal) {
				continue
			}
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(nal)))
		out = append(out, nal...)
	}
	return out
}
