package store

import (
	"encoding/binary"
	"hash/crc32"
)

// A note stands in a file of notes behind its size and the CRC-32 of all that
// follows: of how many bytes it is about, and of the note itself.
const noteHead = 4 + 4 + 8

// appendNote appends a note on the first about bytes of something.
func appendNote(b []byte, about int64, note []byte) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(note)))
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(about))
	b = append(b, note...)
	binary.BigEndian.PutUint32(b[at+4:], crc32.ChecksumIEEE(b[at+8:]))
	return b
}

// lastNote returns the last note of a file of them, and of how many bytes it is.
// What is behind the last whole note is passed over.
func lastNote(file []byte) (about int64, note []byte) {
	for len(file) >= noteHead {
		end := noteHead + int(binary.BigEndian.Uint32(file))
		if end > len(file) || binary.BigEndian.Uint32(file[4:]) != crc32.ChecksumIEEE(file[8:end]) {
			break
		}
		about, note = int64(binary.BigEndian.Uint64(file[8:])), file[noteHead:end]
		file = file[end:]
	}
	return about, note
}
