// Package gateway builds a Sluice from its settings and runs it: the one place
// that knows all parts.
package gateway

import (
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/metrics"
	"sluice/pkg/monitor"
	"sluice/pkg/origin"
	"sluice/pkg/segment"
	"sluice/pkg/store"
	"sluice/pkg/stream"
	"sluice/web"
)

// A Gateway is a Sluice that listens but does not serve yet.
type Gateway struct {
	config    config.Config
	log       zerolog.Logger
	openDisk  func(config.Config) (store.Store, error)
	store     store.Store
	spool     *store.Spool // that is store, nil for a store that is never slow
	reaper    *store.Reaper
	registry  *stream.Registry
	rtmp      net.Listener
	http      net.Listener
	api       net.Listener // nil if there is no API
	site      *origin.Origin
	handler   *origin.Handler
	monitor   *monitor.Monitor
	operators http.Handler // the API, nil if there is none
	entrance  entrance     // to begin with: see door
	door      door
	current   atomic.Pointer[config.Config] // in force now
	reloader  *reloader                     // nil if settings stay as they are

	receivers receivers // of events
	events    monitor.Events
	tls       secure
	leaving   atomic.Bool // it is to stop, or does
}

// New opens the store and the listeners. Errors are one line and name the
// setting at fault; nothing is left open behind one.
func New(cfg config.Config, log zerolog.Logger) (*Gateway, error) {
	return build(&Gateway{config: cfg, log: log, openDisk: openDisk})
}

func build(g *Gateway) (*Gateway, error) {
	if err := g.open(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

func (g *Gateway) open() (err error) {
	ladders, err := laddersOf(g.config)
	if err != nil {
		return err
	}
	if err := g.openEntrance(); err != nil {
		return err
	}
	g.door.now.Store(&g.entrance)
	g.current.Store(&g.config)
	if err := g.openReceivers(); err != nil {
		return err
	}
	if err := g.openTLS(); err != nil {
		return err
	}
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
		Config: streamConfig(g.config, ladders),
		Store:  g.store, Memory: g.memory(), Retire: g.reaper, Reserved: origin.Reserved(), Log: g.log, Now: time.Now,
		Observers: []stream.Observer{g.receivers, &g.events},
	})
	g.monitor = monitor.New(monitor.Config{Source: g.registry, Audience: audience{g}, Events: &g.events, Segment: g.config.Segment.Duration, Log: g.log})
	g.site, err = origin.New(origin.Config{
		Metrics: metrics.New(metrics.Sources{
			Streams: g.registry, Reports: g.monitor, Spool: g.backlog(), Webhooks: g.receivers, Certificates: g.tls.metered(),
		}), Status: status{g.monitor}, Gate: &g.door, Ready: g.ready,
		Source: g.registry, Store: newViewing(g.store, g.spool), Pages: web.Files(),
		TSCache: int64(g.config.TS.CacheBytes), RTMP: port(g.rtmp), RTMPS: port(g.tls.rtmps), Segment: g.config.Segment.Duration,
		Log: g.log, Now: time.Now,
	})
	if err != nil {
		return g.config.Fault("ts.cache_bytes", err)
	}
	g.handler = g.site.Handler()
	return g.openAPI()
}

// streamConfig returns how streams are cut and kept.
func streamConfig(c config.Config, ladders []stream.Ladder) stream.Config {
	return stream.Config{
		Segment: segment.Config{
			Target: c.Segment.Duration,
			Max:    c.Segment.Max,
			Part:   c.Segment.Part,
			Chunk:  cmp.Or(c.DASH.Chunk, c.Segment.Part),
		},
		Window: c.Window.Duration,
		Linger: c.Stream.Linger,
		Keep:   c.Stream.Keep,

		Conflict: stream.Conflict(c.Stream.Conflict),
		Failover: c.Stream.Failover,
		Ladders:  ladders,

		Limits: stream.Limits{
			Publishers: c.Limits.Publishers, Streams: c.Limits.Streams,
			Cutting: int64(c.Limits.StreamMemory), Stored: int64(c.Limits.StreamDisk),
		},
	}
}

// port returns the port of a listener, 0 if there is none.
func port(ln net.Listener) int {
	if ln == nil {
		return 0
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

func (g *Gateway) openStore() error {
	if g.config.Store.Type == config.InMemory {
		g.store = store.NewMemory()
		return nil
	}
	disk, err := g.openDisk(g.config)
	if err != nil {
		return err
	}
	if disk, ok := disk.(*store.Disk); ok {
		if err := disk.Writable(); err != nil {
			g.log.Error().Err(err).Msg("nothing can be written: streams will go on from memory, and not outlive this process")
		}
	}
	limits := g.config.Limits
	if g.spool, err = store.NewSpool(disk, int64(limits.Memory), g.reportSpool); err != nil {
		return errors.Join(err, closeStore(disk))
	}
	g.spool.LimitShares(int64(limits.StreamMemory))
	g.store = g.spool
	return nil
}

func openDisk(c config.Config) (store.Store, error) {
	return store.OpenDisk(c.Store.Path, store.MaxBytes(int64(c.Limits.Disk)), store.KeepFree(int64(c.Limits.DiskFree)))
}

// backlog returns what the metrics say of the spool, nil if there is none.
func (g *Gateway) backlog() metrics.Spool {
	if g.spool == nil {
		return nil
	}
	return g.spool
}

// memory returns where the segments of streams wait, nil if they never do.
func (g *Gateway) memory() stream.Memory {
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

func closeStore(s store.Store) error {
	if closer, ok := s.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// Close closes the listeners and the store of a Gateway that was not run.
func (g *Gateway) Close() error {
	errs := []error{closeStore(g.store), g.tls.close()}
	for _, ln := range []net.Listener{g.rtmp, g.http, g.api} {
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

// APIAddr returns the address that operators connect to, nil if there is no API.
func (g *Gateway) APIAddr() net.Addr {
	if g.api == nil {
		return nil
	}
	return g.api.Addr()
}

// Waiting returns how many requests of viewers are held.
func (g *Gateway) Waiting() int { return g.handler.Parking.Waiting() }

// announce logs what an operator wants to know at start.
func (g *Gateway) announce() {
	g.log.Info().Str("protocol", "rtmp").Stringer("address", g.rtmp.Addr()).Msg("listening")
	g.log.Info().Str("protocol", "http").Stringer("address", g.http.Addr()).Msg("listening")
	g.tls.announce(g.log)
	if g.api != nil {
		g.log.Info().Str("protocol", "api").Stringer("address", g.api.Addr()).Msg("listening")
	}
	g.door.warn(g.log)
}
