package flv

import (
	"encoding/binary"

	"sluice/pkg/codec"
)

// An accessUnit is what one pass over the NAL units of a message found.
type accessUnit struct {
	sliced bool // there is a coded slice
	key    bool // there is an IDR slice
	clean  bool // every byte belongs into the frame
	sets   int  // SPS and PPS
	size   int  // of the units that may be kept, with four-byte lengths
}

// maxSets is how many SPS and PPS one message may hold; those beyond are
// dropped unread.
const maxSets = 64

// scan looks through data, and learns the parameter sets in it.
func (d *avcDecoder) scan(data []byte) accessUnit {
	unit := accessUnit{clean: true}
	for len(data) > 0 {
		nal, rest, ok := codec.NextNAL(data, d.config.LengthSize)
		if !ok {
			unit.clean = false
			break
		}
		data = rest
		switch kind := codec.AVCTypeOf(nal); {
		case len(nal) == 0 || kind == codec.AVCFiller:
			unit.clean = false
			continue
		case isSet(kind):
			unit.clean = false
			unit.sets++
			if unit.sets <= maxSets {
				d.sets.learn(nal)
			}
		default:
			unit.sliced = unit.sliced || kind.IsSlice()
			unit.key = unit.key || kind == codec.AVCIDR
		}
		unit.size += codec.LengthSize + len(nal)
	}
	return unit
}

// rewrite returns the units of data that belong into the frame, with
// four-byte lengths. It works in place when the lengths of data have as many.
func (d *avcDecoder) rewrite(data []byte, unit accessUnit) []byte {
	out := data[:0]
	if d.config.LengthSize != codec.LengthSize {
		out = make([]byte, 0, unit.size)
	}
	sets := 0
	for len(data) > 0 {
		nal, rest, ok := codec.NextNAL(data, d.config.LengthSize)
		if !ok {
			break
		}
		data = rest
		kind := codec.AVCTypeOf(nal)
		if len(nal) == 0 || kind == codec.AVCFiller {
			continue
		}
		if isSet(kind) {
			sets++
			if unit.key || sets > maxSets || inForce(d.config, nal) {
				continue
			}
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(nal)))
		out = append(out, nal...)
	}
	return out
}

// isSet reports whether t is an SPS or a PPS.
func isSet(t codec.AVCType) bool { return t == codec.AVCSPS || t == codec.AVCPPS }
