package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
	"sluice/pkg/version"
)

// settings are the flags of the commands that run the gateway. They override
// the file and the environment.
type settings struct {
	Config    string `help:"Configuration file (default: ${default_config} if there is one)." placeholder:"FILE"`
	RTMP      string `name:"rtmp" help:"Address to take publishers at." placeholder:"ADDR"`
	HTTP      string `name:"http" help:"Address to serve players at." placeholder:"ADDR"`
	Segments  string `help:"Directory to keep segments in." placeholder:"DIR"`
	LogFormat string `help:"Form of the log: json or console." placeholder:"FORMAT"`
}

// load returns the configuration that the flags, the environment and the file
// make together.
func (s settings) load() (config.Config, error) {
	cfg, err := config.Load(s.Config, os.Environ())
	if err != nil {
		return cfg, err
	}
	for _, flag := range []struct{ name, key, value string }{
		{"--rtmp", "rtmp.address", s.RTMP},
		{"--http", "http.address", s.HTTP},
		{"--segments", "store.path", s.Segments},
		{"--log-format", "log.format", s.LogFormat},
	} {
		if flag.value == "" {
			continue
		}
		if err := cfg.Set(flag.name, flag.key, flag.value); err != nil {
			return cfg, err
		}
	}
	return cfg, cfg.Validate()
}

func newLogger(cfg config.Log, t terminal) zerolog.Logger {
	w := t.err
	if cfg.Format == config.Console {
		w = zerolog.ConsoleWriter{Out: t.err, TimeFormat: time.TimeOnly, NoColor: !isTerminal(t.err)}
	}
	zerolog.SetGlobalLevel(cfg.Level) // which a reload may change
	return zerolog.New(w).With().Timestamp().Logger()
}

// isTerminal reports whether a person may be looking at w, and not a file.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type serveCommand struct {
	settings `embed:""`
}

// Run runs the gateway until ctx ends.
func (c *serveCommand) Run(ctx context.Context, t terminal) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := newLogger(cfg.Log, t)
	adopt(log)
	g, err := gateway.New(cfg, log)
	if err != nil {
		return err
	}
	announce(cfg, log)
	defer c.reload(g)()
	defer tune(cfg, g.Waiting)()
	return g.Run(ctx)
}

// announce says which gateway starts, and with which file of settings.
func announce(cfg config.Config, log zerolog.Logger) {
	event := log.Info().Str("version", version.Read().Version)
	if file := cfg.Files()[0]; exists(file) {
		event = event.Str("config", file)
	}
	event.Msg("starting")
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// reload has a gateway read its settings anew on SIGHUP, and when their files change. What it returns ends that.
func (s settings) reload(g *gateway.Gateway) (end func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	g.ReloadBy(gateway.Reloading{Load: s.load, Asked: asked, Level: zerolog.SetGlobalLevel})
	return func() { signal.Stop(asked) }
}
