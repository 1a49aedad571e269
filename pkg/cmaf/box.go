package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// stypSize is the size of what appendStyp writes.
const stypSize = boxHeader + 5*4

// appendStyp writes the segment type box: a DASH media segment (msdh) that is
// a CMAF segment (cmfs) of CMAF chunks (cmfl).
func appendStyp(b []byte) []byte {
	return append(appendBox(b, stypSize, "styp"), "msdh\x00\x00\x00\x00msdhcmfscmfl"...)
}

// appendBox writes the header of a box of the given size, header included.
func appendBox(b []byte, size int, name string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(size)), name...)
}

// appendFullBox writes the header of a box with a version and flags.
func appendFullBox(b []byte, size int, name string, version byte, flags uint32) []byte {
	return binary.BigEndian.AppendUint32(appendBox(b, size, name), uint32(version)<<24|flags)
}

// A box is one box that was read: its type and what follows its header.
type box struct {
	name []byte
	body []byte
}

func (b box) is(name string) bool { return string(b.name) == name }

// nextBox splits the first box off b. Boxes of 64-bit sizes and boxes that
// reach to the end of the file are not used in segments and are errors.
func nextBox(b []byte) (first box, rest []byte, err error) {
	if len(b) < boxHeader {
		return box{}, nil, errors.New("truncated box header")
	}
	size, name := uint64(binary.BigEndian.Uint32(b)), b[4:boxHeader]
	if size < boxHeader || size > uint64(len(b)) {
		return box{}, nil, fmt.Errorf("box %q of %d bytes where %d are left", name, size, len(b))
	}
	return box{name: name, body: b[boxHeader:size]}, b[size:], nil
}

// fullBox splits the version and the flags off the body of a box and checks
// that size bytes follow them.
func fullBox(b box, size int) (version byte, flags uint32, body []byte, err error) {
	if len(b.body) < 4+size {
		return 0, 0, nil, fmt.Errorf("%s of %d bytes", b.name, len(b.body))
	}
	word := binary.BigEndian.Uint32(b.body)
	return byte(word >> 24), word & 0xffffff, b.body[4:], nil
}
