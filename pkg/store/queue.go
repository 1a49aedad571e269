package store

import "time"

// An item is a blob of a Spool.
type item struct {
	name   string
	size   int64
	time   time.Time // when it was put
	chunks chunks    // until it is written

	state    state
	spare    bool          // it is in the queue of what is spare
	refused  bool          // the store behind did not take it
	final    bool          // it has had its last turn
	removing bool          // Remove is about it in the store behind
	settled  chan struct{} // is closed at the end of writing; made by who waits for it

	previous, next *item // in the queue
}

// A state says where an item is.
type state uint8

const (
	waiting state = iota // in the queue
	writing              // in the queue, and being put into the store behind
	written              // in the store behind only
)

// A queue is something that a Spool has not written, in the order of its turn.
type queue struct {
	first, last  *item
	blobs, bytes int64
	shares       shares
}

func (q *queue) push(it *item) {
	it.previous, it.next = q.last, nil
	if q.last == nil {
		q.first = it
	} else {
		q.last.next = it
	}
	q.last = it
	q.blobs++
	q.bytes += it.size
	q.shares.add(it, it.size)
}

func (q *queue) remove(it *item) {
	if it.previous == nil {
		q.first = it.next
	} else {
		it.previous.next = it.next
	}
	if it.next == nil {
		q.last = it.previous
	} else {
		it.next.previous = it.previous
	}
	it.previous, it.next = nil, nil
	q.blobs--
	q.bytes -= it.size
	q.shares.add(it, -it.size)
}
