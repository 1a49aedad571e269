package store

import (
	"errors"
	"io"
)

// chunks is the bytes of a blob in pieces.
type chunks [][]byte

// ReadAt implements io.ReaderAt.
func (c chunks) ReadAt(p []byte, off int64) (n int, err error) {
	for _, chunk := range c {
		if off >= int64(len(chunk)) {
			off -= int64(len(chunk))
			continue
		}
		n += copy(p[n:], chunk[off:])
		off = 0
		if n == len(p) {
			return n, nil
		}
	}
	return n, io.EOF
}

// consume drops the first n bytes of chunks, which it may change.
func consume(chunks [][]byte, n int) [][]byte {
	for len(chunks) > 0 && n >= len(chunks[0]) {
		n -= len(chunks[0])
		chunks = chunks[1:]
	}
	if n > 0 {
		chunks[0] = chunks[0][n:]
	}
	return chunks
}

// A Bytes is an open blob whose bytes are in memory, in pieces. The section bounds what
// is read and refuses a negative offset.
type Bytes struct {
	*io.SectionReader
	chunks chunks
}

// NewBytes returns the blob of the chunks, one after the other. It copies nothing.
func NewBytes(chunks ...[]byte) Bytes { return newBytes(chunks, sizeOf(chunks)) }

func newBytes(c chunks, size int64) Bytes { return Bytes{io.NewSectionReader(c, 0, size), c} }

// CopyN writes the next n bytes, or all if there are fewer, to w: those that are there,
// no copies.
func (b Bytes) CopyN(w io.Writer, n int64) (written int64, err error) {
	at, err := b.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	skip := at
	for _, chunk := range b.chunks {
		size := int64(len(chunk))
		if from, to := min(skip, size), min(skip+n-written, size); from < to && err == nil {
			var some int
			some, err = w.Write(chunk[from:to])
			written += int64(some)
		}
		skip = max(skip-size, 0)
	}
	_, failed := b.Seek(at+written, io.SeekStart)
	return written, errors.Join(err, failed)
}

// Close implements Blob.
func (Bytes) Close() error { return nil }
