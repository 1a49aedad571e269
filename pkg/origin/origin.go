// Package origin is the HTTP side of Sluice, for players and for CDNs in front
// of them.
//
// A URL names either bytes that never change (a segment, a header, an asset of
// the page) or a text with an exact cache lifetime. Nothing depends on who
// asks: there are no cookies, no redirects of media and no URLs for one viewer.
package origin

import (
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/store"
)

// A Source knows what is on air.
type Source interface {
	// Lookup returns a presentation that is on air or has ended lately.
	Lookup(app, name string) (*live.Presentation, bool)
	// List returns all of them, ordered by name.
	List() []*live.Presentation
}

// Config is what an Origin serves from.
type Config struct {
	Source  Source
	Store   store.Store // where the presentations' segments are
	Pages   fs.FS       // index.html, player.html and assets/
	TSCache int64       // bytes of MPEG-TS segments to keep
	Log     zerolog.Logger
	Now     func() time.Time
}

// An Origin answers requests.
type Origin struct {
	Config
	ts *transportStreams
}

// New returns an Origin.
func New(config Config) (*Origin, error) {
	ts, err := newTransportStreams(config.Store, config.TSCache)
	if err != nil {
		return nil, err
	}
	return &Origin{Config: config, ts: ts}, nil
}

// Handler returns the routes. The first element of a path is an application,
// except for those that begin with no letter or digit and the few below.
func (o *Origin) Handler() http.Handler {
	r := chi.NewRouter()
	r.Use(o.recover, crossOrigin, middleware.GetHead)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { fail(w, fs.ErrNotExist) })
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		fail(w, errMethod)
	})
	r.Get("/", o.page("index.html"))
	r.Get("/-/*", o.asset)
	r.Get("/healthz", o.healthz)
	r.Get("/streams.json", o.streams)
	r.Get("/time", o.time)
	r.Get("/{app}/{file}", o.alias)
	r.Get("/{app}/{name}/", o.page("player.html"))
	r.Get("/{app}/{name}/time", o.time)
	r.Get("/{app}/{name}/{file}", o.text)
	r.Get("/{app}/{name}/{track}/{file}", o.media)
	return r
}

var (
	errMethod  = errors.New("method not allowed")
	errRequest = errors.New("bad request")
)

// fail answers a request with the status that an error stands for.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, store.ErrName):
		status = http.StatusNotFound
	case errors.Is(err, errMethod):
		status = http.StatusMethodNotAllowed
	case errors.Is(err, errRequest):
		status = http.StatusBadRequest
	}
	w.Header().Set("Cache-Control", cacheFor(negative))
	http.Error(w, http.StatusText(status), status)
}

// recover answers 500 for a handler that panics, and says so in the log.
func (o *Origin) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // a panic's value, not an error
				o.Log.Error().Interface("cause", cause).Str("path", r.URL.Path).Msg("request panicked")
				fail(w, errors.New("panic"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// crossOrigin lets pages of every site play. The headers are the same whether
// or not the request names an origin, because a cache does not tell them
// apart.
func crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Date, Age, Content-Length, Content-Range, ETag")
		h.Set("Timing-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "*, Range, If-None-Match")
			h.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
