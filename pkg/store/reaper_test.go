package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/store"
)

// log is a store.Remover that notes what was removed and when.
type log struct {
	mu    sync.Mutex
	start time.Time
	lines []string
	fail  map[string]error // for the next Remove of a name
}

func newLog() *log { return &log{start: time.Now(), fail: map[string]error{}} }

func (l *log) Remove(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprint(time.Since(l.start), " ", name))
	err := l.fail[name]
	delete(l.fail, name)
	return err
}

func (l *log) check(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if diff := cmp.Diff(want, l.lines); diff != "" {
		t.Error(diff)
	}
}

// reap runs a Reaper in a bubble of its own clock.
func reap(t *testing.T, test func(r *store.Reaper, l *log, failures *[]string, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, failures := newLog(), []string{}
		r := store.NewReaper(l, func(name string, err error) {
			failures = append(failures, fmt.Sprint(name, ": ", err))
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		test(r, l, &failures, cancel)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestReaperKeepsTimes(t *testing.T) {
	reap(t, func(r *store.Reaper, l *log, failures *[]string, _ func()) {
		at := func(s int) time.Time { return l.start.Add(time.Duration(s) * time.Second) }
		r.Add(at(30), "c")
		r.Add(at(10), "a", "b")
		r.Add(at(7200), "e")
		r.Add(at(20))
		if r.Len() != 4 {
			t.Errorf("%d names wait", r.Len())
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		l.check(t, "10s a", "10s b")
		r.Add(at(5), "late")
		r.Add(at(31), "d")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		l.check(t, "10s a", "10s b", "20s late", "30s c", "31s d")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		l.check(t, "10s a", "10s b", "20s late", "30s c", "31s d", "2h0m0s e")
		if r.Len() != 0 || len(*failures) != 0 {
			t.Errorf("%d names wait, failures %q", r.Len(), *failures)
		}
	})
}

func TestReaperTriesAgain(t *testing.T) {
	reap(t, func(r *store.Reaper, l *log, failures *[]string, _ func()) {
		l.fail["a"] = errors.New("disk on fire")
		l.fail["gone"] = fmt.Errorf("remove gone: %w", fs.ErrNotExist)
		r.Add(l.start, "a", "b", "gone")
		synctest.Wait()
		l.check(t, "0s a", "0s b", "0s gone")
		if r.Len() != 1 {
			t.Errorf("%d names wait after a failure", r.Len())
		}
		time.Sleep(store.RetryAfter)
		synctest.Wait()
		l.check(t, "0s a", "0s b", "0s gone", "1m0s a")
		if diff := cmp.Diff([]string{"a: disk on fire"}, *failures); diff != "" {
			t.Error(diff)
		}
		if r.Len() != 0 {
			t.Errorf("%d names wait", r.Len())
		}
	})
}

func TestReaperStops(t *testing.T) {
	reap(t, func(r *store.Reaper, l *log, _ *[]string, stop func()) {
		r.Add(l.start.Add(time.Second), "a")
		r.Add(l.start.Add(time.Minute), "b")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stop()
		synctest.Wait()
		time.Sleep(time.Hour)
		l.check(t, "1s a")
		if r.Len() != 1 {
			t.Errorf("%d names left", r.Len())
		}
	})
}

// TestReaperStopsBeforeAStoreThatHangs leaves a removal behind that does not end.
func TestReaperStopsBeforeAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, gate := newLog(), make(chan struct{})
		r := newReaper(gated{l, gate})
		r.Add(time.Now(), "a", "b")
		r.Add(time.Now().Add(time.Hour), "c")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		cancel()
		stopped := time.Now()
		err := <-ended
		if took := time.Since(stopped); took != time.Second {
			t.Errorf("it stops after %v", took)
		}
		want := "store: the removal of a does not end, 1 more wait: the disk hangs"
		if err == nil || err.Error() != want {
			t.Errorf("Run returned %v", err)
		}
		close(gate)
		synctest.Wait()
		l.check(t, "1s a")
		if r.Len() != 2 { // nothing more is removed
			t.Errorf("%d names left", r.Len())
		}
	})
}

// newReaper returns a Reaper that reports nothing.
func newReaper(from store.Remover) *store.Reaper {
	return store.NewReaper(from, func(string, error) {})
}

// A gated remover hangs until its gate is closed.
type gated struct {
	store.Remover
	gate chan struct{}
}

// Remove implements store.Remover.
func (g gated) Remove(name string) error {
	<-g.gate
	return g.Remover.Remove(name)
}

func TestReaperTakesNamesFromMany(t *testing.T) {
	reap(t, func(r *store.Reaper, l *log, _ *[]string, _ func()) {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() { r.Add(l.start.Add(time.Duration(i%7)*time.Second), fmt.Sprint(i)) })
		}
		wg.Wait()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if r.Len() != 0 || len(l.lines) != 50 {
			t.Errorf("%d of 50 removed, %d wait", len(l.lines), r.Len())
		}
	})
}
