package store

import (
	"iter"
	"time"
)

const (
	// patience is how long Stage waits for the store behind.
	patience = 50 * time.Millisecond

	// hung is how long something waits for the store behind before nothing is
	// staged any more until that has moved.
	hung = time.Second
)

// A job is to stage something in the store behind, or to unstage it. Jobs are used
// again, because there is one for each part of each stream.
type job struct {
	name   string
	note   []byte
	chunks chunks
	undo   bool
	since  time.Time
	done   chan error // has room for one
	timer  *time.Timer
}

// Stage implements Store: in the store behind, for which it waits 50 ms. While that
// fails, or does not move, Stage returns at once.
func (s *Spool) Stage(name string, note []byte, chunks ...[]byte) error {
	j, err := s.assign(job{name: name, note: note, chunks: chunks, since: time.Now()})
	if err != nil {
		return err
	}
	j.timer.Reset(patience)
	select {
	case err := <-j.done:
		j.timer.Stop()
		s.release(j)
		return err
	case <-j.timer.C:
		return ErrSlow // the job goes on
	}
}

// assign gives a job to the writer, unless it would wait in vain.
func (s *Spool) assign(what job) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.refusal != nil:
		return nil, s.refusal
	case len(s.jobs) > 0 && what.since.Sub(s.jobs[0].since) > hung:
		return nil, ErrSlow
	}
	var j *job
	if n := len(s.idle); n > 0 {
		j, s.idle = s.idle[n-1], s.idle[:n-1]
	} else {
		j = &job{done: make(chan error, 1), timer: time.NewTimer(patience)}
	}
	what.done, what.timer = j.done, j.timer
	*j = what
	s.push(j)
	return j, nil
}

func (s *Spool) push(j *job) {
	s.jobs = append(s.jobs, j)
	poke(s.wake)
}

// release makes a job that is done ready for the next one.
func (s *Spool) release(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.note, j.chunks = nil, nil
	s.idle = append(s.idle, j)
}

// Unstage implements Store. It does not wait.
func (s *Spool) Unstage(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push(&job{name: name, undo: true, since: time.Now(), done: make(chan error, 1)})
	return nil
}

// Staged implements Store.
func (s *Spool) Staged() iter.Seq2[Staged, error] { return s.back.Staged() }

// stageNext does the oldest job, and reports whether there was one.
func (s *Spool) stageNext() bool {
	j := s.oldestJob()
	if j == nil {
		return false
	}
	var err error
	if j.undo {
		err = s.back.Unstage(j.name)
	} else {
		err = s.back.Stage(j.name, j.note, j.chunks...)
	}
	s.mu.Lock()
	s.jobs = append(s.jobs[:0], s.jobs[1:]...)
	s.mu.Unlock()
	j.done <- err
	return true
}

func (s *Spool) oldestJob() *job {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.jobs) == 0 {
		return nil
	}
	return s.jobs[0]
}
