package rtmp

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A wire is a connection that keeps its deadlines and counts what it reads. It
// belongs to the goroutine that reads, all but poke.
type wire struct {
	net.Conn
	writeTimeout time.Duration

	mu       sync.Mutex
	deadline time.Time     // of reads, when poked is not set
	poked    atomic.Bool   // reads fail at once, until attend has called settle
	attend   func() error  // does what the reader was poked for
	woken    chan struct{} // for who waits but does not read: holds one when poked

	idle  time.Duration // reads fail so long after heard; 0: at a fixed time
	heard time.Time     // when media came last, or publishing began

	bounded bool // budget counts
	budget  int  // bytes that may still be read

	received atomic.Uint64 // bytes read
	gathered int           // bytes for which a read waits, 0 and 1 for any; see throng
	acked    uint64        // received when the peer was last told
	window   uint32        // bytes after which the peer is told
	ack      func(received uint32) error
}

// until makes all reads fail from t on.
func (w *wire) until(t time.Time) error {
	w.idle = 0
	return w.arm(t)
}

// roll makes reads fail when no media was heard for idle.
func (w *wire) roll(idle time.Duration, heard time.Time) error {
	w.idle, w.heard = idle, heard
	return w.arm(heard.Add(idle))
}

// arm sets the deadline of reads.
func (w *wire) arm(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	if w.poked.Load() {
		return nil // settle sets it
	}
	return w.SetReadDeadline(t)
}

// poke makes the reader attend soon, also from within a read. Any goroutine
// may call it.
func (w *wire) poke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.poked.Store(true)
	_ = w.SetReadDeadline(time.Unix(1, 0)) // fails when the connection is closed: nobody reads it
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// settle takes a poke back. What was to be done before it is to be done now.
func (w *wire) settle() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.poked.Store(false)
	return w.SetReadDeadline(w.deadline)
}

// Read reads within the deadline and the budget, and acknowledges. It attends
// when it is poked, and then goes on.
func (w *wire) Read(p []byte) (int, error) {
	if w.bounded {
		if w.budget <= 0 {
			return 0, errBudget
		}
		p = p[:min(len(p), w.budget)]
	}
	for {
		n, err := w.Conn.Read(p)
		w.budget -= n
		w.received.Add(uint64(n))
		if err == nil {
			return n, w.progress()
		}
		if err = w.overdue(err); err != nil || n > 0 {
			return n, err
		}
	}
}

// overdue returns the error of a read, unless the reader was only poked or its
// deadline has moved on. It follows what was heard only here, so that media
// costs nothing.
func (w *wire) overdue(err error) error {
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case w.poked.Load():
		return w.attend()
	case w.idle == 0 || !time.Now().Before(w.heard.Add(w.idle)):
		return err
	}
	return w.arm(w.heard.Add(w.idle))
}

// progress acknowledges what the window asks for. "The sequence number is the
// number of the bytes received so far", modulo 2^32.
func (w *wire) progress() error {
	if w.ack == nil {
		return nil
	}
	received := w.received.Load()
	if received-w.acked < uint64(w.window) {
		return nil
	}
	w.acked = received
	return w.ack(uint32(received))
}

// gather makes reads that have to wait do so for that many bytes, where the system can.
// The throng calls it.
func (w *wire) gather(bytes int) {
	bytes = max(bytes, 1)
	if socket, ok := w.Conn.(syscall.Conn); ok && bytes != max(w.gathered, 1) {
		w.gathered = bytes
		gather(socket, bytes)
	}
}

// Write writes within the write timeout.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(w.writeTimeout)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}
