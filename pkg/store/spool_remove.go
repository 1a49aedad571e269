package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// Remove implements Store. A blob that is just being written is removed when
// that has ended.
func (s *Spool) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("remove %q: %w", name, err)
	}
	it, err := s.take(name)
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	if it == nil {
		return nil
	}
	err = s.back.Remove(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		it.removing = false
		return err
	}
	s.forget(it)
	return err
}

// take removes a blob that is in memory. One that is in the store behind it
// returns, marked so that nobody else removes it there.
func (s *Spool) take(name string) (*item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		it := s.blobs.held[name]
		switch {
		case it == nil || it.removing:
			return nil, fs.ErrNotExist
		case it.state == waiting:
			s.cancel(it)
			return nil, nil //nolint:nilnil // nothing is left to do
		case it.state == written:
			it.removing = true
			return it, nil
		}
		s.await(it)
	}
}

// cancel removes a blob that waits, and what is staged under its name.
func (s *Spool) cancel(it *item) {
	s.unqueue(it)
	s.calm(false)
	s.forget(it)
	if _, staged := s.staging.staged[it.name]; staged {
		s.unstage(it.name)
	}
}

// await waits, without the lock, until an item is no longer being written.
func (s *Spool) await(it *item) {
	if it.settled == nil {
		it.settled = make(chan struct{})
	}
	settled := it.settled
	s.mu.Unlock()
	<-settled
	s.mu.Lock()
}

// forget makes the name of a blob free.
func (s *Spool) forget(it *item) {
	s.blobs.drop(it.name)
	s.bytes -= it.size
}
