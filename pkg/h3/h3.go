// Package h3 serves HTTP/3 in the way that net/http serves the other versions: answers
// have a deadline, one that was not sent to its end is reset, and a server that stops lets
// requests come to their end.
package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/time/rate"
)

const (
	// A connection is closed when nothing comes for so long, not even what it is
	// asked by pings, three of which there are in that time.
	silence = 30 * time.Second

	// requests are those that one connection may have at a time.
	requests = 100

	// strangers are how many a second may begin a connection before others have to
	// prove their addresses, for which they come twice.
	strangers = 100

	// farewell is how long the last answers may be on their way when the server stops:
	// nothing tells when they have come.
	farewell = 250 * time.Millisecond
)

// A Server serves HTTP/3 on one socket.
type Server struct {
	options   Options
	server    http3.Server
	transport *quic.Transport
	listener  *quic.EarlyListener
	underWay  sync.RWMutex // held for reading by requests
	closed    chan struct{}
	end       func() // closes it, once
}

// Options are what a Server needs.
type Options struct {
	Handler      http.Handler
	TLS          *tls.Config
	Base         context.Context // requests end as it does, with its cause
	WriteTimeout time.Duration   // from a request to the end of its answer, where the handler sets no other deadline
	IdleTimeout  time.Duration   // without a request on a connection
	MaxHeader    int             // bytes of the head of a request
	MaxBody      int             // bytes that a connection, and each request, may send unread
}

// New returns a server for a socket, which it owns from then on, unless it returns an error.
func New(socket *net.UDPConn, o Options) (*Server, error) {
	fresh := rate.NewLimiter(strangers, strangers)
	s := &Server{options: o, closed: make(chan struct{}), transport: &quic.Transport{
		Conn:                socket,
		VerifySourceAddress: func(net.Addr) bool { return !fresh.Allow() },
	}}
	s.end = sync.OnceFunc(func() { close(s.closed) })
	s.server = http3.Server{
		Handler:        http.HandlerFunc(s.handle),
		MaxHeaderBytes: o.MaxHeader,
		IdleTimeout:    o.IdleTimeout,
	}
	window := uint64(o.MaxBody)
	var err error
	s.listener, err = s.transport.ListenEarly(http3.ConfigureTLSConfig(o.TLS), &quic.Config{
		MaxIdleTimeout:                 silence,
		KeepAlivePeriod:                silence / 3, // for requests that are held
		MaxIncomingStreams:             requests,
		InitialStreamReceiveWindow:     window,
		MaxStreamReceiveWindow:         window,
		InitialConnectionReceiveWindow: window,
		MaxConnectionReceiveWindow:     window,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("http/3: %w", err), s.transport.Close())
	}
	return s, nil
}

// Serve serves until Shutdown or Close, when it returns http.ErrServerClosed.
func (s *Server) Serve() error {
	served := make(chan error, 1)
	go func() { served <- s.server.ServeListener(s.listener) }()
	select {
	case err := <-served:
		return err
	case <-s.closed: // it may wait for a request that hangs
		return http.ErrServerClosed
	}
}

// handle answers a request.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	s.underWay.RLock()
	defer s.underWay.RUnlock()
	// The context of a connection ends with what ended that, which is no reason of the client's.
	ctx, end := context.WithCancelCause(context.WithoutCancel(r.Context()))
	defer end(nil)
	defer context.AfterFunc(r.Context(), func() { end(context.Canceled) })()
	defer context.AfterFunc(s.options.Base, func() { end(context.Cause(s.options.Base)) })() //nolint:contextcheck // the server's, beside the request's
	out := &answer{ResponseWriter: w}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
	s.options.Handler.ServeHTTP(out, r.WithContext(ctx))
	if out.torn {
		panic(http.ErrAbortHandler) //nolint:forbidigo // how http3 is told to reset a stream
	}
}

// An answer knows whether all of it was sent.
type answer struct {
	http.ResponseWriter
	torn bool
}

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.torn = a.torn || err != nil && !errors.Is(err, http.ErrBodyNotAllowed)
	return n, err
}

// FlushError is for http.ResponseController.
func (a *answer) FlushError() error {
	err := http.NewResponseController(a.ResponseWriter).Flush()
	a.torn = a.torn || err != nil
	return err
}

// Flush implements http.Flusher.
func (a *answer) Flush() { _ = a.FlushError() }

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Shutdown takes no more requests, lets those that are under way come to their end, but not
// after ctx ends, and closes all. It does not wait for a request that hangs.
func (s *Server) Shutdown(ctx context.Context) error {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	go func() {
		s.underWay.Lock() // when the last one has been answered
		defer s.underWay.Unlock()
		time.AfterFunc(farewell, enough) // clients that do nothing keep their connections
	}()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.server.Shutdown(ctx)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
		select {
		case <-closed:
		case <-time.After(farewell):
		}
	}
	return s.Close()
}

// Close ends all connections, and closes the socket.
func (s *Server) Close() error {
	s.end()
	return errors.Join(s.listener.Close(), s.transport.Close(), s.transport.Conn.Close())
}
