package cmaf

import (
	"encoding/binary"
	"hash/crc32"
)

// Sealed returns fields as a box that has the right size and checksum.
func Sealed(fields []byte) []byte {
	b := append(appendBox(nil, 0, "styp"), recordUUID...)
	binary.BigEndian.PutUint32(b, boxHeader+uint32(len(recordUUID)))
	at := len(b)
	b = append(appendBox(b, recordHead+len(fields)+recordTail, "uuid"), recordUUID...)
	b = append(append(b, recordVersion), fields...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
	return binary.BigEndian.AppendUint32(b, uint32(recordHead+len(fields)+recordTail))
}
