package origin

import (
	"encoding/binary"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"sluice/pkg/dash"
	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
	"sluice/pkg/store"
)

// A textKey names a text among those that are made from one snapshot.
type textKey struct {
	file   file
	form   hls.Form      // of a playlist
	prefix string        // of the URIs in a text of the whole presentation
	track  media.TrackID // of a media playlist
	skip   bool          // a media playlist without what the client knows
}

// A file is a kind of text.
type file uint8

const (
	multivariant file = iota
	mediaPlaylist
	manifest
	lowLatency // manifest
)

// A text is one that was made from a snapshot, and is shared by all who ask.
type text struct {
	kind   string // Content-Type
	plain  [][]byte
	tag    string          // entity tag, without the encoding
	zipped func() [][]byte // compresses it when it is first called
}

// text returns a text of a snapshot, nil if it has none such. It is rendered,
// hashed and compressed once, however many ask for it. Manifests tell of no parts: one
// lasts until a segment begins or ends.
func (o *Origin) text(s *live.Snapshot, key textKey) *text {
	memo := live.Memo[*text]
	if key.file == manifest || key.file == lowLatency {
		memo = live.DatedMemo
	}
	return memo(s, key, func() *text {
		kind, t := key.render(s)
		if t == nil || len(t.Fresh) == 0 {
			return nil
		}
		var sums []byte
		for _, in := range t.Insets {
			sums = binary.BigEndian.AppendUint32(sums, in.Sum)
		}
		return &text{
			kind: kind, plain: t.Pieces(), tag: digest(t.Fresh, sums),
			zipped: sync.OnceValue(func() [][]byte { return o.zips.Gzip(t) }),
		}
	})
}

func (k textKey) render(s *live.Snapshot) (kind string, t *scroll.Text) {
	switch k.file {
	case multivariant:
		return typeHLS, &scroll.Text{Fresh: hls.Multivariant(s, k.form, k.prefix)}
	case mediaPlaylist:
		if k.skip {
			return typeHLS, &scroll.Text{Fresh: hls.MediaDelta(s, k.track)}
		}
		return typeHLS, hls.Media(s, k.track, k.form)
	case lowLatency:
		return typeDASH, dash.LowLatency(s, k.prefix)
	default:
		return typeDASH, dash.MPD(s, k.prefix)
	}
}

// serveText answers with a text of a snapshot. held says that the request named
// the state that it wanted.
func (o *Origin) serveText(w http.ResponseWriter, r *http.Request, s *live.Snapshot, key textKey, held bool) {
	t := o.text(s, key)
	if t == nil {
		if why := hls.Why(s, key.form); why != "" {
			refuseAs(w, http.StatusNotFound, why)
			return
		}
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	t.serve(w, r, cacheText(s, held))
}

// serve answers with the text, compressed if the client takes it so. The tags
// are weak, and differ, because the bytes of one encoding may vary and those
// of two do.
func (t *text) serve(w http.ResponseWriter, r *http.Request, cache string) {
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	body, tag := store.NewBytes(t.plain...), t.tag
	if takesGzip(r.Header) {
		body, tag = store.NewBytes(t.zipped()...), t.tag+"-gzip"
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.FormatInt(body.Size(), 10)) // net/http sets none beside an encoding
	}
	serve(w, r, entity{t.kind, cache, `W/"` + tag + `"`}, body)
}

// folder serves a playlist or manifest of a whole presentation from its
// folder.
func (o *Origin) folder(w http.ResponseWriter, r *http.Request) {
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
	p, found := o.Source.Lookup(app, name)
	key, known := keyOf(file)
	if !found || !known {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	key.prefix = prefix
	o.attend(r, p)
	o.serveText(w, r, p.Snapshot(), key, false)
}

// keyOf returns what a file in the folder of a presentation is.
func keyOf(name string) (textKey, bool) {
	switch name {
	case "index.m3u8", "master.m3u8", "playlist.m3u8":
		return textKey{file: multivariant, form: hls.CMAF}, true
	case "ts.m3u8":
		return textKey{file: multivariant, form: hls.TS}, true
	case "index.mpd", "manifest.mpd":
		return textKey{file: manifest}, true
	case "ll.mpd":
		return textKey{file: lowLatency}, true
	default:
		return textKey{}, false
	}
}

// time serves the wall clock that the media timeline counts by, as xs:dateTime.
func (o *Origin) time(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", typeText)
	h.Set("Cache-Control", never)
	text := o.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	_, _ = w.Write([]byte(text))
}

// metrics serves what there is to measure at this moment.
func (o *Origin) metrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", never)
	o.Metrics.ServeHTTP(w, r)
}

// healthz says that the process is up.
func (o *Origin) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", typeText)
	w.Header().Set("Cache-Control", never)
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether publishers and viewers should be sent here, or 503 and why not.
func (o *Origin) readyz(w http.ResponseWriter, _ *http.Request) {
	word, ready := "ready", true
	if o.Ready != nil {
		word, ready = o.Ready()
	}
	w.Header().Set("Cache-Control", never)
	if !ready {
		http.Error(w, word, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", typeText)
	_, _ = w.Write([]byte(word + "\n"))
}
