package store

import (
	"context"
	"iter"
	"time"
)

const (
	// patience is how long Stage waits for the store behind.
	patience = 50 * time.Millisecond

	// hung is how long the store behind is about one thing before nothing is staged
	// any more until that has ended.
	hung = time.Second
)

// Staging is done by one goroutine for each name that there is something to stage of
// at the moment: what a disk is long about holds up nothing else. The mutex of the
// Spool guards this.
type staging struct {
	runs   bool
	busy   map[string]*stager // by name
	idle   []*stager
	staged map[string]bool // what may be in the store behind, by name: true if it is to be unstaged
	stale  []string        // the same, by the goroutine that writes blobs
}

// A stager is a goroutine that stages one thing at a time.
type stager struct {
	start chan struct{} // has room for one; closed at the end
	done  chan error    // has room for one
	timer *time.Timer   // of who waits
	task
}

// A task is to stage something.
type task struct {
	name   string
	note   []byte
	chunks chunks
	since  time.Time
	undo   bool // unstage it, then
	left   bool // nobody waits for it
}

// Stage implements Store: in the store behind, for which it waits 50 ms. What takes
// longer goes on, and until that has ended Stage of the same name returns at once: what
// comes later is with the next call that does not. So it does for all names while the
// store behind fails, or is about one of them for longer than a second, and while Run
// does not run.
func (s *Spool) Stage(name string, note []byte, chunks ...[]byte) error {
	st, err := s.engage(name, note, chunks)
	if err != nil {
		return err
	}
	st.timer.Reset(patience)
	select {
	case err = <-st.done:
		st.timer.Stop()
	case <-st.timer.C:
		if s.leave(st) {
			return ErrSlow
		}
		err = <-st.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dismiss(st)
	return err
}

// Unstage implements Store. It does not wait, while Run runs.
func (s *Spool) Unstage(name string) error {
	s.mu.Lock()
	if !s.staging.runs {
		s.mu.Unlock()
		return s.back.Unstage(name)
	}
	defer s.mu.Unlock()
	s.unstage(name)
	return nil
}

// unstage has what may be staged under a name unstaged.
func (s *Spool) unstage(name string) {
	if st := s.staging.busy[name]; st != nil {
		st.undo = true
	} else if !s.staging.staged[name] {
		s.staging.staged[name] = true
		s.staging.stale = append(s.staging.stale, name)
		poke(s.wake)
	}
}

// clear unstages one of those that are to be unstaged. It reports whether there was any,
// and whether the store behind refused, which it may do once more.
func (s *Spool) clear() (busy, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.staging.stale) == 0 {
		return false, false
	}
	name := s.staging.stale[0]
	s.staging.stale = s.staging.stale[1:]
	s.mu.Unlock()
	err := s.back.Unstage(name)
	s.mu.Lock()
	if err != nil && !s.draining {
		s.trouble = trouble{err, time.Now()}
		s.staging.stale = append(s.staging.stale, name)
		return true, true
	}
	delete(s.staging.staged, name) // not before: it must not be staged meanwhile
	return true, false
}

// clearAll unstages what is to be unstaged, at the end, until ctx ends.
func (s *Spool) clearAll(ctx context.Context) {
	for busy := true; busy && ctx.Err() == nil; {
		busy, _ = s.clear()
	}
}

// Staged implements Store.
func (s *Spool) Staged() iter.Seq2[Staged, error] { return s.back.Staged() }

// engage has a stager begin, unless that would be in vain.
func (s *Spool) engage(name string, note []byte, chunks chunks) (*stager, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.refusal != nil:
		return nil, s.refusal
	case !s.staging.runs, s.staging.staged[name]:
		return nil, ErrSlow
	}
	now := time.Now()
	for busy, st := range s.staging.busy {
		if busy == name || now.Sub(st.since) > hung {
			return nil, ErrSlow
		}
	}
	return s.begin(task{name: name, note: note, chunks: chunks, since: now}), nil
}

// begin gives a task to a stager that is idle, or to a new one.
func (s *Spool) begin(task task) *stager {
	var st *stager
	if n := len(s.staging.idle); n > 0 {
		st, s.staging.idle = s.staging.idle[n-1], s.staging.idle[:n-1]
	} else {
		st = &stager{start: make(chan struct{}, 1), done: make(chan error, 1), timer: time.NewTimer(patience)}
		go s.stage(st)
	}
	st.task = task
	s.staging.busy[task.name], s.staging.staged[task.name] = st, false
	st.start <- struct{}{}
	return st
}

// stage is what a stager does.
func (s *Spool) stage(st *stager) {
	for range st.start {
		s.finish(st, s.back.Stage(st.name, st.note, st.chunks...))
	}
}

// finish tells who waits how a task went.
func (s *Spool) finish(st *stager, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.undo {
		s.mu.Unlock()
		err = s.back.Unstage(st.name)
		s.mu.Lock()
		delete(s.staging.staged, st.name)
	}
	delete(s.staging.busy, st.name)
	if st.left || !s.staging.runs || s.blobs.held[st.name] != nil {
		poke(s.wake) // the blob may be waiting to be written, or the end for this
	}
	if st.left {
		s.dismiss(st)
	} else {
		st.done <- err
	}
}

// leave leaves a stager to itself, and reports whether it has not ended.
func (s *Spool) leave(st *stager) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.left = s.staging.busy[st.name] == st
	return st.left
}

// dismiss makes a stager ready for the next task, if there will be one.
func (s *Spool) dismiss(st *stager) {
	st.task = task{}
	if !s.staging.runs {
		close(st.start)
		return
	}
	s.staging.idle = append(s.staging.idle, st)
}

func (s *Spool) beginStaging() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.staging.runs = true
}

// endStaging has all stagers end, and waits for them until ctx ends.
func (s *Spool) endStaging(ctx context.Context) {
	s.mu.Lock()
	s.staging.runs = false
	for _, st := range s.staging.idle {
		close(st.start)
	}
	s.staging.idle = nil
	s.mu.Unlock()
	for ctx.Err() == nil && s.stages() {
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
}

// stages reports whether anything is being staged.
func (s *Spool) stages() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.staging.busy) > 0
}
