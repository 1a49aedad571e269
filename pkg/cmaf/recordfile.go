package cmaf

import (
	"encoding/binary"
	"fmt"
	"io"
)

// ReadRecord returns the record in a segment's file of the given size, and how many
// bytes of media are in front of it, or an error that wraps ErrTorn, ErrNoRecord or
// what the file returned. It reads the record and the headers of the boxes in front
// of it only.
func ReadRecord(file io.ReaderAt, size int64) (record Record, media int64, err error) {
	if media, err = MediaSize(file, size); err != nil {
		return Record{}, 0, err
	}
	if err := walk(file, media); err != nil {
		return Record{}, 0, err
	}
	box := make([]byte, size-media)
	if err := readAt(file, box, media); err != nil {
		return Record{}, 0, err
	}
	record, err = parseRecord(box)
	return record, media, err
}

// MediaSize returns how many of the bytes of a segment's file are its media: all
// that are not a record. It looks at the type of the record only.
func MediaSize(file io.ReaderAt, size int64) (int64, error) {
	const least = int64(recordHead + recordTail)
	var field [recordHead]byte
	if size < least {
		return size, nil
	}
	if err := readAt(file, field[:4], size-4); err != nil {
		return 0, err
	}
	length := int64(binary.BigEndian.Uint32(field[:]))
	if length < least || length > min(size, maxRecord) {
		return size, nil
	}
	if err := readAt(file, field[:], size-length); err != nil {
		return 0, err
	}
	if int64(binary.BigEndian.Uint32(field[:])) != length || string(field[4:recordHead-1]) != "uuid"+recordUUID {
		return size, nil
	}
	return size - length, nil
}

// walk returns ErrTorn unless whole boxes fill the first size bytes of a file.
func walk(file io.ReaderAt, size int64) error {
	const most = 1 << 16 // boxes
	var head [boxHeader]byte
	at := int64(0)
	for range most {
		if at == size && size > 0 {
			return nil
		}
		if size-at < boxHeader {
			break
		}
		if err := readAt(file, head[:], at); err != nil {
			return err
		}
		length := int64(binary.BigEndian.Uint32(head[:]))
		if length < boxHeader || length > size-at {
			break
		}
		at += length
	}
	return fmt.Errorf("%w at byte %d of %d", ErrTorn, at, size)
}

func readAt(file io.ReaderAt, b []byte, at int64) error {
	if n, err := file.ReadAt(b, at); n < len(b) {
		return fmt.Errorf("cmaf record: %w", err)
	}
	return nil
}
