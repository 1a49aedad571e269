package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/maypok86/otter/v2"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/mpegts"
	"sluice/pkg/store"
)

// transportStreams packs stored CMAF segments as MPEG-TS when they are asked
// for: each once however many ask, and kept within a budget of bytes.
type transportStreams struct {
	store store.Store
	cache *otter.Cache[string, []byte]
}

func newTransportStreams(s store.Store, budget int64) (*transportStreams, error) {
	cache, err := otter.New(&otter.Options[string, []byte]{
		MaximumWeight: uint64(max(budget, 0)),
		Weigher:       func(name string, data []byte) uint32 { return uint32(len(name) + len(data)) },
	})
	if err != nil {
		return nil, fmt.Errorf("TS cache of %d bytes: %w", budget, err)
	}
	return &transportStreams{store: s, cache: cache}, nil
}

// segment returns the segment of that name, together with the audio of the
// same time if it is video.
func (t *transportStreams) segment(ctx context.Context, p *live.Presentation, id media.TrackID, name string) ([]byte, error) {
	return t.cache.Get(ctx, p.Blob(id, name), otter.LoaderFunc[string, []byte](
		func(context.Context, string) ([]byte, error) { return t.pack(p, id, name) }))
}

func (t *transportStreams) pack(p *live.Presentation, id media.TrackID, name string) ([]byte, error) {
	s := p.Snapshot()
	rendition := s.Rendition(id)
	if rendition == nil {
		return nil, fs.ErrNotExist
	}
	main, ok := rendition.Find(func(seg *live.Segment) bool { return seg.Name == name && !seg.Gap })
	if !ok {
		return nil, fs.ErrNotExist
	}
	var streams []mpegts.Stream
	for _, part := range together(s, id, main) {
		stream, err := t.read(p, part)
		if err != nil {
			return nil, err
		}
		streams = append(streams, stream)
	}
	return mpegts.Pack(main.Number, streams)
}

// together returns the segments that go into one TS segment: the named one,
// and for video that of the period's first audio track with the same number.
func together(s *live.Snapshot, id media.TrackID, main live.Segment) []live.Segment {
	all := []live.Segment{main}
	if id.Kind != media.Video {
		return all
	}
	for _, h := range main.Period.Headers {
		if h.Track.ID.Kind != media.Audio {
			continue
		}
		if r := s.Rendition(h.Track.ID); r != nil {
			if audio, ok := r.Find(func(seg *live.Segment) bool { return seg.Number == main.Number }); ok {
				all = append(all, audio)
			}
		}
		break
	}
	return all
}

// read returns the samples of a stored segment, none for a gap.
func (t *transportStreams) read(p *live.Presentation, seg live.Segment) (mpegts.Stream, error) {
	stream := mpegts.Stream{Track: seg.Header.Track}
	if seg.Gap {
		return stream, nil
	}
	id := seg.Header.Track.ID
	blob, err := t.store.Open(p.Blob(id, seg.Name))
	if err != nil {
		return mpegts.Stream{}, err
	}
	defer blob.Close() //nolint:errcheck // it was only read
	data := make([]byte, blob.Size())
	if _, err := io.ReadFull(blob, data); err != nil {
		return mpegts.Stream{}, fmt.Errorf("read %s: %w", seg.Name, err)
	}
	stream.Samples, stream.End, err = cmaf.ReadSegment(data, id)
	if err != nil {
		return mpegts.Stream{}, fmt.Errorf("segment %s: %w", seg.Name, err)
	}
	return stream, nil
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
