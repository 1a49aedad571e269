package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"sluice/pkg/h3"
)

// fronts are all that serve players.
type fronts struct {
	server *http.Server
	quic   *h3.Server     // nil without HTTP/3
	serve  []func() error // each serves until shutdown or close
}

// newFronts returns what serves players. The contexts of requests end as serving does.
func (g *Gateway) newFronts(serving context.Context) (*fronts, error) {
	f := &fronts{server: g.newServer()}
	f.server.BaseContext = func(net.Listener) context.Context { return serving }
	f.serve = append(f.serve, func() error { return f.server.Serve(viewers{g.http}) })
	if g.tls.https != nil {
		f.serve = append(f.serve, func() error { return f.server.ServeTLS(viewers{g.tls.https}, "", "") })
	}
	if g.tls.quic == nil {
		return f, nil
	}
	var err error
	if f.quic, err = h3.New(g.tls.quic, h3.Options{
		Handler: g.handler, TLS: g.tls.config(), Base: serving, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeader: maxHead, MaxBody: maxBody,
	}); err != nil {
		return nil, err
	}
	f.serve = append(f.serve, f.quic.Serve)
	return f, nil
}

// shutdown takes no more requests, and lets those that are under way come to their end, but not
// after ctx ends.
func (f *fronts) shutdown(ctx context.Context) error {
	var (
		ending sync.WaitGroup
		failed error
	)
	if f.quic != nil {
		ending.Go(func() { failed = f.quic.Shutdown(ctx) })
	}
	err := f.server.Shutdown(ctx)
	if err != nil {
		err = f.server.Close()
	}
	ending.Wait()
	return errors.Join(err, failed)
}

// close ends all connections.
func (f *fronts) close() error {
	err := f.server.Close()
	if f.quic != nil {
		err = errors.Join(err, f.quic.Close())
	}
	return err
}
