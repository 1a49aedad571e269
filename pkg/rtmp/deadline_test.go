package rtmp

import (
	"context"
	"errors"
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
		name string
		send func(*testing.T, io.Writer)
		deaf bool // the peer reads nothing but the handshake
		ends time.Duration
	}{
		{"nothing", func(*testing.T, io.Writer) {}, false, 5 * time.Second},
		{"C0 alone", func(_ *testing.T, w io.Writer) { _ = write(w, []byte{3}) }, false, 5 * time.Second},
		{"slow hello", func(_ *testing.T, w io.Writer) { drip(w, hands, 10*time.Millisecond) }, false, 5 * time.Second},
		{"no C2", func(_ *testing.T, w io.Writer) { _ = write(w, hello(0)) }, false, 5 * time.Second},
		{"no connect", func(_ *testing.T, w io.Writer) { _ = write(w, hands) }, false, 10 * time.Second},
		{"pings alone", func(t *testing.T, w io.Writer) {
			_ = write(w, hands)
			for write(w, unhex(t, pinged)) == nil {
				time.Sleep(time.Second)
			}
		}, false, 10 * time.Second},
		{"media now and then", func(t *testing.T, w io.Writer) {
			_ = write(w, hands, preamble())
			for range 10 {
				time.Sleep(28 * time.Second)
				_ = write(w, unhex(t, silenced))
			}
		}, false, 310 * time.Second},
		{"publish and delete", func(_ *testing.T, w io.Writer) {
			_ = write(w, hands, preamble())
			time.Sleep(20 * time.Second)
			_ = write(w, commandBytes(closeStream))
		}, false, 30 * time.Second},
		{"answers are not read", func(t *testing.T, w io.Writer) { _ = write(w, hands, unhex(t, pinged)) }, true, 5 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ended := lone{&fakeHandler{}, Limits{}, c.deaf, c.send}.serve(t.Context(), t)
				if got := ended.Sub(start); got != c.ends {
					t.Errorf("ended after %v, want %v", got, c.ends)
				}
			})
		})
	}
}

// A publisher without media is ended Limits.Idle after the last of it, to the
// moment, whatever else it sends.
func TestSilentPublishers(t *testing.T) {
	every := func(pause time.Duration, hex string) func(*testing.T, io.Writer) {
		return func(t *testing.T, w io.Writer) {
			for write(w, unhex(t, hex)) == nil {
				time.Sleep(pause)
			}
		}
	}
	const ack, data, strange = "02 000000 000004 03 00000000 00000001", "04 000000 000001 12 01000000 05", "05 000000 000000 08 07000000"
	cases := []struct {
		name string
		send func(*testing.T, io.Writer)
	}{
		{"nothing, as when it is half-open", func(*testing.T, io.Writer) {}},
		{"pings", every(4*time.Second, pinged)},
		{"acknowledgements", every(time.Second, ack)},
		{"data messages", every(7*time.Second, data)},
		{"media of a stream that is not published", every(time.Second, strange)},
		{"an unfinished message, byte by byte", func(_ *testing.T, w io.Writer) {
			drip(w, append(unhex(t, "04 000000 001000 09 01000000"), make([]byte, 128)...), time.Second)
		}},
		{"half a header, byte by byte", func(_ *testing.T, w io.Writer) { drip(w, unhex(t, "04 000000"), 20*time.Second) }},
	}
	hands := append(hello(0), make([]byte, handshakeSize)...)
	const before = 100 * time.Second
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, h := time.Now(), &fakeHandler{}
				peer := lone{h, Limits{Idle: 20 * time.Second}, false, func(t *testing.T, w io.Writer) {
					_ = write(w, hands, preamble())
					for time.Since(start) < before {
						time.Sleep(10 * time.Second)
						_ = write(w, unhex(t, silenced))
					}
					c.send(t, w)
				}}
				ended := peer.serve(t.Context(), t)
				if got, want := ended.Sub(start), before+20*time.Second; got != want {
					t.Errorf("ended after %v, want %v", got, want)
				}
				if sink := h.sinks[0]; len(sink.closed) != 1 || !errors.Is(sink.closed[0], ErrTimeout) {
					t.Errorf("closed with %v", sink.closed)
				}
			})
		})
	}
}

// A lone connection has a peer that does what send does, and reads all it is
// sent or only the handshake.
type lone struct {
	handler Handler
	limits  Limits
	deaf    bool
	send    func(*testing.T, io.Writer)
}

// serve runs the connection and returns when the server ended it.
func (l lone) serve(ctx context.Context, t *testing.T) (ended time.Time) {
	t.Helper()
	near, far := net.Pipe()
	var peer sync.WaitGroup
	defer peer.Wait()
	peer.Go(func() {
		if l.deaf {
			_, _ = io.CopyN(io.Discard, near, 1+2*handshakeSize)
			return
		}
		_, _ = io.Copy(io.Discard, near)
	})
	peer.Go(func() { l.send(t, near) })
	newConn(l.handler, l.limits.withDefaults(), zerolog.Nop(), &throng{}, far, 1).serve(ctx)
	return time.Now()
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
