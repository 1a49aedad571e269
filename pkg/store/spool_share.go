package store

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// shares are how many bytes of a queue belong to whom: to the first two elements of
// the names of blobs.
type shares map[string]int64

// LimitShares lets no more than so many bytes of all blobs wait that have the same
// two first elements in their names, their owner: the memory is not for one of them
// alone. Put returns ErrFull for more. 0 is no limit. It is called before anything
// is put.
func (s *Spool) LimitShares(bytes int64) { s.each = bytes }

// Share returns how many bytes the blobs of an owner should have that wait and are
// not spare, and whether they have more, with one more blob of that name and size.
// All owners together should have half of the memory, and each of them half of the
// limit for one: the rest is for what is spare, and for what comes. Where that is not
// enough, those that have most should have less.
func (s *Spool) Share(name string, size int64) (bytes int64, less bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	bytes = math.MaxInt64
	if s.each > 0 {
		bytes = s.each / 2
	}
	if half := s.limit / 2; s.queue.bytes+size > half {
		bytes = min(bytes, s.queue.shares.level(half-size))
	}
	return bytes, s.queue.shares[owner(name)]+size > bytes
}

// Spare says that a blob is wanted no longer, and only kept for those who are late:
// as long as it waits, it makes room for others, and its turn is after all of them.
func (s *Spool) Spare(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.blobs.held[name]
	if it == nil || it.state == written || it.spare {
		return
	}
	s.queue.remove(it)
	it.spare = true
	s.spare.push(it)
}

// room makes room for a blob, by dropping what is spare, or returns ErrFull.
func (s *Spool) room(it *item) error {
	who, wanted := owner(it.name), &s.queue
	switch {
	case wanted.bytes+it.size > s.limit:
		return s.full(it.time)
	case s.each > 0 && wanted.shares[who]+it.size > s.each, !wanted.shares.fair(who, it.size, s.limit):
		return s.fullFor(who, it.time)
	}
	for wanted.bytes+s.spare.bytes+it.size > s.limit {
		if !s.drop("") {
			return s.full(it.time)
		}
	}
	for s.each > 0 && wanted.shares[who]+s.spare.shares[who]+it.size > s.each {
		if !s.drop(who) {
			return s.fullFor(who, it.time)
		}
	}
	return nil
}

// fullFor returns ErrFull, with its cause, for who has its share.
func (s *Spool) fullFor(who string, now time.Time) error {
	return fmt.Errorf("%w, for %s: it has %d bytes", s.full(now), who, s.queue.shares[who])
}

// drop removes the spare blob that has been so for longest, of one owner or, with
// "", of any, and reports whether there was one.
func (s *Spool) drop(who string) bool {
	for it := s.spare.first; it != nil; it = it.next {
		if it.state == waiting && (who == "" || owner(it.name) == who) {
			s.cancel(it)
			return true
		}
	}
	return false
}

// level returns the largest share, so that all together have no more than so many
// bytes: who has less than that keeps what it has.
func (s shares) level(bytes int64) int64 {
	held := slices.Sorted(maps.Values(s))
	for i, h := range held {
		part := bytes / int64(len(held)-i)
		if h > part {
			return max(part, 0)
		}
		bytes -= h
	}
	return math.MaxInt64
}

// fair reports whether somebody may have so many bytes more: half of an equal part
// of the limit is everybody's own, also while others have less.
func (s shares) fair(who string, more, limit int64) bool {
	all := int64(len(s))
	if s[who] == 0 {
		all++
	}
	part, sum := limit/(2*all), s[who]+more
	if sum <= part {
		return true
	}
	for name, held := range s {
		if name != who {
			sum += max(held, part)
		}
	}
	return sum <= limit
}

// add adds to the share that a blob belongs to.
func (s *shares) add(it *item, bytes int64) {
	if *s == nil {
		*s = make(shares)
	}
	name := owner(it.name)
	if (*s)[name] += bytes; (*s)[name] == 0 {
		delete(*s, name)
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
