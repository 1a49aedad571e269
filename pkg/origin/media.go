package origin

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// media serves what is in the folder of one rendition: its playlists, headers
// and segments.
func (o *Origin) media(w http.ResponseWriter, r *http.Request) {
	id, ok := media.ParseTrackID(chi.URLParam(r, "track"))
	file := chi.URLParam(r, "file")
	ending := path.Ext(file)
	name := strings.TrimSuffix(file, ending)
	if ok && ending == ".m4s" {
		o.segment(w, r, id, name)
		return
	}
	p, found := o.Source.Lookup(chi.URLParam(r, "app"), chi.URLParam(r, "name"))
	switch {
	case !ok || !found:
		o.fail(w, r, fs.ErrNotExist)
	case file == "index.m3u8":
		o.playlist(w, r, p, id, hls.CMAF)
	case file == "ts.m3u8":
		o.playlist(w, r, p, id, hls.TS)
	case ending == ".mp4":
		o.header(w, r, p, id, name)
	case ending == ".ts":
		o.transportStream(w, r, p, id, name)
	default:
		o.fail(w, r, fs.ErrNotExist)
	}
}

// segment serves a stored CMAF segment. The store knows more than the source:
// what an earlier publisher of the name left, or an earlier run of the gateway,
// stays to be had.
func (o *Origin) segment(w http.ResponseWriter, r *http.Request, id media.TrackID, name string) {
	blob, err := o.Store.Open(live.Blob(chi.URLParam(r, "app"), chi.URLParam(r, "name"), id, name))
	if err != nil {
		o.fail(w, r, err)
		return
	}
	defer blob.Close()
	serve(w, r, id.Kind.String()+"/mp4", immutable(), name, blob)
}

// header serves the CMAF header of a track.
func (o *Origin) header(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	_, seg, ok := find(p, id, func(s *live.Segment) bool { return s.Header.Name == name })
	if !ok {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	serve(w, r, id.Kind.String()+"/mp4", immutable(), name, bytes.NewReader(seg.Header.Data))
}

// find returns the segment of a track that match accepts, and the presentation
// that has it: p, or the one before.
func find(p *live.Presentation, id media.TrackID, match func(*live.Segment) bool) (*live.Presentation, live.Segment, bool) {
	for ; p != nil; p = p.Earlier() {
		rendition := p.Snapshot().Rendition(id)
		if rendition == nil {
			continue
		}
		if seg, ok := rendition.Find(match); ok {
			return p, seg, true
		}
	}
	return nil, live.Segment{}, false
}

// transportStream serves a segment as MPEG-TS.
func (o *Origin) transportStream(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	holder, _, ok := find(p, id, func(s *live.Segment) bool { return s.Name == name && !s.Gap })
	if !ok {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	data, err := o.ts.segment(r.Context(), holder, id, name)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	serve(w, r, typeTS, immutable(), name, bytes.NewReader(data))
}
