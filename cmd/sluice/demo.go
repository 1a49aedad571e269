package main

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"sluice/pkg/gateway"
	"sluice/pkg/push"
)

type demoCommand struct {
	settings `embed:""`
}

// Run runs the gateway with the embedded clip on air until ctx ends.
func (c *demoCommand) Run(ctx context.Context, t terminal) error {
	if c.LogFormat == "" {
		c.LogFormat = "console"
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	clip, err := push.Demo()
	if err != nil {
		return err
	}
	log := newLogger(cfg.Log, t)
	adopt(log)
	g, err := gateway.New(cfg, log)
	if err != nil {
		return err
	}
	defer tune(cfg, g.Waiting)()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.Run(ctx) })
	group.Go(func() error {
		url := "rtmp://" + local(g.RTMPAddr()) + "/live/demo"
		return unlessStopped(ctx, clip.Run(ctx, url, push.Options{Loop: true, Log: log}))
	})
	fmt.Fprintf(t.out, "\n  Watch: http://%s/live/demo/\n\n", local(g.HTTPAddr()))
	return group.Wait()
}

// local returns the address at which this machine reaches a listener.
func local(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("localhost:%d", tcp.Port)
}
