package stream

import (
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/timeline"
)

// ErrClosed is returned by the methods of a publication that was closed.
var ErrClosed = errors.New("the publication is closed")

// A Publication is the writing end of one stream. All its methods are called
// from one goroutine, the publisher's.
type Publication struct {
	env    Environment
	log    zerolog.Logger
	live   *live.Presentation
	clock  *timeline.Clock
	cutter *segment.Cutter
	onEnd  func()
	ended  bool

	metadata media.Metadata
	tracks   []media.Track   // as last declared, video first
	early    []media.Frame   // what came before the stream could begin
	active   []media.TrackID // tracks that have sent frames; none before the stream begins
	placed   []segment.Placed

	base    uint64 // media sequence number of the first segment
	era     *era   // nil before the first segment
	next    uint64 // sequence number of the next period
	pending bool   // the next cut at a key frame of the lead begins a new period
	writers []*writer
}

// An era is a period and what its writers need to know of it.
type era struct {
	live.Period
	first  uint64 // the cutter's number of its first segment
	listed bool   // viewers have seen it: its headers are fixed
}

func newPublication(env Environment, name Name, now time.Time, before predecessor) *Publication {
	// Numbers start from the clock, so that they also rise across a restart
	// of the process.
	base := uint64(now.UnixMilli()) / uint64(env.Config.Segment.Target.Milliseconds())
	return &Publication{
		env:     env,
		log:     env.Log.With().Stringer("stream", name).Logger(),
		live:    live.New(live.Settings{App: name.App, Name: name.Key, Window: env.Config.Window, Started: now}),
		clock:   timeline.New(before.end),
		cutter:  segment.New(env.Config.Segment),
		base:    max(base, before.number),
		next:    before.period,
		pending: true,
	}
}

// WriteMetadata takes what the publisher says of itself: whether to wait for
// video.
func (p *Publication) WriteMetadata(m media.Metadata) { p.metadata = m }

// WriteTrack declares a track or its new configuration. A change takes effect
// with a new period at the next key frame of the lead track; until then the
// frames of the changed track are dropped.
func (p *Publication) WriteTrack(t media.Track) error {
	if p.ended {
		return ErrClosed
	}
	p.log.Info().Stringer("track", t.ID).Stringer("codec", t.Codec).Str("codecs", t.Codecs).
		Int("width", t.Width).Int("height", t.Height).Int("sample_rate", t.SampleRate).Msg("track")
	p.clock.SetTrack(t)
	if i := p.declared(t.ID); i >= 0 {
		p.tracks[i] = t
	} else {
		p.tracks = append(p.tracks, t)
		slices.SortStableFunc(p.tracks, func(a, b media.Track) int { return int(a.ID.Kind) - int(b.ID.Kind) })
	}
	if w := p.writer(t.ID); w != nil {
		w.stale = true
		p.renew()
	}
	return nil
}

// WriteFrame takes one frame of a declared track.
func (p *Publication) WriteFrame(f media.Frame) error {
	switch {
	case p.ended:
		return ErrClosed
	case p.declared(f.Track) < 0:
		return nil
	case len(p.active) == 0:
		return p.await(f)
	}
	return p.write(f)
}

// Close ends the stream: what was accepted is published, and viewers are told
// that no more will come. It is idempotent.
func (p *Publication) Close(cause error) error {
	if p.ended {
		return nil
	}
	if len(p.active) == 0 && len(p.early) > 0 {
		p.begin(p.early[0])
	}
	p.place(p.cutter.Flush(p.placed[:0]))
	for _, w := range p.writers {
		w.finish(w.last + w.step)
	}
	p.ended = true
	now := p.env.Now()
	p.live.End(now)
	p.retireAll(now.Add(p.env.Config.Keep))
	p.onEnd()
	p.log.Info().AnErr("cause", cause).Dur("lasted", now.Sub(p.live.Started)).Msg("stream ended")
	return nil
}

func (p *Publication) retireAll(at time.Time) {
	for _, r := range p.live.Snapshot().Renditions {
		for _, seg := range r.Segments {
			p.retire(r.ID, seg, at)
		}
	}
}

func (p *Publication) retire(id media.TrackID, seg live.Segment, at time.Time) {
	if !seg.Gap {
		p.env.Retire.Add(at, p.live.Blob(id, seg.Name))
	}
}

// write takes a frame of a stream that has begun.
func (p *Publication) write(f media.Frame) error {
	if !slices.Contains(p.active, f.Track) {
		if !f.Key {
			return nil
		}
		p.activate(f.Track)
	}
	sample, hole := p.clock.Stamp(f, p.env.Now())
	if hole {
		p.log.Warn().Stringer("track", f.Track).Msg("publisher paused: a new period begins")
		for _, w := range p.writers {
			w.stale = true
		}
		p.renew()
	}
	if w := p.writer(f.Track); w != nil && w.stale && (!f.Key || f.Track != p.active[0]) {
		return nil
	}
	p.placed = p.cutter.Push(sample, p.placed[:0])
	p.place(p.placed)
	return nil
}

// renew makes the next key frame of the lead begin a new period.
func (p *Publication) renew() {
	p.pending = true
	p.cutter.Break()
}

// activate takes a declared track into the stream.
func (p *Publication) activate(id media.TrackID) {
	p.active = append(p.active, id)
	var active []media.Track
	for _, t := range p.tracks {
		if slices.Contains(p.active, t.ID) {
			active = append(active, t)
		}
	}
	for i, t := range active {
		p.active[i] = t.ID
	}
	p.cutter.SetTracks(active)
	switch {
	case p.era == nil:
	case p.era.listed || p.active[0] == id:
		p.renew()
	default:
		p.join(id)
	}
}

// place hands samples to the writers of their tracks.
func (p *Publication) place(samples []segment.Placed) {
	for i := range samples {
		s := &samples[i]
		if s.Cut == segment.Segment {
			if p.pending && s.Track == p.active[0] && s.Key {
				p.beginEra(s)
			}
			p.catchUp(s)
		}
		if w := p.writer(s.Track); w != nil {
			w.put(s)
		}
	}
	clear(samples)
}

func (p *Publication) declared(id media.TrackID) int {
	return slices.IndexFunc(p.tracks, func(t media.Track) bool { return t.ID == id })
}

func (p *Publication) writer(id media.TrackID) *writer {
	for _, w := range p.writers {
		if w.id == id {
			return w
		}
	}
	return nil
}
