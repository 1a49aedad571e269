package origin

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/mpegts"
	"sluice/pkg/store"
)

// transportStreams packs stored CMAF segments as MPEG-TS when they are asked
// for: each once however many ask, as many at a time as there are processors,
// and kept within a budget of bytes.
type transportStreams struct {
	store   store.Store
	cache   *otter.Cache[string, []byte]
	packing singleflight.Group
	turns   *semaphore.Weighted
	log     zerolog.Logger
}

func newTransportStreams(s store.Store, budget int64, log zerolog.Logger) (*transportStreams, error) {
	cache, err := otter.New(&otter.Options[string, []byte]{
		MaximumWeight: uint64(max(budget, 1)), // 0 would be no bound
		Weigher:       func(name string, data []byte) uint32 { return uint32(len(name) + len(data)) },
	})
	if err != nil {
		return nil, fmt.Errorf("TS cache of %d bytes: %w", budget, err)
	}
	turns := semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))
	return &transportStreams{store: s, cache: cache, turns: turns, log: log}, nil
}

// segment returns the segment of that name, together with the audio of the
// same time if it is video. Errors are not kept; what does not exist, or is
// not finished in all its tracks, is fs.ErrNotExist.
func (t *transportStreams) segment(ctx context.Context, p *live.Presentation, id media.TrackID, name string) ([]byte, error) {
	// Others may wait for the result, so it must not matter to them that
	// the client who asked first goes away.
	ctx = context.WithoutCancel(ctx)
	blob := p.Blob(id, name)
	packed, err, _ := t.packing.Do(blob, func() (any, error) {
		// The cache could load by itself, but then who comes while the result
		// is put into it would pack once more.
		if data, ok := t.cache.GetIfPresent(blob); ok {
			return data, nil
		}
		parts, err := together(p.Snapshot(), id, name)
		if err != nil {
			return nil, err
		}
		data, err := t.pack(ctx, p, blob, parts)
		if err == nil {
			t.cache.Set(blob, data)
		}
		return data, err
	})
	data, _ := packed.([]byte)
	return data, err
}

// pack reads the parts from the store and packs them, when its turn comes.
func (t *transportStreams) pack(ctx context.Context, p *live.Presentation, blob string, parts []live.Segment) ([]byte, error) {
	if err := t.turns.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer t.turns.Release(1)
	began := time.Now()
	streams := make([]mpegts.Stream, 0, len(parts))
	for _, part := range parts {
		stream, err := t.read(p, part)
		if err != nil {
			return nil, err
		}
		streams = append(streams, stream)
	}
	data, err := mpegts.Pack(parts[0].Number, streams)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", blob, err)
	}
	t.log.Debug().Str("blob", blob).Int("bytes", len(data)).Stringer("took", time.Since(began)).Msg("TS segment packed")
	return data, nil
}

// together returns the segments that go into one TS segment: the named one,
// and for video that of the period's first audio track with the same number.
// While the audio may still come there is nothing to pack, because a segment
// must be the same whenever it is asked for.
func together(s *live.Snapshot, id media.TrackID, name string) ([]live.Segment, error) {
	rendition := s.Rendition(id)
	if rendition == nil {
		return nil, fs.ErrNotExist
	}
	main, ok := rendition.Find(func(seg *live.Segment) bool { return seg.Name == name && !seg.Gap })
	if !ok {
		return nil, fs.ErrNotExist
	}
	header := firstAudio(main.Period)
	if id.Kind != media.Video || header == nil {
		return []live.Segment{main}, nil
	}
	if audio := s.Rendition(header.Track.ID); audio != nil {
		seg, ok := audio.Find(func(seg *live.Segment) bool { return seg.Number == main.Number })
		if ok && seg.Lost {
			return nil, fs.ErrNotExist
		}
		if ok {
			return []live.Segment{main, seg}, nil
		}
		if began := audio.Segments[0].Number > main.Number && rendition.Segments[0].Number <= main.Number; began {
			return []live.Segment{main}, nil // the audio began later
		}
	}
	if s.Ended && rendition.Segments[0].Number <= main.Number {
		return []live.Segment{main}, nil // the audio ended sooner
	}
	return nil, fs.ErrNotExist
}

func firstAudio(p *live.Period) *live.Header {
	for _, h := range p.Headers {
		if h.Track.ID.Kind == media.Audio {
			return h
		}
	}
	return nil
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
	defer blob.Close()
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
