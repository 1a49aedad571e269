// Package api is the HTTP API for operators and their programs, under /api/v1. It describes itself by
// OpenAPI 3.1, at /api/v1/openapi.json. All else wants the token: "Authorization: Bearer TOKEN".
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"sluice/pkg/monitor"
	"sluice/pkg/stream"
)

// Streams are what there is to end.
type Streams interface {
	Kick(name stream.Name) error
	End(name stream.Name) error
}

// Reports are how streams are.
type Reports interface {
	Report(name stream.Name) (monitor.Report, bool)
	Reports() []monitor.Report
	History(name stream.Name) []monitor.Sample
}

// A Setting is one key of the configuration in force.
type Setting struct {
	Key    string `json:"key" example:"rtmp.address"`
	Value  string `json:"value" example:":1935"`
	Origin string `json:"origin,omitempty" doc:"where it was set; empty for a default" example:"SLUICE_RTMP_ADDRESS"`
}

// ErrNoSecret says that there is nothing to sign tokens with.
var ErrNoSecret = errors.New("there is no secret to sign tokens with: see watch.secret_file")

// Reloaded is what became of settings that have changed.
type Reloaded struct {
	Changed      []string `json:"changed" doc:"keys whose new values are in force"`
	NeedsRestart []string `json:"needsRestart" doc:"keys whose old values stay in force until a restart"`
}

// Config is what an API works with.
type Config struct {
	Streams  Streams
	Reports  Reports
	Events   *monitor.Events
	Settings func() []Setting // in force, without secrets
	Version  string
	Token    []byte // that callers must have

	// Mint returns a token to watch what a scope covers until a time, or ErrNoSecret.
	Mint func(scope string, until time.Time) (string, error)

	// Reload reads the settings anew. With an error they stay as they are.
	Reload func(context.Context) (Reloaded, error)

	Now func() time.Time
}

// root is what all paths of the API begin with.
const root = "/api/v1"

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// New returns the API.
func New(c Config) http.Handler {
	router := chi.NewRouter()
	settings := huma.DefaultConfig("Sluice", c.Version)
	settings.CreateHooks = nil // no links to schemas in answers
	settings.OpenAPIPath, settings.DocsPath, settings.SchemasPath = root+"/openapi", "", ""
	settings.Info.Description = "What is on air, and what an operator can do about it."
	settings.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	settings.Security = []map[string][]string{{"token": {}}}
	h := humachi.New(router, settings)
	h.UseMiddleware(authorise(h, c.Token))
	c.inspect(h)
	c.act(h)
	return uncached(router)
}

// uncached keeps answers out of caches.
func uncached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// authorise refuses who does not have the token. It compares without an early end.
func authorise(h huma.API, token []byte) func(huma.Context, func(huma.Context)) {
	want := sha256.Sum256(token)
	return func(ctx huma.Context, next func(huma.Context)) {
		scheme, given, _ := strings.Cut(ctx.Header("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			ctx.SetHeader("WWW-Authenticate", `Bearer realm="sluice"`)
			_ = huma.WriteErr(h, ctx, http.StatusUnauthorized, "the token of the API is needed: Authorization: Bearer TOKEN")
			return
		}
		next(ctx)
	}
}

// A target is the stream that a path names.
type target struct {
	App  string `path:"app" doc:"application" example:"live" maxLength:"255"`
	Name string `path:"name" doc:"of the stream" example:"show" maxLength:"255"`
}

func (t target) stream() stream.Name { return stream.Name{App: t.App, Key: t.Name} }

// errNoStream is the answer for a name that nothing is known of.
func errNoStream(t target) error {
	return huma.Error404NotFound("there is no stream " + t.stream().String())
}

// operation returns what is said of one.
func operation(id, method, path, summary string, errs ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: root + path, Summary: summary,
		Errors: append(errs, http.StatusUnauthorized, http.StatusUnprocessableEntity), MaxBodyBytes: maxBody,
	}
}

type streamsOutput struct {
	Body struct {
		Streams []monitor.Report `json:"streams"`
	}
}

type streamOutput struct{ Body monitor.Report }

type historyOutput struct {
	Body struct {
		Samples []monitor.Sample `json:"samples" doc:"one each two seconds, of the last five minutes, the oldest first"`
	}
}

type eventsInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Stream string `query:"stream" doc:"only of this one" example:"live/show" maxLength:"511"`
}

type eventsOutput struct {
	Body struct {
		Events []monitor.Event `json:"events"`
	}
}

type settingsOutput struct {
	Body struct {
		Settings []Setting `json:"settings"`
	}
}

// inspect adds what changes nothing.
func (c Config) inspect(h huma.API) {
	huma.Register(h, operation("list-streams", http.MethodGet, "/streams", "List the streams on air, and those that ended lately"),
		func(context.Context, *struct{}) (*streamsOutput, error) {
			var out streamsOutput
			out.Body.Streams = c.Reports.Reports()
			return &out, nil
		})
	huma.Register(h, operation("get-stream", http.MethodGet, "/streams/{app}/{name}", "Inspect a stream", http.StatusNotFound),
		func(_ context.Context, in *target) (*streamOutput, error) {
			r, ok := c.Reports.Report(in.stream())
			if !ok {
				return nil, errNoStream(*in)
			}
			return &streamOutput{r}, nil
		})
	huma.Register(h, operation("get-history", http.MethodGet, "/streams/{app}/{name}/history", "See what a stream was like in the last minutes", http.StatusNotFound),
		func(_ context.Context, in *target) (*historyOutput, error) {
			if _, ok := c.Reports.Report(in.stream()); !ok {
				return nil, errNoStream(*in)
			}
			var out historyOutput
			out.Body.Samples = c.Reports.History(in.stream())
			return &out, nil
		})
	huma.Register(h, operation("list-events", http.MethodGet, "/events", "See what happened lately, the newest first"),
		func(_ context.Context, in *eventsInput) (*eventsOutput, error) {
			var out eventsOutput
			out.Body.Events = c.Events.Newest(in.Limit, in.Stream)
			return &out, nil
		})
	huma.Register(h, operation("get-config", http.MethodGet, "/config", "See the settings in force, without secrets"),
		func(context.Context, *struct{}) (*settingsOutput, error) {
			var out settingsOutput
			out.Body.Settings = c.Settings()
			return &out, nil
		})
}
