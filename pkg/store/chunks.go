package store

import "io"

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

// chunksBlob is an open blob in pieces. The section bounds what is read and
// refuses a negative offset.
type chunksBlob struct{ *io.SectionReader }

func newChunksBlob(c chunks, size int64) chunksBlob {
	return chunksBlob{io.NewSectionReader(c, 0, size)}
}

// Close implements Blob.
func (chunksBlob) Close() error { return nil }
