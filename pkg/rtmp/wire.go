package rtmp

import (
	"net"
	"time"
)

// A wire is a connection that keeps its deadlines and counts what it reads.
type wire struct {
	net.Conn
	writeTimeout time.Duration

	idle    time.Duration // the deadline moves on with every byte; 0: it stands
	touched time.Time     // when the moving deadline was set

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

// roll makes reads fail when nothing came for idle.
func (w *wire) roll(idle time.Duration) error {
	w.idle = idle
	w.touched = time.Now()
	return w.SetReadDeadline(w.touched.Add(idle))
}

// Read reads within the deadline and the budget, and acknowledges.
func (w *wire) Read(p []byte) (int, error) {
	if w.bounded {
		if w.budget <= 0 {
			return 0, errBudget
		}
		p = p[:min(len(p), w.budget)]
	}
	n, err := w.Conn.Read(p)
	w.budget -= n
	w.received += uint64(n)
	if err != nil {
		return n, err
	}
	return n, w.progress()
}

// progress moves the deadline, not more often than every second or every
// eighth of its span, and acknowledges what the window asks for. "The
// sequence number is the number of the bytes received so far", modulo 2^32.
func (w *wire) progress() error {
	if w.idle > 0 && time.Since(w.touched) > min(time.Second, w.idle/8) {
		if err := w.roll(w.idle); err != nil {
			return err
		}
	}
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
