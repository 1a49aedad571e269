package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/pkg/certs"
)

// stopIn is how long a stop takes at most, whoever is connected and whatever the
// disk does.
const stopIn = 4500 * time.Millisecond

// Run serves until ctx ends or something fails for good. It closes what New
// opened.
//
// When ctx ends it goes on for stop.delay, but says that it is not ready. Then
// publishers go first: the end of their streams answers all who wait. Then viewers
// get what they have asked for, while the rest is written to the disk. What could
// not be written, or removed, in time is told to the log; it makes no failure of a
// stop.
func (g *Gateway) Run(ctx context.Context) error {
	if err := g.takeUp(); err != nil {
		return errors.Join(g.config.Fault("store.path", err), g.Close())
	}
	if err := g.door.open(ctx, &g.entrance); err != nil {
		return errors.Join(err, g.Close())
	}
	g.announce()
	ctx, left := g.leave(ctx)
	defer left()
	group, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, func() { g.leaving.Store(true) })() // also when something fails
	late, giveUp := afterwards(ctx, stopIn)
	defer giveUp()
	onAir, end := context.WithCancel(context.WithoutCancel(ctx)) // until the last publisher has gone
	told, forget := afterwards(onAir, tellingIn)
	defer forget()
	var putting sync.WaitGroup // all who put segments
	putting.Go(func() { g.registry.Run(ctx) })
	putting.Add(1)
	group.Go(func() error {
		defer putting.Done()
		defer end()
		return g.servePublishers(ctx)
	})
	group.Go(func() error { return g.serveHTTP(onAir, late) })
	group.Go(func() error { return g.serveOperators(onAir) })
	group.Go(func() error { g.monitor.Run(ctx); return nil })
	group.Go(func() error { g.watchSettings(ctx); return nil })
	group.Go(func() error { g.receivers.run(onAir, told); return nil })
	group.Go(func() error { return g.tls.watch(ctx, certs.Watch{Log: g.log}) })
	group.Go(func() error { g.leftBehind(g.reaper.Run(ctx)); return nil })
	group.Go(func() error { g.leftBehind(g.write(late, putting.Wait)); return nil })
	err := errors.Join(group.Wait(), closeStore(g.store))
	g.log.Info().Err(err).Msg("stopped")
	return err
}

// afterwards returns a context that ends some time after another one.
func afterwards(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		stop := time.AfterFunc(d, cancel)
		context.AfterFunc(late, func() { stop.Stop() })
	})
	return late, func() {
		forget()
		cancel()
	}
}

// write writes segments to the disk until nobody puts any more, and then what is
// left, until late ends.
func (g *Gateway) write(late context.Context, putting func()) error {
	if g.spool == nil {
		putting()
		return nil
	}
	ctx, cancel := context.WithCancel(late)
	defer cancel()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() {
		defer cancel()
		putting()
	})
	return g.spool.Run(ctx, late)
}

// leftBehind tells the log what a stop could not wait for.
func (g *Gateway) leftBehind(err error) {
	if err != nil {
		g.log.Warn().Err(err).Msg("stopped, and left work for the disk")
	}
}
