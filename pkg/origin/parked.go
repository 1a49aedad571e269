package origin

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"sluice/pkg/live"
)

// A parked connection is read from the beginning of its request.
type parked struct {
	*net.TCPConn
	parking *Parking
	waited
	again []byte                    // what is read before what comes from the connection
	ready func(*live.Snapshot) bool // while it is parked
	first [1]byte
	kept  atomic.Bool // its request is not handled again yet
}

// waited is what a request knows that was parked.
type waited struct {
	until time.Time // when it has waited for long enough
	hasty bool      // the client sent more before it had its answer, so net/http must read on
}

var _ io.ReaderFrom = (*parked)(nil) // the kernel sends files to it

// wake ends the reading that goes on while it is parked.
func (c *parked) wake() { _ = c.SetReadDeadline(time.Unix(1, 0)) }

// Read implements io.Reader.
func (c *parked) Read(b []byte) (int, error) {
	if n := copy(b, c.again); n > 0 {
		if c.again = c.again[n:]; len(c.again) == 0 {
			c.again = nil
		}
		return n, nil
	}
	return c.TCPConn.Read(b)
}

// Close implements io.Closer.
func (c *parked) Close() error {
	c.handled()
	return c.TCPConn.Close()
}

// handled is called when the request is handled again, or never will be.
func (c *parked) handled() {
	if c.kept.Swap(false) {
		c.parking.keeping.Done()
	}
}

// requestText returns a request as it came, but for the order and the case of
// its header fields.
func requestText(r *http.Request) []byte {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.RequestURI + " " + r.Proto + "\r\nHost: " + r.Host + "\r\n")
	_ = r.Header.Write(&b) // a Builder has no errors
	b.WriteString("\r\n")
	return []byte(b.String())
}

type (
	connKey   struct{}
	waitedKey struct{}
)

// ConnContext is that of the http.Server: it lets requests know that they were
// parked.
func (p *Parking) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*parked); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// resume returns a request with what it knows from when it was parked. The first
// request of a connection that was parked is the one that was.
func resume(r *http.Request) *http.Request {
	c, ok := r.Context().Value(connKey{}).(*parked)
	if !ok || c.until.IsZero() {
		return r
	}
	c.handled()
	before := c.waited
	c.until, c.ready = time.Time{}, nil
	return r.WithContext(context.WithValue(r.Context(), waitedKey{}, before))
}

// resumed returns what a request knows from when it was parked.
func resumed(r *http.Request) waited {
	before, _ := r.Context().Value(waitedKey{}).(waited)
	return before
}

// deadline returns when a request that waits has waited for long enough.
func deadline(r *http.Request, atMost time.Duration) time.Time {
	if before := resumed(r); !before.until.IsZero() {
		return before.until
	}
	return time.Now().Add(atMost)
}
