package origin

import (
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"sluice/pkg/cmaf"
	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/store"
)

// media serves what is in the folder of one rendition: its playlists, headers,
// segments and parts.
func (o *Origin) media(w http.ResponseWriter, r *http.Request) {
	id, ok := media.ParseTrackID(chi.URLParam(r, "track"))
	file := chi.URLParam(r, "file")
	ending := path.Ext(file)
	name := strings.TrimSuffix(file, ending)
	header := chi.URLParam(r, "header") // of segments by number only
	ok = ok && (header == "" || ending == ".m4s" && strings.HasPrefix(name, "n"))
	if ok && ending == ".m4s" && name != "" && name[0] >= '0' && name[0] <= '9' {
		o.segment(w, r, id, name)
		return
	}
	r = resume(r)
	p, found := o.Source.Lookup(chi.URLParam(r, "app"), chi.URLParam(r, "name"))
	if found && watching(file) {
		o.attend(r, p)
	}
	switch {
	case !ok || !found:
		o.fail(w, r, fs.ErrNotExist)
	case file == "index.m3u8":
		o.playlist(w, r, p, textKey{file: mediaPlaylist, form: hls.CMAF, track: id})
	case file == "ts.m3u8":
		o.playlist(w, r, p, textKey{file: mediaPlaylist, form: hls.TS, track: id})
	case file == "iframes.m3u8":
		o.playlist(w, r, p, textKey{file: mediaPlaylist, form: hls.IFrames, track: id})
	case ending == ".m4s" && strings.HasPrefix(name, "p"):
		o.part(w, r, p, id, name)
	case ending == ".m4s" && strings.HasPrefix(name, "k"):
		o.still(w, r, p, id, strings.TrimPrefix(name, "k"))
	case ending == ".m4s":
		o.numbered(w, r, p, id, header, name)
	case ending == ".mp4":
		o.header(w, r, p, id, name)
	case ending == ".ts":
		o.transportStream(w, r, p, id, name)
	default:
		o.fail(w, r, fs.ErrNotExist)
	}
}

// watching reports whether who asks for a file of a rendition watches the stream, rather than looks at pictures
// of it now and then, as the dashboard does: by key frames alone.
func watching(file string) bool {
	return file != "iframes.m3u8" && !strings.HasPrefix(file, "k") && path.Ext(file) != ".mp4"
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
	serve(w, r, fragment(id, name), blob)
}

// header serves the CMAF header of a track.
func (o *Origin) header(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	named := func(h *live.Header) bool { return h != nil && h.Name == name }
	if g := growing(p.Snapshot(), id); g != nil && named(g.Header) {
		serve(w, r, fragment(id, name), store.NewBytes(g.Header.Data))
		return
	}
	_, seg, ok := find(p, p.Snapshot(), id, func(s *live.Segment) bool { return named(s.Header) })
	if !ok {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	serve(w, r, fragment(id, name), store.NewBytes(seg.Header.Data))
}

// still serves the key frame that a segment begins with as a segment of its own, which is as long.
func (o *Origin) still(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	holder, seg, ok := find(p, p.Snapshot(), id, func(s *live.Segment) bool { return s.Name == name && s.KeySize > 0 && !s.Gap })
	if !ok {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	blob, err := o.Store.Open(holder.Blob(id, name))
	if err != nil {
		o.fail(w, r, err)
		return
	}
	defer blob.Close()
	key := make([]byte, seg.KeySize)
	if _, err = io.ReadFull(blob, key); err == nil {
		err = cmaf.Still(key, seg.Duration)
	}
	if err != nil {
		o.fail(w, r, err)
		return
	}
	serve(w, r, fragment(id, "k"+name), store.NewBytes(key))
}

// find returns the finished segment of a track that match accepts, and the
// presentation that has it: p, of which s is a state, or the one before.
func find(p *live.Presentation, s *live.Snapshot, id media.TrackID, match func(*live.Segment) bool) (*live.Presentation, live.Segment, bool) {
	for {
		if rendition := s.Rendition(id); rendition != nil {
			if seg, ok := rendition.Find(match); ok {
				return p, seg, true
			}
		}
		if p = p.Earlier(); p == nil {
			return nil, live.Segment{}, false
		}
		s = p.Snapshot()
	}
}

// transportStream serves a segment as MPEG-TS.
func (o *Origin) transportStream(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	holder, _, ok := find(p, p.Snapshot(), id, func(s *live.Segment) bool { return s.Name == name && !s.Gap })
	if !ok {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	data, err := o.ts.segment(r.Context(), holder, id, name)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	serve(w, r, entity{typeTS, immutable, strong(name)}, store.NewBytes(data))
}
