// Package gateway builds a Sluice from its settings and runs it: the one place
// that knows all parts.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"sluice/pkg/config"
	"sluice/pkg/metrics"
	"sluice/pkg/origin"
	"sluice/pkg/rtmp"
	"sluice/pkg/segment"
	"sluice/pkg/store"
	"sluice/pkg/stream"
	"sluice/web"
)

// A Gateway is a Sluice that listens but does not serve yet.
type Gateway struct {
	config   config.Config
	log      zerolog.Logger
	store    store.Store
	spool    *store.Spool // that is store, nil for a store that is never slow
	reaper   *store.Reaper
	registry *stream.Registry
	rtmp     net.Listener
	http     net.Listener
	handler  *origin.Handler
}

// New opens the store and the listeners. Errors are one line and name the
// setting at fault; nothing is left open behind one.
func New(cfg config.Config, log zerolog.Logger) (*Gateway, error) {
	g := &Gateway{config: cfg, log: log}
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

func (g *Gateway) open() (err error) {
	if err := g.openStore(); err != nil {
		return g.config.Fault("store.path", err)
	}
	if err := g.listen(); err != nil {
		return err
	}
	g.reaper = store.NewReaper(g.store, func(name string, err error) {
		g.log.Error().Err(err).Str("blob", name).Msg("blob not removed")
	})
	g.registry = stream.NewRegistry(stream.Environment{
		Config: stream.Config{
			Segment: segment.Config{
				Target: g.config.Segment.Duration,
				Max:    g.config.Segment.Max,
				Part:   g.config.Segment.Part,
				Chunk:  cmp.Or(g.config.DASH.Chunk, g.config.Segment.Part),
			},
			Window: g.config.Window.Duration,
			Linger: g.config.Stream.Linger,
			Keep:   g.config.Stream.Keep,

			Conflict: stream.Conflict(g.config.Stream.Conflict),
			Failover: g.config.Stream.Failover,

			Limits: stream.Limits{
				Publishers: g.config.Limits.Publishers, Streams: g.config.Limits.Streams,
				Cutting: int64(g.config.Limits.StreamMemory), Stored: int64(g.config.Limits.StreamDisk),
			},
		},
		Store: g.store, Retire: g.reaper, Reserved: origin.Reserved(), Log: g.log, Now: time.Now,
	})
	site, err := origin.New(origin.Config{
		Metrics: metrics.New(g.registry, g.backlog()),
		Source:  g.registry, Store: viewing{g.store}, Pages: web.Files(),
		TSCache: int64(g.config.TS.CacheBytes), RTMP: port(g.rtmp.Addr()), Log: g.log, Now: time.Now,
	})
	if err != nil {
		return g.config.Fault("ts.cache_bytes", err)
	}
	g.handler = site.Handler()
	return nil
}

// port returns the port of a listener's address.
func port(addr net.Addr) int {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

func (g *Gateway) openStore() error {
	if g.config.Store.Type == config.InMemory {
		g.store = store.NewMemory()
		return nil
	}
	limits := g.config.Limits
	disk, err := store.OpenDisk(g.config.Store.Path, store.MaxBytes(int64(limits.Disk)), store.KeepFree(int64(limits.DiskFree)))
	if err != nil {
		return err
	}
	if g.spool, err = store.NewSpool(disk, int64(limits.Memory), g.reportSpool); err != nil {
		return errors.Join(err, disk.Close())
	}
	g.spool.LimitShares(int64(limits.StreamMemory))
	g.store = g.spool
	return nil
}

// backlog returns what the metrics say of the spool, nil if there is none.
func (g *Gateway) backlog() metrics.Spool {
	if g.spool == nil {
		return nil
	}
	return g.spool
}

func (g *Gateway) reportSpool(failing error, blobs, bytes int64) {
	if failing != nil {
		g.log.Error().Err(failing).Int64("segments", blobs).Int64("bytes", bytes).
			Msg("segments are not written: streams go on from memory")
		return
	}
	g.log.Info().Int64("segments", blobs).Int64("bytes", bytes).Msg("segments are written again")
}

// runSpool writes segments until stop is called, which returns when those that
// wait are written, or could not be in time.
func (g *Gateway) runSpool(ctx context.Context) (stop func() error) {
	if g.spool == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- g.spool.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func (g *Gateway) closeStore() error {
	if closer, ok := g.store.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// Close closes the listeners and the store of a Gateway that was not run.
func (g *Gateway) Close() error {
	errs := []error{g.closeStore()}
	for _, ln := range []net.Listener{g.rtmp, g.http} {
		if ln != nil {
			errs = append(errs, ln.Close())
		}
	}
	return errors.Join(errs...)
}

// RTMPAddr returns the address that publishers connect to.
func (g *Gateway) RTMPAddr() net.Addr { return g.rtmp.Addr() }

// HTTPAddr returns the address that players connect to.
func (g *Gateway) HTTPAddr() net.Addr { return g.http.Addr() }

// Run serves until ctx ends or something fails for good. It closes what New
// opened.
func (g *Gateway) Run(ctx context.Context) error {
	if err := g.takeUp(); err != nil {
		return errors.Join(g.config.Fault("store.path", err), g.Close())
	}
	g.announce()
	publishers := &rtmp.Server{
		Handler: publishing{g.registry},
		Log:     g.log,
		Limits: rtmp.Limits{
			Connections: g.config.RTMP.MaxConnections,
			Handshake:   g.config.RTMP.HandshakeTimeout,
			Publish:     g.config.RTMP.PublishTimeout,
			Idle:        g.config.RTMP.IdleTimeout,
		},
	}
	stopSpool := g.runSpool(ctx) // after all who put segments
	group, ctx := errgroup.WithContext(ctx)
	// Publishers go first: the end of their streams answers all who wait.
	watching, leave := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		defer leave()
		return publishers.Serve(ctx, g.rtmp)
	})
	group.Go(func() error { return g.serveHTTP(watching) })
	group.Go(func() error { _ = g.reaper.Run(ctx); return nil }) // it has only ctx's error
	group.Go(func() error { g.registry.Run(ctx); return nil })
	err := errors.Join(group.Wait(), stopSpool(), g.closeStore())
	g.log.Info().Err(err).Msg("stopped")
	return err
}

// announce logs what an operator wants to know at start.
func (g *Gateway) announce() {
	g.log.Info().Str("protocol", "rtmp").Stringer("address", g.rtmp.Addr()).Msg("listening")
	g.log.Info().Str("protocol", "http").Stringer("address", g.http.Addr()).Msg("listening")
	g.log.Warn().Msg("no authorisation is configured: anyone who reaches the RTMP port may publish")
}
