package origin

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"sluice/pkg/dash"
	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// text serves a playlist or manifest of a whole presentation from its folder.
func (o *Origin) text(w http.ResponseWriter, r *http.Request) {
	o.present(w, r, chi.URLParam(r, "app"), chi.URLParam(r, "name"), chi.URLParam(r, "file"), "")
}

// alias serves {app}/{name}.m3u8 and {app}/{name}.mpd: the same texts one
// folder up. {app}/{name} is the player page without its slash.
func (o *Origin) alias(w http.ResponseWriter, r *http.Request) {
	app, file := chi.URLParam(r, "app"), chi.URLParam(r, "file")
	for _, ending := range []string{".m3u8", ".mpd"} {
		if name, ok := strings.CutSuffix(file, ending); ok && name != "" {
			o.present(w, r, app, name, "index"+ending, name+"/")
			return
		}
	}
	o.toPlayer(w, r, app, file)
}

// present serves one text. URIs in it get the prefix.
func (o *Origin) present(w http.ResponseWriter, r *http.Request, app, name, file, prefix string) {
	p, ok := o.Source.Lookup(app, name)
	if !ok {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	s := p.Snapshot()
	var text []byte
	kind, fresh := typeHLS, s.Targets.Segment/2
	switch file {
	case "index.m3u8", "master.m3u8", "playlist.m3u8":
		text = hls.Multivariant(s, hls.CMAF, prefix)
	case "ts.m3u8":
		text = hls.Multivariant(s, hls.TS, prefix)
	case "index.mpd", "manifest.mpd":
		kind, fresh = typeDASH, min(fresh, manifest)
		text = dash.MPD(s, prefix)
	}
	if text == nil {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	serveText(w, r, kind, cacheFor(fresh), text)
}

// playlist serves the media playlist of one rendition.
func (o *Origin) playlist(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, form hls.Form) {
	s := p.Snapshot()
	text := hls.Media(s, id, form)
	if text == nil {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	serveText(w, r, typeHLS, cacheFor(s.Targets.Segment/2), text)
}

// time serves the wall clock that the media timeline counts by, as xs:dateTime.
func (o *Origin) time(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", typeText)
	h.Set("Cache-Control", "no-store")
	text := o.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	_, _ = w.Write([]byte(text))
}

// healthz says that the process is up.
func (o *Origin) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", typeText)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}
