package gateway

import (
	"errors"
	"io"
	"path"
	"syscall"

	"sluice/pkg/cmaf"
	"sluice/pkg/store"
)

// viewing is a store as viewers see it: segments without their records.
type viewing struct{ store.Store }

// Open implements store.Store.
func (v viewing) Open(name string) (store.Blob, error) {
	blob, err := v.Store.Open(name)
	if err != nil || path.Ext(name) != ".m4s" {
		return blob, err
	}
	size, err := cmaf.MediaSize(blob, blob.Size())
	if err != nil {
		return nil, errors.Join(err, blob.Close())
	}
	seen := &medium{blob, size}
	if conn, ok := blob.(syscall.Conn); ok {
		return mediumFile{seen, conn}, nil
	}
	return seen, nil
}

// A medium is the first size bytes of a blob.
type medium struct {
	store.Blob
	size int64
}

// A mediumFile is a medium that net/http can send with sendfile: it asks for as much
// as Seek says that there is, or else lets it write itself.
type mediumFile struct {
	*medium
	syscall.Conn
}

// Size implements store.Blob.
func (m *medium) Size() int64 { return m.size }

// rest returns what is left of the medium from where it is.
func (m *medium) rest() (*io.LimitedReader, error) {
	at, err := m.Blob.Seek(0, io.SeekCurrent)
	return &io.LimitedReader{R: m.Blob, N: m.size - at}, err
}

// Read implements io.Reader.
func (m *medium) Read(p []byte) (int, error) {
	rest, err := m.rest()
	if err != nil {
		return 0, err
	}
	return rest.Read(p)
}

// WriteTo implements io.WriterTo.
func (m *medium) WriteTo(w io.Writer) (int64, error) {
	rest, err := m.rest()
	if err != nil {
		return 0, err
	}
	return io.Copy(w, rest)
}

// ReadAt implements io.ReaderAt.
func (m *medium) ReadAt(p []byte, off int64) (int, error) {
	return io.NewSectionReader(m.Blob, 0, m.size).ReadAt(p, off)
}

// Seek implements io.Seeker.
func (m *medium) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		offset, whence = m.size+offset, io.SeekStart
	}
	return m.Blob.Seek(offset, whence)
}
