package rtmp

import (
	"errors"
	"net"
	"os"
	"time"
)

// A wire is a connection that keeps its deadlines and counts what it reads.
type wire struct {
	net.Conn
	writeTimeout time.Duration

	idle  time.Duration // reads fail so long after heard; 0: at a fixed time
	heard time.Time     // when media came last, or publishing began

	bounded bool // budget counts
	budget  int  // bytes that may still be read

	received uint64 // bytes read
	acked    uint64 // received when the peer was last told
	window   uint32 // bytes after which the peer is told
	ack      func(received uint32) error
}

// until makes all reads fail from t on.
func (w *wire) until(t time.Time) error {
	w.idle = 0
	return w.SetReadDeadline(t)
}

// roll makes reads fail when no media was heard for idle.
func (w *wire) roll(idle time.Duration) error {
	w.idle = idle
	w.heard = time.Now()
	return w.SetReadDeadline(w.heard.Add(idle))
}

// Read reads within the deadline and the budget, and acknowledges.
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
		w.received += uint64(n)
		if err == nil {
			return n, w.progress()
		}
		if err = w.overdue(err); err != nil || n > 0 {
			return n, err
		}
	}
}

// overdue returns err, unless it is that of a deadline that has moved on. The
// deadline follows what was heard only here, so that media costs nothing.
func (w *wire) overdue(err error) error {
	if w.idle == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	deadline := w.heard.Add(w.idle)
	if !time.Now().Before(deadline) {
		return err
	}
	return w.SetReadDeadline(deadline)
}

// progress acknowledges what the window asks for. "The sequence number is the
// number of the bytes received so far", modulo 2^32.
func (w *wire) progress() error {
	if w.ack != nil && w.received-w.acked >= uint64(w.window) {
		w.acked = w.received
		return w.ack(uint32(w.received))
	}
	return nil
}

// Write writes within the write timeout.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(w.writeTimeout)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}
