// Package checktest serves HTTP to tests that run in a bubble of fake time.
package checktest

import (
	"context"
	"net"
	"net/http"
)

// A pipeNet is a network without sockets, so that it can run in a bubble of
// synctest.
type pipeNet struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipeNet) Close() error {
	close(p.closed)
	return nil
}

func (p pipeNet) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// Serve runs f with a transport that reaches a handler.
func Serve(handler http.Handler, f func(http.RoundTripper)) {
	ln := pipeNet{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() {
		_ = server.Serve(ln)
		close(done)
	}()
	transport := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case ln.conns <- far:
			return near, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	f(transport)
	transport.CloseIdleConnections()
	_ = server.Close()
	<-done
}
