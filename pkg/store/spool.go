package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"sync"
	"time"
)

// ErrFull is returned by Put of a Spool whose memory has no room for the blob.
var ErrFull = errors.New("the memory for what is not written yet is full")

// ErrSlow is what Failing of a Spool returns while the store behind takes too
// long to write, or says nothing at all.
var ErrSlow = errors.New("what is to be written waits too long")

// A Spool is a Store in front of another one that may be slow, or fail: Put
// leaves a blob in memory, from where it is served, and Run writes it to the
// store behind and lets go of the memory. What the store behind refuses stays
// in memory, and is tried again until it is written or removed. Put fails when
// the memory is full, and for no other fault of the store behind. Blobs that are
// spare make room before it is full.
//
// Put retains the chunks and copies nothing. Put, Open of what is in memory,
// List, Usage, Backlog and Failing never wait for the store behind. Remove does:
// it returns when the blob is gone there, too. What is removed before its turn
// to be written is never written, and what is staged of it is unstaged when the store
// behind has time.
//
// What is in memory when the process dies is lost, unless it was staged: Stage
// waits for the store behind, a little.
type Spool struct {
	back  Store
	limit int64 // bytes that wait
	each  int64 // of them with one owner, 0 for any
	tell  func(failing error, blobs, bytes int64)

	mu       sync.RWMutex
	blobs    index[*item]
	bytes    int64 // of all blobs
	queue    queue // what is not written
	spare    queue // what is not written either, and makes room
	staging  staging
	draining bool  // each blob has one turn more
	refused  int   // items that wait and were refused by the store behind
	refusal  error // the newest one, nil when writing works
	trouble  trouble

	wake chan struct{} // has a token when there may be something to write
	news chan struct{} // has a token when refusal has changed
}

// NewSpool returns a Spool with room for limit bytes in front of the store
// back, of which it must be the only user. It lists what is there.
//
// Run calls tell, which may be nil, with the error when writing begins to fail,
// or is too slow, and with nil when that is over: see Failing. Beside the error is
// what waits then.
func NewSpool(back Store, limit int64, tell func(failing error, blobs, bytes int64)) (*Spool, error) {
	if tell == nil {
		tell = func(error, int64, int64) {}
	}
	s := &Spool{
		back: back, limit: limit, tell: tell,
		wake: make(chan struct{}, 1), news: make(chan struct{}, 1),
		staging: staging{busy: make(map[string]*stager), staged: make(map[string]bool)},
	}
	for entry, err := range back.List("") {
		if err != nil {
			return nil, err
		}
		s.blobs.add(entry.Name, &item{name: entry.Name, size: entry.Size, time: entry.Time, state: written})
		s.bytes += entry.Size
	}
	return s, nil
}

// Put implements Store. It returns ErrFull, and what the store behind said last,
// where the memory has no room for the blob.
func (s *Spool) Put(name string, chunks ...[]byte) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("put %q: %w", name, err)
	}
	it := &item{name: name, size: sizeOf(chunks), time: time.Now(), chunks: chunks}
	if err := s.add(it); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	poke(s.wake)
	return nil
}

func (s *Spool) add(it *item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.blobs.free(it.name); err != nil {
		return err
	}
	if err := s.room(it); err != nil {
		return err
	}
	s.blobs.add(it.name, it)
	s.bytes += it.size
	s.queue.push(it)
	return nil
}

// full returns ErrFull with its cause.
func (s *Spool) full(now time.Time) error {
	if cause := s.failing(now); cause != nil {
		return fmt.Errorf("%w: %w", ErrFull, cause)
	}
	return ErrFull
}

// poke leaves a token in a channel that has room for one.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Open implements Store. The Blob of what is written is that of the store
// behind.
func (s *Spool) Open(name string) (Blob, error) {
	if err := CheckName(name); err != nil {
		return nil, fmt.Errorf("open %q: %w", name, err)
	}
	s.mu.RLock()
	it, ok := s.blobs.held[name]
	var blob Blob
	if ok && it.state != written {
		blob = newBytes(it.chunks, it.size)
	}
	s.mu.RUnlock()
	switch {
	case !ok:
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	case blob != nil:
		return blob, nil
	}
	return s.back.Open(name)
}

// List implements Store. What it yields was stored at one moment.
func (s *Spool) List(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := checkDir(dir); err != nil {
			yield(Entry{}, err)
			return
		}
		for _, entry := range s.entries(dir) {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (s *Spool) entries(dir string) []Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var entries []Entry
	for name, it := range s.blobs.held {
		if below(name, dir) {
			entries = append(entries, Entry{name, it.size, it.time})
		}
	}
	return entries
}

// Usage implements Store: it counts what is written and what is not.
func (s *Spool) Usage() Usage {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Usage{Blobs: int64(len(s.blobs.held)), Bytes: s.bytes}
}

// Backlog returns how much is not written yet.
func (s *Spool) Backlog() (blobs, bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queue.blobs + s.spare.blobs, s.queue.bytes + s.spare.bytes
}

// Failing returns why blobs stay in memory: what the store behind said when it
// last refused one, until it writes again and all that it refused are written or
// removed; else ErrSlow while one waits too long; else the same for ten seconds
// more, in which it may begin again; else nil.
func (s *Spool) Failing() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := time.Now()
	if err := s.failing(now); err != nil {
		return err
	}
	return s.trouble.lately(now)
}

const (
	// slow is how long a blob waits before it waits too long.
	slow = 5 * time.Second

	// settled is for how long writing must work for a failure to be over.
	settled = 10 * time.Second
)

// failing returns why blobs stay in memory at this moment.
func (s *Spool) failing(now time.Time) error {
	first := s.first()
	switch {
	case s.refusal != nil:
		return s.refusal
	case first != nil && now.Sub(first.time) > slow:
		return ErrSlow
	}
	return nil
}

// A trouble is a failure, and when it was there last.
type trouble struct {
	cause error
	at    time.Time
}

// lately returns the cause of one that may not be over yet, else nil.
func (t trouble) lately(now time.Time) error {
	if now.Sub(t.at) < settled {
		return t.cause
	}
	return nil
}

// first returns the blob whose turn is next, nil if none waits.
func (s *Spool) first() *item { return cmp.Or(s.queue.first, s.spare.first) }

// Close closes the store behind, if it is an io.Closer. Run has returned.
func (s *Spool) Close() error {
	if closer, ok := s.back.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
