// Package store keeps named, immutable blobs: what is put under a name is
// written whole, once, and never changes until it is removed. There is a store
// in memory, one on disk, and a spool that stands in front of a disk that is
// slow or full; the suite in storetest holds for all.
//
// # Names
//
// A name is a slash-separated path such as "live/show/v0/161581317340590.m4s".
// It has at most MaxDepth elements of at most MaxElement bytes out of
// [A-Za-z0-9._~-], none of which begins with a dot. Every other name is refused
// with ErrName before anything is touched, so that no name leaves the store.
//
// # Staging
//
// A blob that is made piece by piece can be staged until it is put. What is staged
// is no blob: Open and List do not see it. But where blobs outlive the process, it
// does, too, and the next process finds it by Staged.
//
// # Concurrency
//
// Stores are used by any number of goroutines. A blob is seen by Open and List
// when it is complete and not before; once opened it stays readable, even after
// it is removed.
package store

import (
	"io"
	"iter"
	"time"
)

// A Store keeps blobs under names. Errors wrap fs.ErrNotExist, fs.ErrExist or
// ErrName where they say so, and name the operation and the blob.
type Store interface {
	// Put stores the chunks, one after the other, under name. It is atomic:
	// after an error there is no blob that was not there before. A name that
	// is in use, or being written, is fs.ErrExist and keeps its first bytes.
	// Put may retain the chunks and the slice that holds them, and writes to
	// neither; the caller must not write to them afterwards.
	Put(name string, chunks ...[]byte) error

	// Stage keeps the first bytes of a blob that is to be put later, which are
	// all chunks together, with a note on them. Each time it is called for a name
	// there are more of them; Put then begins with the same. What is staged can
	// be found by the next process whatever happens to this one. After an error
	// that cannot be relied on, and Stage may retain the note and the chunks.
	// Calls for one name, and those of Put and Unstage, follow one another.
	Stage(name string, note []byte, chunks ...[]byte) error

	// Unstage forgets what is staged under a name, as Put does. It may return
	// before it is forgotten.
	Unstage(name string) error

	// Staged yields what earlier processes staged and neither put nor unstaged.
	// It is called before anything is staged.
	Staged() iter.Seq2[Staged, error]

	// Open returns the blob of that name, or fs.ErrNotExist. The caller
	// closes it.
	Open(name string) (Blob, error)

	// Remove removes the blob of that name, or returns fs.ErrNotExist.
	Remove(name string) error

	// List yields what is stored below the directory dir ("" is all) in no
	// particular order. A blob that is put or removed meanwhile may or may
	// not be among it. After an error it ends.
	List(dir string) iter.Seq2[Entry, error]

	// Usage returns how much is stored.
	Usage() Usage
}

// A Blob is an open blob. It is used by one goroutine at a time, except for
// ReadAt. The Blob of a Disk is a syscall.Conn over a file, which lets net/http
// send it with sendfile.
type Blob interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64 // in bytes
}

// Staged is what was staged under a name: the newest note, and the bytes that it is
// about. Both are nil when nothing can be relied on.
type Staged struct {
	Name       string
	Note, Data []byte
}

// An Entry describes one stored blob.
type Entry struct {
	Name string
	Size int64     // in bytes
	Time time.Time // when it was put
}

// Usage is what a store holds.
type Usage struct {
	Blobs int64
	Bytes int64
}
