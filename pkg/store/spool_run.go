package store

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// How a Spool goes about a store that fails.
const (
	firstPause = 250 * time.Millisecond // after a failure, doubled after each
	lastPause  = 5 * time.Second
	lookEvery  = time.Second // whether writing is slow
)

// Run writes what is put until ctx ends, and then what still waits, each blob
// once, until late ends. It returns nil when everything is written, and otherwise
// how much is not, and why. It is called once, and ended when nobody calls Put any
// more.
//
// A write that the system does not come back from is left behind.
func (s *Spool) Run(ctx, late context.Context) error {
	last, giveUp := context.WithCancel(late)
	defer giveUp()
	ended := make(chan struct{})
	s.beginStaging()
	go func() {
		defer close(ended)
		s.work(ctx)
		s.drain(last)
		s.endStaging(last)
		s.clearAll(last)
	}()
	s.watch(late, ended)
	return s.rest()
}

// watch tells of failures until the writer has ended, or is no longer waited for.
func (s *Spool) watch(late context.Context, ended <-chan struct{}) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	told := false
	for over := false; !over; {
		select {
		case <-late.Done():
			over = true
		case <-ended:
			over = true
		case <-s.news:
		case <-look.C:
		}
		s.look()
		if err := s.Failing(); (err != nil) != told {
			told = err != nil
			blobs, bytes := s.Backlog()
			s.tell(err, blobs, bytes)
		}
	}
}

// look keeps in mind that writing fails, if it does.
func (s *Spool) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if err := s.failing(now); err != nil {
		s.trouble = trouble{err, now}
	}
}

// rest returns an error that says what is not written.
func (s *Spool) rest() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	blobs, bytes := s.queue.blobs+s.spare.blobs, s.queue.bytes+s.spare.bytes
	if blobs == 0 {
		return nil
	}
	cause := ErrSlow
	if s.refusal != nil {
		cause = s.refusal
	}
	return fmt.Errorf("store: %d blobs of %d bytes are not written: %w", blobs, bytes, cause)
}

// work writes what is put until ctx ends. After a failure it pauses, and goes
// on with the next blob: one that is refused for its own sake holds up no other.
func (s *Spool) work(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := firstPause
	for ctx.Err() == nil {
		switch busy, refused := s.turn(); {
		case refused:
			timer.Reset(pause)
			pause = min(2*pause, lastPause)
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		case busy:
			pause = firstPause
		default:
			select {
			case <-s.wake:
			case <-ctx.Done():
			}
		}
	}
}

// turn unstages what is next, and writes the next blob. It reports whether there was
// either, and whether the blob was refused, or else the other: that holds up no blobs.
func (s *Spool) turn() (busy, refused bool) {
	busy, refused = s.clear()
	if it := s.next(); it != nil {
		return true, !s.write(it)
	}
	return busy, refused
}

// drain tries once to write each blob that waits, until ctx ends.
func (s *Spool) drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	for ctx.Err() == nil {
		if busy, _ := s.turn(); busy {
			continue
		}
		if !s.waits() {
			return
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
}

// waits reports whether a blob has not had its last turn.
func (s *Spool) waits() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for range s.queued() {
		return true
	}
	return false
}

// queued returns the blobs that wait to be written, those that are wanted first. At the
// end they are those that have not had their last turn.
func (s *Spool) queued() iter.Seq[*item] {
	return func(yield func(*item) bool) {
		for _, q := range [...]*queue{&s.queue, &s.spare} {
			for it := q.first; it != nil; it = it.next {
				if !it.final && !yield(it) {
					return
				}
			}
		}
	}
}

// next returns the blob whose turn it is to be written, nil if none waits. What is
// just being staged is passed over.
func (s *Spool) next() *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	for it := range s.queued() {
		if s.staging.busy[it.name] == nil {
			it.state, it.final = writing, s.draining
			return it
		}
	}
	return nil
}

// write puts a blob into the store behind and reports whether it is there. One
// that is refused has its next turn after all others.
func (s *Spool) write(it *item) bool {
	err := s.back.Put(it.name, it.chunks...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unqueue(it)
	if err == nil {
		s.calm(true)
		it.state, it.chunks = written, nil
		delete(s.staging.staged, it.name)
	} else {
		s.requeue(it, err)
		it.state = waiting
	}
	if it.settled != nil {
		close(it.settled)
		it.settled = nil
	}
	return err == nil
}

// queueOf returns the queue that an item is in.
func (s *Spool) queueOf(it *item) *queue {
	if it.spare {
		return &s.spare
	}
	return &s.queue
}

// unqueue takes an item out of its queue.
func (s *Spool) unqueue(it *item) {
	s.queueOf(it).remove(it)
	if it.refused {
		s.refused--
	}
}

// requeue puts back an item that was refused.
func (s *Spool) requeue(it *item, refusal error) {
	s.queueOf(it).push(it)
	it.refused = true
	s.refused++
	s.refusal, s.trouble = refusal, trouble{refusal, time.Now()}
	poke(s.news)
}

// calm ends a failure when nothing that was refused is left, and
// the store behind has just written, or is asked for no more.
func (s *Spool) calm(wrote bool) {
	if s.refusal != nil && s.refused == 0 && (wrote || s.first() == nil) {
		s.refusal = nil
		poke(s.news)
	}
}
