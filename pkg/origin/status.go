package origin

import (
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// A Status says how streams are, in what JSON can say.
type Status interface {
	// Streams returns all, and how they are.
	Streams() any
	// Stream returns how a stream is, and what it was like in the last minutes.
	Stream(app, name string) (status any, found bool)
}

// status serves how all streams are, for the page.
func (o *Origin) status(w http.ResponseWriter, r *http.Request) {
	o.serveStatus(w, r, o.Status.Streams())
}

// streamStatus serves how a stream is.
func (o *Origin) streamStatus(w http.ResponseWriter, r *http.Request) {
	status, found := o.Status.Stream(chi.URLParam(r, "app"), chi.URLParam(r, "name"))
	if !found {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	o.serveStatus(w, r, status)
}

func (o *Origin) serveStatus(w http.ResponseWriter, r *http.Request, status any) {
	text, err := json.Marshal(status)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	serveJSON(w, r, cacheFor(current), text)
}
