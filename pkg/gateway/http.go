package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"sluice/pkg/origin"
)

const (
	// drain is how long requests may go on when the gateway stops.
	drain = 3 * time.Second

	// A request's head must come, and its answer be taken, within these.
	// Answers that are held, or sent as their segment grows, set deadlines
	// of their own.
	headTimeout  = 10 * time.Second
	writeTimeout = 2 * time.Minute
	idleTimeout  = 2 * time.Minute

	// bodyTimeout is how long a body is waited for that nobody reads.
	bodyTimeout = time.Second

	// maxHead bounds the head of a request, long URLs and CMCD included.
	maxHead = 32 << 10

	// streams are the requests at a time that one connection of HTTP/2 may
	// have: all those that a CDN holds for one stream.
	streams = 1000

	// A connection of HTTP/2 is asked whether it is still there when it was
	// silent for so long, and closed when it does not answer or takes no
	// byte.
	pingAfter   = 30 * time.Second
	pingTimeout = 10 * time.Second
	byteTimeout = 10 * time.Second

	// maxBody is what a connection, and each request, may send unread.
	maxBody = 64 << 10
)

// newServer returns the server for players and CDNs: HTTP/1.1, and HTTP/2 in TLS, or
// without it for those who know beforehand that it is there.
func (g *Gateway) newServer() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           g.tls.front(unread(g.handler)),
		TLSConfig:         g.tls.config(),
		ReadHeaderTimeout: headTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          forward(g.log),
		Protocols:         &protocols,

		DisableGeneralOptionsHandler: true, // which would wait for a body without a deadline

		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          streams,
			MaxReceiveBufferPerConnection: maxBody,
			MaxReceiveBufferPerStream:     maxBody,
			SendPingTimeout:               pingAfter,
			PingTimeout:                   pingTimeout,
			WriteByteTimeout:              byteTimeout,
		},
	}
}

// serveHTTP serves players until ctx ends. Then it answers those who wait, and
// lets the requests that are under way come to their end, but not after late ends.
func (g *Gateway) serveHTTP(ctx, late context.Context) error {
	serving, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	f, err := g.newFronts(serving)
	if err != nil {
		return errors.Join(err, g.http.Close(), g.tls.close())
	}
	defer g.park(f.server)()
	served := make(chan error, len(f.serve))
	for _, serve := range f.serve {
		go func() { served <- serve() }()
	}
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("http: %w", err), f.close())
	case <-ctx.Done():
	}
	stop(origin.ErrClosing)
	g.handler.Parking.Empty()
	late, cancel := context.WithTimeout(late, drain)
	defer cancel()
	err = f.shutdown(late)
	for range f.serve {
		<-served
	}
	return err
}

// park lets a server, which does not serve yet, park clients that wait. What it
// returns waits until none are left, when the server is closed.
func (g *Gateway) park(server *http.Server) (wait func()) {
	parking := g.handler.Parking
	server.ConnContext = parking.ConnContext
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(parking) }) // its end is that of the server
	return func() {
		serving.Wait()
		parking.Wait()
	}
}

// unread keeps requests with a body, which none here needs, from holding their
// connection: net/http would wait for it without a deadline. HTTP/2 resets the
// one request and goes on with the others.
func unread(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}
