package hooks

import (
	"sync"
	"time"
)

const (
	// room is how many events wait for one receiver, and roomOfOne how many of them are of one stream.
	room      = 1000
	roomOfOne = 200
)

// A parcel is an event on its way to a receiver.
type parcel struct {
	id    string
	event Event
	body  *body // nil before it was sent
	tries int
	since time.Time // when it was told
}

// A lane is what waits of one stream. One of it is sent at a time, in the order in which it came.
type lane struct {
	stream  string
	parcels []*parcel
	due     time.Time // when the first of them is to be sent
	sending *parcel   // that one, while it is
}

// A queue holds parcels, of each stream in its order.
type queue struct {
	mu      sync.Mutex
	lanes   map[string]*lane // none is empty
	waiting int
	held    time.Time     // before that nothing is sent
	closing bool          // nothing comes any more, and nothing waits until it is due
	changed chan struct{} // is closed when that is so
}

// add adds a parcel, and reports whether there was room.
func (q *queue) add(stream string, p *parcel) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lanes[stream]
	if q.waiting >= room || l != nil && len(l.parcels) >= roomOfOne {
		return false
	}
	if l == nil {
		l = &lane{stream: stream, due: p.since}
		q.lanes[stream] = l
	}
	l.parcels = append(l.parcels, p)
	q.waiting++
	q.announce()
	return true
}

// announce wakes all who wait.
func (q *queue) announce() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// close has what waits be sent at once, and not again.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing = true
	q.announce()
}

// take returns the lane whose first parcel is to be sent now, of several the one that was due first; or
// else when one is, in how long, and what tells of a change before that. Over says that nothing will be.
func (q *queue) take(now time.Time) (l *lane, in time.Duration, changed <-chan struct{}, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, other := range q.lanes {
		if other.sending == nil && (l == nil || other.due.Before(l.due)) {
			l = other
		}
	}
	if q.closing {
		over = q.waiting == 0 || q.held.After(now)
	}
	const never = time.Hour
	switch {
	case over || l == nil:
		return nil, never, q.changed, over
	case !q.closing && l.due.After(now), q.held.After(now):
		return nil, max(l.due.Sub(now), q.held.Sub(now)), q.changed, false
	}
	l.sending = l.parcels[0]
	return l, 0, q.changed, false
}

// pass says that the first parcel of a lane is done with.
func (q *queue) pass(l *lane, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.sending, l.due = nil, now
	l.parcels[0] = nil
	l.parcels = l.parcels[1:]
	if q.waiting--; len(l.parcels) == 0 {
		delete(q.lanes, l.stream)
	}
	q.announce()
}

// hold has nothing be sent before a time.
func (q *queue) hold(until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if until.After(q.held) {
		q.held = until
		q.announce()
	}
}

// keep says that the first parcel of a lane is to be sent again at a time. It reports whether it will be.
func (q *queue) keep(l *lane, at time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing {
		return false
	}
	l.sending, l.due = nil, at
	q.announce()
	return true
}

// size returns how many parcels wait.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}
