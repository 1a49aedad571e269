package origin

import (
	"io/fs"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"sluice/pkg/obs"
)

// multitrack serves what OBS must be told to publish several video tracks as a
// stream, on air or not: the ladder, encoder and audio of the query, or those
// that suit most. OBS is to publish at the host of the URL.
func (o *Origin) multitrack(w http.ResponseWriter, r *http.Request) {
	app, name := chi.URLParam(r, "app"), chi.URLParam(r, "name")
	if !nameable(app, name) {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	query := r.URL.Query()
	wish := obs.Wish{Ladder: query.Get("ladder"), Encoder: query.Get("encoder"), Audio: query.Get("audio")}
	encoding, err := wish.Parse()
	if err != nil {
		refuseAs(w, http.StatusBadRequest, err.Error())
		return
	}
	in, err := obs.NewIngest((&url.URL{Host: r.Host}).Hostname(), o.RTMP, app, name)
	if err != nil {
		refuseAs(w, http.StatusBadRequest, err.Error())
		return
	}
	text, err := obs.Make(in.WithTLS(o.RTMPS), encoding, obs.KeyInterval(o.Segment)).Text()
	if err != nil {
		o.fail(w, r, err)
		return
	}
	serveJSON(w, r, revalidate, text)
}
