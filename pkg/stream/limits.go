package stream

import (
	"errors"
	"sync/atomic"
	"time"
)

// Limits are what streams may take. 0 is no limit.
type Limits struct {
	Publishers int // at a time, of all names, those that stand by included
	Streams    int // names at a time; those that have ended make room

	Cutting int64 // bytes of the segments of one stream that are being cut
	Stored  int64 // bytes of the segments of one stream that are in the store
}

// What Publish returns when one more would be too many. They name the key of the
// setting, for the log.
var (
	ErrPublishers = errors.New("the server has as many publishers as it may have (limits.publishers)")
	ErrStreams    = errors.New("the server has as many streams as it may have (limits.streams)")
)

// seats are for publishers: as many as there may be.
type seats struct {
	limit atomic.Int64 // 0 is none
	taken atomic.Int64
}

// A seat is that of one publisher, if it has taken one.
type seat struct {
	*seats
	mine bool
}

// take takes a seat, or returns ErrPublishers when there is none.
func (s *seat) take() error {
	if s.mine {
		return nil
	}
	for {
		taken, limit := s.taken.Load(), s.limit.Load()
		if limit > 0 && taken >= limit {
			return ErrPublishers
		}
		if s.taken.CompareAndSwap(taken, taken+1) {
			s.mine = true
			return nil
		}
	}
}

// leave gives the seat back, if there is one.
func (s *seat) leave() {
	if s.mine {
		s.mine = false
		s.taken.Add(-1)
	}
}

// inherit takes the seat of somebody who is about to leave it: however full it is,
// a publisher can come in the place of another.
func (s *seat) inherit(from *seat) {
	if !s.mine {
		s.mine, from.mine = from.mine, false
	}
}

// makeRoom reports whether there may be one more name. Streams that have ended,
// and are kept for those who still watch them, make room: the one that ended first
// is forgotten.
func (r *Registry) makeRoom() bool {
	limit := r.env.config().Limits.Streams
	for limit > 0 && len(r.programmes) >= limit {
		name, ok := r.endedFirst()
		if !ok {
			return false
		}
		delete(r.programmes, name)
	}
	return true
}

// endedFirst returns the name of the stream that ended first, if any has ended.
func (r *Registry) endedFirst() (first Name, ok bool) {
	var since time.Time
	for name, p := range r.programmes {
		if s := p.live.Snapshot(); s.Ended && (!ok || s.Published.Before(since)) {
			first, since, ok = name, s.Published, true
		}
	}
	return first, ok
}
