package origin

import (
	"io/fs"
	"mime"
	"net/http"
	"path"

	"github.com/go-chi/chi/v5"
)

// page serves a page of the web folder. It is the same for all streams: what
// it shows it finds out by itself.
func (o *Origin) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o.file(w, r, name, cacheFor(visit))
	}
}

// asset serves what the pages load. The names of assets have a hash in them.
func (o *Origin) asset(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "*")
	cache := cacheFor(visit)
	if path.Dir(name) == "assets" {
		cache = immutable()
	}
	o.file(w, r, name, cache)
}

func (o *Origin) file(w http.ResponseWriter, r *http.Request, name, cache string) {
	data, err := fs.ReadFile(o.Pages, path.Clean(name))
	if err != nil {
		fail(w, fs.ErrNotExist)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(data)
	}
	serveText(w, r, kind, cache, data)
}
