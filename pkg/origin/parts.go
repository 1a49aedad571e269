package origin

import (
	"io"
	"io/fs"
	"net/http"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/store"
)

// part serves a part of a segment by its name. Nothing of it is sent before
// all of it is there (RFC 8216bis 6.2.6). The part that comes next for sure is
// waited for. Who waits when the stream ends is told that there is nothing in it: Shaka
// Player never comes to the end of a stream whose last part is not found.
func (o *Origin) part(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	s := p.Snapshot()
	found, verdict := hls.FindPart(s, id, name)
	held := !resumed(r).until.IsZero()
	if verdict == hls.Wait {
		held = true
		var err error
		s, err = o.hold(w, r, p, waiting{id, longest(s), func(s *live.Snapshot) bool {
			_, verdict := hls.FindPart(s, id, name)
			return verdict != hls.Wait
		}})
		if err != nil {
			o.fail(w, r, err)
			return
		}
		found, verdict = hls.FindPart(s, id, name)
	}
	if verdict != hls.Ready && held && s.Ended {
		w.Header().Set("Cache-Control", never)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	for verdict != hls.Ready {
		if p = p.Earlier(); p == nil {
			o.fail(w, r, fs.ErrNotExist)
			return
		}
		found, verdict = hls.FindPart(p.Snapshot(), id, name)
	}
	if found.Growing != nil {
		growingPart(w, r, found.Growing, found.Part)
		return
	}
	o.section(w, r, p, found.Segment, found.Part)
}

// growingPart serves a part of a growing segment from memory.
func growingPart(w http.ResponseWriter, r *http.Request, g *live.Growing, part live.Part) {
	serve(w, r, fragment(g.Header.Track.ID, part.Name()), store.NewBytes(g.Slice(part.Offset, part.Size)...))
}

// section serves a part of a finished segment from the store.
func (o *Origin) section(w http.ResponseWriter, r *http.Request, p *live.Presentation, seg live.Segment, part live.Part) {
	id := seg.Header.Track.ID
	blob, err := o.Store.Open(p.Blob(id, seg.Name))
	if err != nil {
		o.fail(w, r, err)
		return
	}
	defer blob.Close()
	serve(w, r, fragment(id, part.Name()), io.NewSectionReader(blob, part.Offset, part.Size))
}

// fragment describes a segment or part of a track.
func fragment(id media.TrackID, name string) entity {
	return entity{id.Kind.String() + "/mp4", immutable, strong(name)}
}

// growing returns the segment of a track that is being cut, nil if there is
// none.
func growing(s *live.Snapshot, id media.TrackID) *live.Growing {
	r := s.Rendition(id)
	if r == nil {
		return nil
	}
	return r.Growing
}
