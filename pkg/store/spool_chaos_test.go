package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/store"
)

// TestSpoolHoldsWhatItTook lets many put, open and remove before a store that
// fails at random. Each has names of its own, of which it knows whether they are
// there; for the names that all fight for, the sums must be right in the end.
func TestSpoolHoldsWhatItTook(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return store.NewMemory() },
		"disk":   func(t *testing.T) store.Store { return openDisk(t, t.TempDir()) },
	} {
		for seed := range uint64(10) {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { chaos(t, open(t), seed) })
			})
		}
	}
}

func chaos(t *testing.T, below store.Store, seed uint64) {
	back := &flaky{Store: below, random: rand.New(rand.NewPCG(seed, 0))}
	back.broken.Store(true)
	s := newSpool(t, back, 20_000, nil)
	stop := run(t, s)
	var shared [4]balance
	var workers sync.WaitGroup
	for id := range uint64(8) {
		w := &worker{
			t: t, s: s, random: rand.New(rand.NewPCG(seed, 1+id)),
			own: fmt.Sprintf("live/own%d/", id), mine: map[string][]byte{}, shared: &shared,
		}
		workers.Go(w.work)
	}
	workers.Wait()
	back.broken.Store(false)
	time.Sleep(time.Minute)
	if blobs, size := s.Backlog(); blobs != 0 || size != 0 || s.Failing() != nil {
		t.Errorf("%d blobs of %d bytes wait: %v", blobs, size, s.Failing())
	}
	if s.Usage() != below.Usage() {
		t.Errorf("usage %+v over %+v", s.Usage(), below.Usage())
	}
	for i := range shared {
		shared[i].check(t, s, sharedName(i))
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func sharedName(i int) string { return fmt.Sprintf("live/shared/%d", i) }

// A flaky store fails every third time while it is broken, and takes its time.
type flaky struct {
	store.Store
	broken atomic.Bool
	mu     sync.Mutex
	random *rand.Rand
}

func (f *flaky) stumble() error {
	f.mu.Lock()
	dice := f.random.IntN(6)
	f.mu.Unlock()
	switch {
	case !f.broken.Load():
		return nil
	case dice < 2:
		return syscall.EIO
	case dice < 4:
		time.Sleep(time.Duration(dice) * 10 * time.Millisecond)
	}
	return nil
}

// Put implements store.Store.
func (f *flaky) Put(name string, chunks ...[]byte) error {
	if err := f.stumble(); err != nil {
		return err
	}
	return f.Store.Put(name, chunks...)
}

// Remove implements store.Store.
func (f *flaky) Remove(name string) error {
	if err := f.stumble(); err != nil {
		return err
	}
	return f.Store.Remove(name)
}

// A balance counts how often a name was put and removed.
type balance struct{ put, removed atomic.Int64 }

func (b *balance) check(t *testing.T, s store.Store, name string) {
	t.Helper()
	there := int64(0)
	blob, err := s.Open(name)
	if err == nil {
		there = 1
		_ = blob.Close()
	}
	if left := b.put.Load() - b.removed.Load(); left != there {
		t.Errorf("%s was put %d times and removed %d times; Open says %v", name, b.put.Load(), b.removed.Load(), err)
	}
}

// A worker puts, opens and removes at random.
type worker struct {
	t      *testing.T
	s      *store.Spool
	random *rand.Rand
	own    string
	mine   map[string][]byte // what is there of its own
	shared *[4]balance
}

func (w *worker) work() {
	for range 300 {
		switch w.random.IntN(8) {
		case 0, 1:
			w.putOwn()
		case 2:
			w.removeOwn()
		case 3, 4:
			w.useShared()
		case 5:
			w.checkList()
		case 6:
			time.Sleep(time.Duration(w.random.IntN(200)) * time.Millisecond)
		}
		w.checkOwn()
	}
}

// blob returns bytes that say where they belong, and chunks of them.
func (w *worker) blob(name string) (data []byte, chunks [][]byte) {
	line := fmt.Sprintf("%s %d\n", name, w.random.Uint64())
	data = bytes.Repeat([]byte(line), 1+w.random.IntN(20))
	for rest := data; len(rest) > 0; {
		n := 1 + w.random.IntN(len(rest))
		chunks = append(chunks, rest[:n])
		rest = rest[n:]
	}
	return data, chunks
}

func (w *worker) putOwn() {
	name := w.own + fmt.Sprint(w.random.IntN(20))
	data, chunks := w.blob(name)
	_, there := w.mine[name]
	err := w.s.Put(name, chunks...)
	switch {
	case err == nil && !there:
		w.mine[name] = data
	case there && errors.Is(err, fs.ErrExist), !there && errors.Is(err, store.ErrFull):
	default:
		w.t.Errorf("Put(%s) says %v; it is there: %v", name, err, there)
	}
}

func (w *worker) removeOwn() {
	for name := range w.mine {
		err := w.s.Remove(name)
		for errors.Is(err, syscall.EIO) {
			w.checkOwn()
			err = w.s.Remove(name)
		}
		if err != nil {
			w.t.Errorf("Remove(%s) says %v", name, err)
		}
		delete(w.mine, name)
		if _, err := w.s.Open(name); !errors.Is(err, fs.ErrNotExist) {
			w.t.Errorf("after Remove(%s) Open says %v", name, err)
		}
		return
	}
}

func (w *worker) checkOwn() {
	for name, want := range w.mine {
		if got, err := slurp(w.s, name); err != nil || !bytes.Equal(got, want) {
			w.t.Errorf("%s holds %.20q, %v, want %.20q", name, got, err, want)
		}
	}
}

func (w *worker) checkList() {
	found := map[string]int64{}
	for entry, err := range w.s.List(w.own[:len(w.own)-1]) {
		if err != nil {
			w.t.Error(err)
		}
		found[entry.Name] = entry.Size
	}
	for name, data := range w.mine {
		if found[name] != int64(len(data)) {
			w.t.Errorf("listed with %d bytes: %s, of %d", found[name], name, len(data))
		}
	}
	if len(found) != len(w.mine) {
		w.t.Errorf("%d are listed, of %d", len(found), len(w.mine))
	}
}

// useShared fights for a name. Whoever opens it sees one blob, whole.
func (w *worker) useShared() {
	i := w.random.IntN(len(w.shared))
	name := sharedName(i)
	switch w.random.IntN(3) {
	case 0:
		_, chunks := w.blob(name)
		if w.s.Put(name, chunks...) == nil {
			w.shared[i].put.Add(1)
		}
	case 1:
		if w.s.Remove(name) == nil {
			w.shared[i].removed.Add(1)
		}
	default:
		w.checkShared(name)
	}
}

func (w *worker) checkShared(name string) {
	got, err := slurp(w.s, name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	line, _, _ := bytes.Cut(got, []byte("\n"))
	whole := bytes.Repeat(append(line, '\n'), bytes.Count(got, []byte("\n")))
	if err != nil || !bytes.HasPrefix(got, []byte(name+" ")) || !bytes.Equal(got, whole) {
		w.t.Errorf("%s holds %.50q, %v", name, got, err)
	}
}

func slurp(s store.Store, name string) ([]byte, error) {
	blob, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(blob)
	if err == nil && blob.Size() != int64(len(data)) {
		err = fmt.Errorf("%d bytes, and size %d", len(data), blob.Size())
	}
	return data, errors.Join(err, blob.Close())
}
