package rtmp

import (
	"crypto/tls"
	"fmt"
	"time"
)

// secure makes the handshake of TLS, where the connection has that. Its answers are to be taken
// within the write timeout, as all others are.
func (w *wire) secure() error {
	conn, ok := w.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	if err := w.SetWriteDeadline(time.Now().Add(w.writeTimeout)); err != nil {
		return err
	}
	if err := conn.Handshake(); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	return nil
}

// cut closes the connection under the hands of who uses it. That of TLS would first say so to
// the peer, for as long as five seconds.
func (w *wire) cut() {
	if conn, ok := w.Conn.(*tls.Conn); ok {
		_ = conn.NetConn().Close()
		return
	}
	_ = w.Close()
}
