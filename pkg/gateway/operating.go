package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sluice/pkg/access"
	"sluice/pkg/api"
	"sluice/pkg/config"
	"sluice/pkg/monitor"
	"sluice/pkg/stream"
	"sluice/pkg/version"
)

// leastToken is how many characters the token of the API has.
const leastToken = 32

// openAPI makes the API for operators, none if it is off.
func (g *Gateway) openAPI() error {
	if g.config.API.Address == "" {
		return nil
	}
	c := api.Config{Streams: g.registry, Reports: g.monitor, Events: &g.events, Settings: g.settings, Mint: g.mint, Reload: g.orderReload, Now: time.Now, Version: version.Read().Version}
	err := g.useFile("api.token_file", g.config.API.TokenFile, func(text []byte) error {
		if c.Token = bytes.TrimSpace(text); len(c.Token) < leastToken {
			return fmt.Errorf("a token of %d characters is too short: it has at least %d", len(c.Token), leastToken)
		}
		return nil
	})
	g.operators = api.New(c)
	return err
}

// mint returns a token to watch with.
func (g *Gateway) mint(scope string, until time.Time) (string, error) {
	v := g.door.viewers()
	if v == nil || len(v.Secrets) == 0 {
		return "", api.ErrNoSecret
	}
	if err := access.Scope(scope).Check(); err != nil {
		return "", err
	}
	return string(access.MakeToken(v.Secrets[0], access.Scope(scope), until)), nil
}

// settings returns those in force, without what is nobody's business.
func (g *Gateway) settings() []api.Setting {
	var all []api.Setting
	for _, s := range g.current.Load().Settings() {
		all = append(all, api.Setting{Key: s.Key, Value: shown(s), Origin: s.Origin})
	}
	return all
}

// shown returns the value of a setting without secrets: what checks keys and passwords, and what is in a URL but
// the place.
func shown(s config.Setting) string {
	switch {
	case slices.Contains([]string{"publish.keys", "publish.users", "webhooks"}, s.Key) && s.Value != "{}" && s.Value != "[]":
		return hidden
	case strings.Contains(s.Value, "://"):
		u, err := url.Parse(s.Value)
		if err != nil {
			return hidden
		}
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	}
	return s.Value
}

// serveOperators serves the API until ctx ends.
func (g *Gateway) serveOperators(ctx context.Context) error {
	if g.operators == nil {
		return nil
	}
	server := &http.Server{
		Handler: g.operators, ReadTimeout: headTimeout, WriteTimeout: headTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHead, ErrorLog: forward(g.log),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(g.api) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("api: %w", err), server.Close())
	case <-ctx.Done():
	}
	err := server.Close()
	<-served
	return err
}

// status tells the page how streams are.
type status struct{ *monitor.Monitor }

// mostEvents is how many events the page is told of.
const mostEvents = 50

// Streams implements origin.Status.
func (s status) Streams() any {
	all := s.Reports()
	for i := range all {
		all[i] = all[i].Public()
	}
	return struct {
		Streams []monitor.Report `json:"streams"`
		Events  []monitor.Event  `json:"events"`
	}{all, s.Events.Newest(mostEvents, "")}
}

// Stream implements origin.Status.
func (s status) Stream(app, name string) (any, bool) {
	key := stream.Name{App: app, Key: name}
	report, found := s.Report(key)
	return struct {
		monitor.Report
		History []monitor.Sample `json:"history"`
		Events  []monitor.Event  `json:"events"`
	}{report.Public(), s.History(key), s.Events.Newest(mostEvents, key.String())}, found
}

// audience counts who watches, once there is an origin.
type audience struct{ *Gateway }

// Viewers implements monitor.Audience.
func (a audience) Viewers(app, name string) int { return a.site.Viewers(app, name) }
