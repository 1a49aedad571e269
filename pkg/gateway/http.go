package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// drain is how long requests may go on when the gateway stops.
	drain = 3 * time.Second

	// A request's head must come, and its answer be taken, within these.
	headTimeout  = 10 * time.Second
	writeTimeout = 2 * time.Minute
	idleTimeout  = 2 * time.Minute

	// bodyTimeout is how long a body is waited for that nobody reads.
	bodyTimeout = time.Second

	// maxHead bounds the head of a request, long URLs and CMCD included.
	maxHead = 32 << 10
)

// serveHTTP serves players until ctx ends, and then lets the requests that are
// under way come to their end.
func (g *Gateway) serveHTTP(ctx context.Context) error {
	server := &http.Server{
		Handler:           unread(g.handler),
		ReadHeaderTimeout: headTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          forward(g.log),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(g.http) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("http: %w", err), server.Close())
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(late)
	if err != nil {
		err = server.Close()
	}
	<-served
	return err
}

// unread keeps requests with a body, which none here needs, from holding their
// connection: net/http would wait for it without a deadline.
func unread(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}
