package origin

import (
	"errors"
	"io"
	"io/fs"
	"net/http"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// part serves a part of a segment by its name. Nothing of it is sent before
// all of it is there (RFC 8216bis 6.2.6). The part that comes next for sure is
// waited for.
func (o *Origin) part(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, name string) {
	s := p.Snapshot()
	found, verdict := hls.FindPart(s, id, name)
	if verdict == hls.Wait {
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
	serve(w, r, fragment(g.Header.Track.ID, part.Name()), newPieces(g.Slice(part.Offset, part.Size)))
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
	return entity{id.Kind.String() + "/mp4", immutable(), strong(name)}
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

// pieces reads the bytes of several slices as if they were one, without copying
// them together.
type pieces struct {
	all  [][]byte
	size int64
	at   int64
}

func newPieces(all [][]byte) *pieces {
	p := &pieces{all: all}
	for _, piece := range all {
		p.size += int64(len(piece))
	}
	return p
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (n int, err error) {
	skip := p.at
	for _, piece := range p.all {
		if skip < int64(len(piece)) {
			n += copy(b[n:], piece[skip:])
		}
		skip = max(skip-int64(len(piece)), 0)
	}
	p.at += int64(n)
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker.
func (p *pieces) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	p.at = offset
	return offset, nil
}
