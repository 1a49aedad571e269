package gateway

import (
	"context"
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
	// known is for how long clients may take it for granted that HTTP/3 is there.
	known = 24 * time.Hour

	// A connection of HTTP/3 is closed when nothing comes for so long, not even what it
	// is asked by pings.
	quicTimeout = 30 * time.Second

	// strangers are how many a second begin a connection before others have to prove their
	// addresses, for which they come twice.
	strangers = 100

	// farewell is how long the last answers may be on their way when the gateway stops:
	// nothing tells when they have come.
	farewell = 250 * time.Millisecond
)

// announceQUIC adds to answers that they can be had by HTTP/3, too (RFC 7838).
func announceQUIC(at net.Addr, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(at.String())
	service := []string{fmt.Sprintf("%s=\":%s\"; ma=%d", http3.NextProtoH3, port, int(known.Seconds()))}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Alt-Svc"] = service
		next.ServeHTTP(w, r)
	})
}

// A quicServer serves HTTP/3.
type quicServer struct {
	server    http3.Server
	transport *quic.Transport
	listener  *quic.EarlyListener
	requests  sync.RWMutex // held for reading by those that are under way
}

// newQUIC returns the server of HTTP/3. What it answers with is that of handler. The contexts
// of requests end as serving does.
func newQUIC(serving context.Context, side secure, handler http.Handler) (*quicServer, error) {
	fresh := rate.NewLimiter(strangers, strangers)
	q := &quicServer{transport: &quic.Transport{
		Conn:                side.quic,
		VerifySourceAddress: func(net.Addr) bool { return !fresh.Allow() },
	}}
	q.server = http3.Server{
		Handler:        q.track(serving, handler),
		MaxHeaderBytes: maxHead,
		IdleTimeout:    idleTimeout,
	}
	var err error
	q.listener, err = q.transport.ListenEarly(http3.ConfigureTLSConfig(side.config()), &quic.Config{
		MaxIdleTimeout:                 quicTimeout,
		KeepAlivePeriod:                quicTimeout / 3, // for requests that are held
		InitialStreamReceiveWindow:     maxBody,
		MaxStreamReceiveWindow:         maxBody,
		InitialConnectionReceiveWindow: maxBody,
		MaxConnectionReceiveWindow:     maxBody,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("http/3: %w", err), q.transport.Close())
	}
	return q, nil
}

// track hands requests on as those of net/http are: with a deadline for their answers, and
// with a context that says why it ends.
func (q *quicServer) track(serving context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q.requests.RLock()
		defer q.requests.RUnlock()
		ctx, end := context.WithCancelCause(context.WithoutCancel(r.Context()))
		defer end(nil)
		defer context.AfterFunc(r.Context(), func() { end(context.Canceled) })()
		defer context.AfterFunc(serving, func() { end(context.Cause(serving)) })()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// serve serves until shutdown or close.
func (q *quicServer) serve() error { return q.server.ServeListener(q.listener) }

// shutdown takes no more requests, lets those that are under way come to their end, but not
// after ctx ends, and closes all. It does not wait for a request that hangs.
func (q *quicServer) shutdown(ctx context.Context) error {
	late, forget := afterwards(ctx, farewell)
	defer forget()
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	answered, closed := make(chan struct{}), make(chan struct{})
	go func() {
		q.requests.Lock() // when the last one has been answered
		close(answered)
		q.requests.Unlock()
	}()
	go func() {
		defer close(closed)
		_ = q.server.Shutdown(ctx)
	}()
	select {
	case <-answered:
		time.AfterFunc(farewell, enough) // clients that do nothing keep their connections
	case <-ctx.Done():
	}
	select {
	case <-closed:
	case <-late.Done():
	}
	return q.close()
}

// close closes all connections.
func (q *quicServer) close() error {
	var err error
	if q.listener != nil {
		err = q.listener.Close()
	}
	return errors.Join(err, q.transport.Close(), q.transport.Conn.Close())
}
