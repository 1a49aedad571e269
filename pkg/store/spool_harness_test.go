package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/store"
)

const plenty = 1 << 30

// run runs a Spool until the test ends, or until stop, which returns what Run
// does. It then has three seconds.
func run(t *testing.T, s *store.Spool) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	late, giveUp := context.WithCancel(context.Background())
	go func() {
		defer giveUp()
		ended <- s.Run(ctx, late)
	}()
	stop = sync.OnceValue(func() error {
		defer time.AfterFunc(3*time.Second, giveUp).Stop()
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

func newSpool(t testing.TB, back store.Store, limit int64, tell func(error, int64, int64)) *store.Spool {
	t.Helper()
	s, err := store.NewSpool(back, limit, tell)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A backStore is a store that fails, or hangs, as it is told.
type backStore struct {
	store.Memory
	mu    sync.Mutex
	fault func(name string) error // of Put, nil for none
	gate  chan struct{}           // Put waits until it is closed, nil is open
	tried []string                // the names that Put was called with

	staged []string                 // what was staged, with how many chunks, and unstaged
	gates  map[string]chan struct{} // by name: Stage waits until it is closed
	stuck  int                      // how often Unstage fails
}

// Stage implements store.Store.
func (b *backStore) Stage(name string, _ []byte, chunks ...[]byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.staged = append(b.staged, fmt.Sprintf("stage %s %d", name, len(chunks)))
	if gate := b.gates[name]; gate != nil {
		b.mu.Unlock()
		<-gate
		b.mu.Lock()
	}
	return nil
}

// Unstage implements store.Store.
func (b *backStore) Unstage(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stuck > 0 {
		b.stuck--
		return syscall.EIO
	}
	b.staged = append(b.staged, "unstage "+name)
	return nil
}

// hangStaging makes Stage of a name wait for the function that it returns.
func (b *backStore) hangStaging(name string) (release func()) {
	gate := make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gates == nil {
		b.gates = make(map[string]chan struct{})
	}
	b.gates[name] = gate
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.gates, name)
		close(gate)
	})
}

// checkStaged fails the test when other things were staged, or in another order.
func (s *spoolTest) checkStaged(want ...string) {
	s.Helper()
	s.back.mu.Lock()
	defer s.back.mu.Unlock()
	if diff := cmp.Diff(want, s.back.staged); diff != "" {
		s.Errorf("staged: %s", diff)
	}
}

// Put implements store.Store.
func (b *backStore) Put(name string, chunks ...[]byte) error {
	b.mu.Lock()
	b.tried = append(b.tried, name)
	fault, gate := b.fault, b.gate
	b.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if fault != nil {
		if err := fault(name); err != nil {
			return err
		}
	}
	return b.Memory.Put(name, chunks...)
}

// fail makes Put fail, with nil no longer.
func (b *backStore) fail(fault func(name string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = fault
}

// hang makes Put wait for the function that it returns.
func (b *backStore) hang() (release func()) {
	gate := make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate = gate
	return sync.OnceFunc(func() {
		b.mu.Lock()
		b.gate = nil
		b.mu.Unlock()
		close(gate)
	})
}

func (b *backStore) attempts() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.tried, " ")
}

// A spoolTest is a Spool that runs in a bubble with a clock of its own.
type spoolTest struct {
	*testing.T
	*store.Spool
	back  *backStore
	stop  func() error
	start time.Time
	mu    sync.Mutex
	told  []string
}

// spool runs test with a Spool of a memory of limit bytes.
func spool(t *testing.T, limit int64, test func(*spoolTest)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &spoolTest{T: t, back: &backStore{}, start: time.Now()}
		s.Spool = newSpool(t, s.back, limit, func(failing error, blobs, bytes int64) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.told = append(s.told, fmt.Sprintf("%v: %v, %d blobs, %d bytes", time.Since(s.start), failing, blobs, bytes))
		})
		s.stop = run(t, s.Spool)
		synctest.Wait() // it runs
		test(s)
	})
}

// put puts blobs whose text is their name.
func (s *spoolTest) put(names ...string) {
	s.Helper()
	for _, name := range names {
		put(s.T, s.Spool, name)
	}
}

func put(t *testing.T, s store.Store, name string) {
	t.Helper()
	if err := s.Put(name, []byte(name[:1]), []byte(name[1:])); err != nil {
		t.Fatal(err)
	}
}

// after lets time pass and everything that happens in it.
func (s *spoolTest) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *spoolTest) checkTold(want ...string) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff(want, s.told); diff != "" {
		s.Errorf("told: %s", diff)
	}
}

func (s *spoolTest) checkBacklog(blobs, bytes int64) {
	s.Helper()
	if b, n := s.Backlog(); b != blobs || n != bytes {
		s.Errorf("%d blobs of %d bytes wait, want %d of %d", b, n, blobs, bytes)
	}
}

func (s *spoolTest) checkAttempts(want string) {
	s.Helper()
	if got := s.back.attempts(); got != want {
		s.Errorf("tried to write %s, want %s", got, want)
	}
}

// check fails the test when a store does not hold exactly these blobs, as put
// puts them.
func check(t *testing.T, s store.Store, names ...string) {
	t.Helper()
	want, bytes := map[string]string{}, int64(0)
	for _, name := range names {
		want[name] = name
		bytes += int64(len(name))
	}
	got := map[string]string{}
	for entry, err := range s.List("") {
		if err != nil {
			t.Fatal(err)
		}
		got[entry.Name] = text(t, s, entry.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if usage := s.Usage(); usage != (store.Usage{Blobs: int64(len(names)), Bytes: bytes}) {
		t.Errorf("%d blobs of %d bytes: %+v", len(names), bytes, usage)
	}
}
