package gateway

import (
	"context"
	"crypto/tls"

	"golang.org/x/sync/errgroup"

	"sluice/pkg/rtmp"
)

// newPublishers returns the server for publishers.
func (g *Gateway) newPublishers() *rtmp.Server {
	publishing := publishing{g.registry, &g.door}
	return &rtmp.Server{
		Handler: publishing, Door: publishing,
		Log: g.log,
		Limits: rtmp.Limits{
			Connections: g.config.RTMP.MaxConnections,
			Handshake:   g.config.RTMP.HandshakeTimeout,
			Publish:     g.config.RTMP.PublishTimeout,
			Idle:        g.config.RTMP.IdleTimeout,
		},
	}
}

// servePublishers serves those of RTMP, and of RTMPS if there is any, until ctx ends and the
// last one has gone.
func (g *Gateway) servePublishers(ctx context.Context) error {
	server := g.newPublishers()
	serving, ctx := errgroup.WithContext(ctx)
	serving.Go(func() error { return server.Serve(ctx, g.rtmp) })
	if g.tls.rtmps != nil {
		serving.Go(func() error { return server.Serve(ctx, tls.NewListener(g.tls.rtmps, g.tls.config())) })
	}
	return serving.Wait()
}
