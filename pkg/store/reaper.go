package store

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

// RetryAfter is how long a Reaper waits with a name that could not be removed
// before it tries again.
const RetryAfter = time.Minute

// ErrHangs says that a disk does not come back from what it is asked for.
var ErrHangs = errors.New("the disk hangs")

// A Remover removes blobs. Every Store is one.
type Remover interface {
	Remove(name string) error
}

// A Reaper removes blobs at the times that were set for them. What it was given
// it holds until it is removed: a failure is reported and tried again.
type Reaper struct {
	from   Remover
	report func(name string, err error)

	mu       sync.Mutex
	due      deadlines
	count    int           // names in due
	removing string        // what was removed last, or is being removed
	wake     chan struct{} // has a token when the first deadline has changed
}

// NewReaper returns a Reaper of blobs in from. For each failure it calls report
// from the goroutine of Run; a name that is gone already is none.
func NewReaper(from Remover, report func(name string, err error)) *Reaper {
	return &Reaper{from: from, report: report, wake: make(chan struct{}, 1)}
}

// Add sets names to be removed at a time; one that has passed means at once. It
// may be called before, while and after Run runs, and retains names.
func (r *Reaper) Add(at time.Time, names ...string) {
	if len(names) == 0 {
		return
	}
	r.mu.Lock()
	heap.Push(&r.due, batch{at, names})
	r.count += len(names)
	first := r.due[0].at.Equal(at)
	r.mu.Unlock()
	if first {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// Len returns how many names wait for their removal.
func (r *Reaper) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Run removes names at their times until ctx ends. What is left then stays where
// it is. It returns ErrHangs when a removal is under way that does not end within a
// second: one that the system does not come back from is left behind.
func (r *Reaper) Run(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.work(ctx)
	}()
	<-ctx.Done()
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case <-ended:
		return nil
	case <-late.C:
		return r.hanging()
	}
}

// hanging returns an error that says which removal does not end.
func (r *Reaper) hanging() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Errorf("store: the removal of %s does not end, %d more wait: %w", r.removing, r.count, ErrHangs)
}

// work removes names at their times until ctx ends.
func (r *Reaper) work(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.wake:
		}
		r.reap(ctx)
		timer.Reset(r.wait())
	}
}

// wait returns the time until the first deadline.
func (r *Reaper) wait() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.due) == 0 {
		return RetryAfter // anything: Add wakes Run
	}
	return time.Until(r.due[0].at)
}

// reap removes all names whose time has come.
func (r *Reaper) reap(ctx context.Context) {
	for ctx.Err() == nil {
		names := r.next(time.Now())
		if names == nil {
			return
		}
		for i, name := range names {
			if ctx.Err() != nil {
				r.Add(time.Now(), names[i:]...)
				return
			}
			r.remove(name)
		}
	}
}

// next takes out one batch that is due at now, nil when there is none.
func (r *Reaper) next(now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.due) == 0 || r.due[0].at.After(now) {
		return nil
	}
	first, _ := heap.Pop(&r.due).(batch)
	r.count -= len(first.names)
	return first.names
}

func (r *Reaper) remove(name string) {
	r.mu.Lock()
	r.removing = name
	r.mu.Unlock()
	err := r.from.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return
	}
	r.report(name, err)
	r.Add(time.Now().Add(RetryAfter), name)
}

// A batch is names that are removed together.
type batch struct {
	at    time.Time
	names []string
}

// deadlines is a heap.Interface with the earliest batch first.
type deadlines []batch

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

func (d *deadlines) Push(x any) {
	b, _ := x.(batch) // nothing else is pushed
	*d = append(*d, b)
}

func (d *deadlines) Pop() any {
	last := len(*d) - 1
	b := (*d)[last]
	(*d)[last] = batch{}
	*d = (*d)[:last]
	return b
}
