package rtmp

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/amf"
)

// pinged is a ping, and silenced an audio message without sound.
const (
	pinged   = "02 000000 000006 04 00000000 0006 01020304"
	silenced = "04 000000 000000 08 01000000"
)

// Each case is what a peer sends, and how long after the beginning the server
// ends the connection. The clock is a fake one: sleeping costs nothing. The
// pipe between the two has no buffers.
func TestDeadlines(t *testing.T) {
	hands := append(hello(0), make([]byte, handshakeSize)...)
	closeStream, _ := amf.Append(nil, "deleteStream", 4.0, nil, 1.0)
	cases := []struct {
		name   string
		send   func(*testing.T, io.Writer)
		deaf   bool // the peer reads nothing but the handshake
		ends   time.Duration
		within time.Duration // before ends
	}{
		{"nothing", func(*testing.T, io.Writer) {}, false, 5 * time.Second, 0},
		{"C0 alone", func(_ *testing.T, w io.Writer) { _ = write(w, []byte{3}) }, false, 5 * time.Second, 0},
		{"slow hello", func(_ *testing.T, w io.Writer) { drip(w, hands, 10*time.Millisecond) }, false, 5 * time.Second, 0},
		{"no C2", func(_ *testing.T, w io.Writer) { _ = write(w, hello(0)) }, false, 5 * time.Second, 0},
		{"no connect", func(_ *testing.T, w io.Writer) { _ = write(w, hands) }, false, 10 * time.Second, 0},
		{"pings alone", func(t *testing.T, w io.Writer) {
			_ = write(w, hands)
			for write(w, unhex(t, pinged)) == nil {
				time.Sleep(time.Second)
			}
		}, false, 10 * time.Second, 0},
		{"silence after publish", func(_ *testing.T, w io.Writer) { _ = write(w, hands, preamble()) }, false, 30 * time.Second, 0},
		{"media now and then", func(t *testing.T, w io.Writer) {
			_ = write(w, hands, preamble())
			for range 10 {
				time.Sleep(28 * time.Second)
				_ = write(w, unhex(t, silenced))
			}
		}, false, 310 * time.Second, time.Second},
		{"pings but no media after publish", func(t *testing.T, w io.Writer) {
			_ = write(w, hands, preamble())
			for write(w, unhex(t, pinged)) == nil {
				time.Sleep(4 * time.Second)
			}
		}, false, 32 * time.Second, 0},
		{"publish and delete", func(_ *testing.T, w io.Writer) {
			_ = write(w, hands, preamble())
			time.Sleep(20 * time.Second)
			_ = write(w, commandBytes(closeStream))
		}, false, 30 * time.Second, 0},
		{"answers are not read", func(t *testing.T, w io.Writer) { _ = write(w, hands, unhex(t, pinged)) }, true, 5 * time.Second, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				near, far := net.Pipe()
				var peer sync.WaitGroup
				defer peer.Wait()
				peer.Go(func() {
					if c.deaf {
						_, _ = io.CopyN(io.Discard, near, 1+2*handshakeSize)
						return
					}
					_, _ = io.Copy(io.Discard, near)
				})
				peer.Go(func() { c.send(t, near) })
				newConn(&fakeHandler{}, Limits{}.withDefaults(), zerolog.Nop(), far, 1).serve(t.Context())
				if got := time.Since(start); got > c.ends || got < c.ends-c.within {
					t.Errorf("ended after %v, want %v", got, c.ends)
				}
			})
		})
	}
}

// write writes all of it, until the connection is closed.
func write(w io.Writer, all ...[]byte) error {
	for _, b := range all {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// drip writes one byte each step.
func drip(w io.Writer, b []byte, step time.Duration) {
	for i := range b {
		if write(w, b[i:i+1]) != nil {
			return
		}
		time.Sleep(step)
	}
}
