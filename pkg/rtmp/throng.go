package rtmp

import (
	"sync"
	"time"
)

const (
	// many is how many publish where it is worth the while to have less to read.
	many = 32

	// together is how long what comes may wait for what comes next.
	together = 20 * time.Millisecond

	// mostTogether is how many bytes wait at most: fewer than most pictures have.
	mostTogether = 2000

	// lookEvery is how often a throng looks at what has come.
	lookEvery = 250 * time.Millisecond
)

// A throng is all who publish. To wake a goroutine and read costs about the same for a
// message of sound as for one of a picture, and there are more of these. Where many
// publish, the system lets sound wait for as many bytes as come in 20 ms, so that it is
// read with the next picture. From a publisher that is silent nothing waits: what it says
// last is small. Nor does it in TLS, where a read takes whole records, of which the
// system knows nothing.
type throng struct {
	mu    sync.Mutex
	wires map[*wire]uint64 // with how many bytes had come at the last look
	stop  chan struct{}    // nil while there are few
}

// join counts who publishes on w in, once.
func (t *throng) join(w *wire) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wires == nil {
		t.wires = make(map[*wire]uint64)
	}
	t.wires[w] = w.received.Load()
	if t.stop == nil && len(t.wires) >= many {
		t.stop = make(chan struct{})
		go t.watch(t.stop)
	}
}

// leave counts w out, if it is in.
func (t *throng) leave(w *wire) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.wires, w)
	w.gather(1)
	if t.stop != nil && len(t.wires) < many {
		close(t.stop)
		t.stop = nil
		for w := range t.wires {
			w.gather(1)
		}
	}
}

func (t *throng) watch(stop <-chan struct{}) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.look(stop)
		case <-stop:
			return
		}
	}
}

// look has the system gather what comes, from each as it came since the last look.
func (t *throng) look(stop <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != stop {
		return // there are few now
	}
	for w, before := range t.wires {
		now := w.received.Load()
		t.wires[w] = now
		w.gather(min(int((now-before)*uint64(together)/uint64(lookEvery)), mostTogether))
	}
}
