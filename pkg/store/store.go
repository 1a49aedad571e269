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
