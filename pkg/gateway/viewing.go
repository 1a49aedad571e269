package gateway

import (
	"errors"
	"fmt"
	"io"
	"path"
	"syscall"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/store"
)

// viewing is a store as viewers see it: segments without their records.
type viewing struct {
	store.Store
	spool *store.Spool  // that is Store, nil if there is none
	turns chan struct{} // has room for those who open something on the disk
}

const (
	// opening is how many segments are opened on the disk at a time. Each takes
	// a thread while the disk hangs, and the runtime ends a process with 10000.
	opening = 256

	// turnIn is how long one more waits until one of them is open.
	turnIn = 2 * time.Second
)

func newViewing(s store.Store, spool *store.Spool) viewing {
	return viewing{s, spool, make(chan struct{}, opening)}
}

// Open implements store.Store. It returns store.ErrHangs when the disk takes no
// more.
func (v viewing) Open(name string) (store.Blob, error) {
	if v.spool == nil || v.spool.Holds(name) {
		return v.open(name)
	}
	select {
	case v.turns <- struct{}{}:
	case <-time.After(turnIn):
		return nil, fmt.Errorf("open %s: %w", name, store.ErrHangs)
	}
	defer func() { <-v.turns }()
	return v.open(name)
}

func (v viewing) open(name string) (store.Blob, error) {
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
