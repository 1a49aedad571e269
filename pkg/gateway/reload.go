package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/api"
	"sluice/pkg/config"
)

// A Reloading is how settings are read anew while the gateway runs.
type Reloading struct {
	Load  func() (config.Config, error) // reads and validates all of them
	Asked <-chan os.Signal              // asks for it
	Level func(zerolog.Level)           // sets the level of the log
}

// watchFiles is how often files are looked at that settings come from.
const watchFiles = 2 * time.Second

// errNoReloading is the answer of a gateway that cannot.
var errNoReloading = errors.New("this gateway does not read its settings anew")

// A reloader reads settings anew, in one goroutine.
type reloader struct {
	Reloading
	orders chan chan<- outcome // of operators

	seen [sha256.Size]byte // sum of what the files had in them when they were last reloaded
	last [sha256.Size]byte // and at the last look
	bad  string            // what was wrong with them, for the log to have it once
}

// An outcome is what became of a reload.
type outcome struct {
	api.Reloaded
	err error
}

// ReloadBy has the gateway read its settings anew when it is asked to, and when files change that they come
// from. It is called before Run.
func (g *Gateway) ReloadBy(r Reloading) {
	g.reloader = &reloader{Reloading: r, orders: make(chan chan<- outcome)}
}

// watchSettings reloads until ctx ends.
func (g *Gateway) watchSettings(ctx context.Context) {
	if g.reloader == nil {
		return
	}
	g.reloader.look(g.current.Load())
	g.reloader.seen = g.reloader.last
	ticker := time.NewTicker(watchFiles)
	defer ticker.Stop()
	for {
		select {
		case <-g.reloader.Asked:
			g.reload(ctx) // the log has what came of it
		case <-ticker.C:
			if g.reloader.changed(g.current.Load()) {
				g.reload(ctx)
			}
		case reply := <-g.reloader.orders:
			reply <- g.reload(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// orderReload has the settings read anew, for an operator.
func (g *Gateway) orderReload(ctx context.Context) (api.Reloaded, error) {
	if g.reloader == nil {
		return api.Reloaded{}, errNoReloading
	}
	reply := make(chan outcome, 1)
	select {
	case g.reloader.orders <- reply:
	case <-ctx.Done():
		return api.Reloaded{}, ctx.Err()
	}
	done := <-reply
	return done.Reloaded, done.err
}

// changed reports, once, that files are others than they were, and no longer being written: as they were at the last
// look. A file that is empty for a moment would let everybody in.
func (r *reloader) changed(c *config.Config) bool {
	if !r.look(c) || r.last == r.seen {
		return false
	}
	r.seen = r.last
	return true
}

// look reports whether files are as they were at the last look.
func (r *reloader) look(c *config.Config) (same bool) {
	before := r.last
	r.last = sumOf(c.Files())
	return r.last == before
}

// sumOf returns the sum of what is in files, and of which there are.
func sumOf(paths []string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, path := range paths {
		content, err := os.ReadFile(path)
		one := sha256.Sum256(content)
		h.Write([]byte(path))
		h.Write(one[:])
		if err != nil {
			h.Write([]byte("missing"))
		}
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// reload reads the settings anew and puts in force what can change. With an error all stays as it is.
func (g *Gateway) reload(ctx context.Context) outcome {
	r := g.reloader
	next, err := r.Load()
	if err == nil {
		var done api.Reloaded
		if done, err = g.change(ctx, next); err == nil {
			r.bad = ""
			return outcome{done, nil}
		}
	}
	if r.bad != err.Error() {
		r.bad = err.Error()
		g.log.Error().Err(err).Msg("settings are not reloaded: those before stay in force")
	}
	return outcome{err: err}
}

// change puts settings in force. What is open goes on: who publishes and watches is not asked again.
func (g *Gateway) change(ctx context.Context, next config.Config) (done api.Reloaded, err error) {
	now, changed, fixed := g.current.Load().Change(next)
	ladders, err := laddersOf(now)
	if err != nil {
		return done, err
	}
	other := &Gateway{config: now, log: g.log}
	if err := other.openEntrance(); err != nil {
		return done, err
	}
	before := g.door.now.Load()
	if err := g.door.open(ctx, &other.entrance); err != nil {
		return done, err
	}
	g.registry.Configure(streamConfig(now, ladders))
	if g.reloader.Level != nil {
		g.reloader.Level(now.Log.Level)
	}
	g.current.Store(&now)
	g.log.Info().Strs("changed", changed).Strs("needs_restart", fixed).Msg("settings reloaded")
	if before.guard != nil {
		g.door.warn(g.log)
	}
	if before.viewers != nil && g.door.viewers() == nil {
		g.log.Warn().Msg("who may watch is no longer configured: anyone who reaches the HTTP port may")
	}
	return api.Reloaded{Changed: append([]string{}, changed...), NeedsRestart: append([]string{}, fixed...)}, nil
}
