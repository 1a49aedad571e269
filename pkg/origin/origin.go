// Package origin is the HTTP side of Sluice, for players and for CDNs in front
// of them.
//
// A URL names either bytes that never change (a segment, a header, an asset of
// the page) or a text with an exact cache lifetime. Nothing depends on who
// asks: there are no cookies, no redirects of media and no URLs for one viewer.
package origin

import (
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/scroll"
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
	Store   store.Store   // where the presentations' segments are
	Pages   fs.FS         // index.html, player.html and assets/; its files can seek
	TSCache int64         // bytes of MPEG-TS segments to keep
	RTMP    int           // port that publishers connect to, for them to be told
	RTMPS   int           // the same with TLS; 0 for none
	Segment time.Duration // length of segments, for the same
	Metrics http.Handler
	Status  Status // how streams are, for the page
	// Ready says, in a line, whether publishers and viewers should be sent here. Without it
	// they always should.
	Ready func() (word string, is bool)
	Gate  Gate // nil lets everybody watch
	Log   zerolog.Logger
	Now   func() time.Time
}

// An Origin answers requests.
type Origin struct {
	Config
	site    site
	ts      *transportStreams
	zips    scroll.Compressor
	parking *Parking
	faults  zerolog.Logger // sampled: whoever finds a request that fails can repeat it
}

// New returns an Origin.
func New(config Config) (*Origin, error) {
	site, err := newSite(config.Pages)
	if err != nil {
		return nil, err
	}
	ts, err := newTransportStreams(config.Store, config.TSCache, config.Log)
	if err != nil {
		return nil, err
	}
	faults := config.Log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second})
	return &Origin{Config: config, site: site, ts: ts, parking: newParking(), faults: faults}, nil
}

// Handler returns the routes. The first element of a path is an application,
// except for those that begin with no letter or digit and the Reserved ones.
//
// No name needs percent-encoding, and none is decoded: an encoded path is the
// name of nothing, so that what a cache or a rule in front of the origin sees
// is what it answers.
func (o *Origin) Handler() *Handler {
	r := chi.NewRouter()
	r.Use(crossOrigin, o.gate, o.recover, middleware.GetHead) // what the log has of a path is behind the gate
	r.NotFound(func(w http.ResponseWriter, r *http.Request) { o.fail(w, r, fs.ErrNotExist) })
	r.MethodNotAllowed(o.methodNotAllowed)
	r.Get("/", o.page("index.html"))
	r.Get("/-/*", o.asset)
	r.Get("/healthz", o.healthz)
	r.Get("/readyz", o.readyz)
	if o.Metrics != nil {
		r.Get("/metrics", o.metrics)
	}
	if o.Status != nil {
		r.Get("/status.json", o.status)
		r.Get("/{app}/{name}/status.json", o.streamStatus)
	}
	r.Get("/streams.json", o.streams)
	r.Get("/publish.json", o.publishing)
	r.Get("/time", o.time)
	r.Get("/{app}/{file}", o.alias)
	r.Get("/{app}/{name}/", o.player)
	r.Get("/{app}/{name}/time", o.time)
	r.Get("/{app}/{name}/obs.json", o.multitrack)
	r.Get("/{app}/{name}/{file}", o.folder)
	r.Get("/{app}/{name}/{track}/{file}", o.media)
	r.Get("/{app}/{name}/{track}/{header}/{file}", o.media)
	return &Handler{r, o.parking}
}

// A Handler answers requests. The http.Server should serve its Parking too,
// which keeps clients that wait when they are many.
type Handler struct {
	http.Handler
	Parking *Parking
}

// Reserved returns the first elements of paths that are, or are to be, other
// things than applications. Nothing may be published under them.
func Reserved() []string {
	return []string{"api", "metrics", "healthz", "readyz", "streams.json", "status.json", "publish.json", "t", "time"}
}

// nameable reports whether a stream of that name can be on air.
func nameable(app, name string) bool {
	return store.CheckName(app+"/"+name) == nil && !slices.Contains(Reserved(), app)
}
