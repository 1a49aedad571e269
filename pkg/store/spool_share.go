package store

import (
	"fmt"
	"strings"
)

// shares are how many bytes of a queue belong to whom.
type shares struct {
	each int64 // the largest share, 0 for any
	held map[string]int64
}

// LimitShares lets no more than so many bytes of all blobs wait that have the same
// two first elements in their names: the queue is not for one of them alone. Put
// returns ErrFull for more. 0 is no limit. It is called before anything is put.
func (s *Spool) LimitShares(bytes int64) { s.queue.shares.each = bytes }

// room returns ErrFull when the queue has no room for a blob.
func (s *Spool) room(it *item) error {
	q := &s.queue
	switch {
	case q.bytes+it.size > s.limit:
		return s.full(it.time)
	case q.shares.each > 0 && q.shares.held[owner(it.name)]+it.size > q.shares.each:
		return fmt.Errorf("%w, for all of %s: %d bytes", s.full(it.time), owner(it.name), q.shares.each)
	}
	return nil
}

// add adds to the share that a blob belongs to.
func (s *shares) add(it *item, bytes int64) {
	if s.held == nil {
		s.held = make(map[string]int64)
	}
	name := owner(it.name)
	if s.held[name] += bytes; s.held[name] == 0 {
		delete(s.held, name)
	}
}

// owner returns the first two elements of a name, or all of one that has fewer.
func owner(name string) string {
	first := strings.IndexByte(name, '/') + 1
	if second := strings.IndexByte(name[first:], '/'); second >= 0 {
		return name[:first+second]
	}
	return name
}

// Holds reports whether a blob is in memory: to open it takes no disk.
func (s *Spool) Holds(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	it := s.blobs.held[name]
	return it != nil && it.state != written
}
