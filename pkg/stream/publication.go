package stream

import (
	"errors"
	"fmt"
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
	tracks   []media.Track // as last declared, video first
	early    waiting
	keyed    time.Time       // when the last key frame of video came, or the first frame
	keyless  bool            // none came for long, and the log says so
	hasty    bool            // media are far ahead of the clock, and the log says so
	active   []media.TrackID // tracks that have sent frames, the lead first; none before the stream begins
	placed   []segment.Placed

	base    uint64    // media sequence number of the first segment
	era     *era      // nil before the first segment
	eras    []*era    // the newest ones, era last
	next    uint64    // sequence number of the next period
	pending bool      // the next cut at a key frame of the lead begins a new period
	starved time.Time // since when a track waits for that
	led     time.Time // when the lead sent a frame that was taken
	writers []*writer
}

func newPublication(env Environment, name Name, now time.Time, before predecessor) *Publication {
	return &Publication{
		env:     env,
		log:     env.Log.With().Stringer("stream", name).Logger(),
		live:    live.New(live.Settings{App: name.App, Name: name.Key, Window: env.Config.Window, Started: now}),
		clock:   timeline.New(before.floor(now)),
		cutter:  segment.New(env.Config.Segment),
		base:    max(firstNumber(now), before.number),
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
	if t.Timescale == 0 {
		return fmt.Errorf("track %s has no timescale", t.ID)
	}
	if !p.declare(t) {
		return nil
	}
	p.log.Info().Stringer("track", t.ID).Stringer("codec", t.Codec).Str("codecs", t.Codecs).
		Int("width", t.Width).Int("height", t.Height).Int("sample_rate", t.SampleRate).Msg("track")
	if slices.Contains(p.active, t.ID) {
		p.change(t.ID)
	}
	p.clock.SetTrack(t)
	return nil
}

// WriteFrame takes one frame of a declared track.
func (p *Publication) WriteFrame(f media.Frame) error {
	if p.ended {
		return ErrClosed
	}
	if len(f.Data) == 0 || p.declared(f.Track) < 0 {
		return nil
	}
	a := arrival{f, p.env.Now()}
	p.watchKeys(a)
	if len(p.active) == 0 {
		p.await(a)
	} else {
		p.write(a)
	}
	return nil
}

// Close ends the stream: what was accepted is published, and viewers are told
// that no more will come. It is idempotent.
func (p *Publication) Close(cause error) error {
	if p.ended {
		return nil
	}
	if len(p.active) == 0 && len(p.early.frames) > 0 {
		p.begin(p.early.frames[0])
	}
	p.place(p.cutter.Flush(p.placed[:0]))
	for _, w := range p.writers {
		if w.open {
			w.finish(w.tail(), false)
		}
	}
	p.ended = true
	now := p.env.Now()
	p.live.End(now)
	p.retireAll(now.Add(p.env.Config.Keep))
	p.onEnd()
	p.log.Info().AnErr("cause", cause).Stringer("lasted", now.Sub(p.live.Started).Round(time.Millisecond)).Msg("stream ended")
	return nil
}

// write takes a frame of a stream that has begun, or begins with it.
func (p *Publication) write(f arrival) {
	if !slices.Contains(p.active, f.Track) {
		if !f.Key {
			return
		}
		p.activate(f.Track)
	}
	sample := p.clock.Stamp(f.Frame, f.at)
	p.watchPace(f, sample)
	p.dismiss(f)
	if w := p.writer(f.Track); w != nil && w.stale {
		p.starve(f)
		if !f.Key || f.Track != p.active[0] {
			return
		}
	}
	if f.Track == p.active[0] {
		p.led = f.at
	}
	p.placed = p.cutter.Push(sample, p.placed[:0])
	p.place(p.placed)
}

// place hands samples to the writers of their tracks.
func (p *Publication) place(samples []segment.Placed) {
	for i := range samples {
		s := &samples[i]
		if s.Cut == segment.Segment {
			if p.begins(s, p.writer(s.Track)) {
				p.beginEra(s)
			}
			p.catchUp(s)
		}
		if w := p.writer(s.Track); w != nil && !w.stale {
			w.put(s)
		}
	}
	clear(samples)
}

// targets returns what players are promised.
func (p *Publication) targets() live.Targets {
	chunk := min(p.env.Config.Segment.Chunk, p.cutter.PartTarget())
	return live.Targets{Segment: p.cutter.TargetDuration(), Part: p.cutter.PartTarget(), Chunk: chunk}
}
