package stream

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/timeline"
)

// A programme is the life of a name from its first publisher on, until nobody has
// published for a while. Its numbers, its window and its promises outlive
// publishers. What is on it comes from one of them at a time.
type programme struct {
	env  Environment
	log  zerolog.Logger
	live *live.Presentation

	mu     sync.Mutex // held by the publisher that writes, and whoever changes who that is
	clock  *timeline.Clock
	order  segment.Interleaver
	cutter *segment.Cutter
	placed []segment.Placed
	before predecessor
	cast
	*feed          // that of the publisher on air, nil while there is none
	member *member // as which it sends a stream together with others, nil if it has its own

	repairs  timeline.Counts        // as they were last
	vitals   atomic.Pointer[Vitals] // as they were last
	begun    atomic.Bool            // there has been something to play
	windows  windows
	losses   losses
	told     told
	bytes    uint64 // of the frames that came
	narrowed uint64 // how often the window was made shorter

	base    uint64        // media sequence number of the first segment
	era     *era          // nil before the first segment
	eras    []*era        // the newest ones, era last
	next    uint64        // sequence number of the next period
	pending bool          // the next cut at a key frame of the lead begins a new period
	again   time.Time     // when one may begin because a segment was not stored
	delay   time.Duration // from the next such time to the one after it
	writers []*writer
}

// A feed is what is known of one publisher, and of its tracks.
type feed struct {
	metadata media.Metadata
	tracks   []media.Track // as last declared, video first
	early    waiting
	filmed   time.Time       // when the last frame of video came
	unkeyed  time.Duration   // how much video came since its last key frame
	warned   [warnings]bool  // of what the broadcaster was warned
	repaired timeline.Counts // of which kinds the log says so
	active   []media.TrackID // tracks that are on air, the lead first; none before the feed begins
	starved  time.Time       // since when a track waits for the next period
	led      time.Time       // when the lead sent a frame that was taken
	sounds   []sound         // tracks of audio for which there is silence
	came     time.Time       // when the last frame of any track came
	dark     time.Duration   // how long sound came since the last frame of video
	turning  []media.Track   // sound of another kind, that waits for a key frame of the picture
	shown    uint32          // time of the newest frame of video, in ms
	films    []film          // tracks of video, where there are several
	opening  uint32          // when the key frame is shown with which the newest segment of the lead began
	opened   bool            // there was one
}

func newProgramme(env Environment, name Name, now time.Time, before predecessor) *programme {
	return &programme{
		env:     env,
		log:     env.Log.With().Stringer("stream", name).Logger(),
		live:    live.New(live.Settings{App: name.App, Name: name.Key, Window: env.Config.Window, Started: now}),
		clock:   timeline.New(before.floor(now)),
		cutter:  segment.New(env.Config.Segment),
		before:  before,
		cast:    cast{left: now},
		base:    max(firstNumber(now), before.number),
		next:    before.period,
		pending: true,
		windows: windows{env.Config.Window, env.Config.Window},
	}
}

// declareTrack takes a track of the publisher on air, or its new configuration.
func (p *programme) declareTrack(t media.Track) {
	if p.member != nil {
		if p.declare(t) {
			p.member.adopt(t)
		}
		if t.ID.Kind == media.Video && t.ID.Index > 0 {
			p.warn(beside, t.ID, "for", 0)
		}
		return
	}
	if !p.postpone(t) {
		p.adopt(t)
	}
}

// adopt takes a track as it comes from now on.
func (p *programme) adopt(t media.Track) {
	if i := p.declared(t.ID); i >= 0 && !p.tracks[i].Equal(t) {
		if p.early.has(t.ID) {
			p.begin() // what is kept was encoded as declared so far
		}
		p.release(t.ID)
	}
	if !p.declare(t) {
		return
	}
	p.log.Info().Stringer("track", t.ID).Stringer("codec", t.Codec).Str("codecs", t.Codecs).
		Int("width", t.Width).Int("height", t.Height).Int("sample_rate", t.SampleRate).Msg("track")
	if slices.Contains(p.active, t.ID) {
		p.change(t.ID)
	}
	p.clock.SetTrack(t)
}

// take takes a frame of the publisher on air. It may return an error of WriteFrame.
func (p *programme) take(a arrival) error {
	if p.member != nil {
		return p.member.take(a)
	}
	p.watchKeys(a)
	switch {
	case len(p.turning) > 0 && p.turn(a):
	case len(p.active) == 0:
		p.await(a)
	case p.accept(a):
		before := p.segments(a.Track)
		p.write(a)
		if a.Track.Kind == media.Video && len(p.tracks) > 1 && p.tracks[1].ID.Kind == media.Video {
			p.watchFilm(a, a.Track == p.active[0] && p.segments(a.Track) != before)
		}
	}
	return p.weigh()
}

// segments returns how many segments of a track have begun.
func (p *programme) segments(id media.TrackID) uint64 {
	if w := p.writer(id); w != nil {
		return w.next
	}
	return 0
}

// suspend ends what the publisher on air has begun: all that was accepted is
// published. The next frame, whosever it is, begins a new period.
func (p *programme) suspend() {
	if p.member != nil {
		p.member.leave(p.onAir)
		return
	}
	if len(p.active) == 0 && len(p.early.frames) > 0 {
		p.beginLate()
	}
	p.endSound()
	p.order.Reset()
	p.place(p.cutter.Flush(p.placed[:0]))
	for _, w := range p.writers {
		if w.open {
			w.finish(w.tail(), unknown)
		}
	}
	for _, t := range p.turning {
		p.declare(t)
	}
	p.turning = nil
	p.cutter.SetTracks(nil)
	p.tellRepairs(true)
	p.clock.Resume()
	p.pending = true
	p.active, p.early = nil, waiting{}
	for i := range p.sounds {
		p.sounds[i].forget()
	}
}

// hasBegun reports whether there has been anything to play.
func (p *programme) hasBegun() bool {
	if !p.begun.Load() && len(p.live.Snapshot().Spans()) > 0 {
		p.begun.Store(true)
	}
	return p.begun.Load()
}

// end says that the programme is over, and why: viewers are told that no more will come.
func (p *programme) end(now time.Time, why error) {
	p.mark(now, p.conclude(now))
	p.losses.conclude(p.log)
	if p.member != nil {
		return // the whole may go on
	}
	lasted := now.Sub(p.live.Started)
	p.log.Info().Stringer("lasted", lasted.Round(time.Millisecond)).Msg("stream ended")
	if p.told.start {
		p.tell(Event{Kind: EventEnd, Cause: why, Lasted: lasted, Bytes: p.bytes})
	}
}

// conclude makes the programme one that has ended at a time, and returns when the
// last of it is removed.
func (p *programme) conclude(at time.Time) (last time.Time) {
	p.ended, p.after = at, p.succeeded(at)
	p.gone = p.retireAll(at.Add(p.env.config().Keep))
	p.live.End(at)
	return p.gone
}

// write takes a frame of a stream that has begun, or begins with it.
func (p *programme) write(f arrival) {
	if !slices.Contains(p.active, f.Track) {
		if !f.Key || p.tooLate(f) || p.unaligned(f.Track) {
			return
		}
		if p.era != nil && p.active[0].Kind == f.Track.Kind {
			p.demote(f.Track) // who leads goes on to
		}
		p.activate(f.Track)
	}
	sample := p.clock.Stamp(f.Frame, f.at)
	p.watchRepairs(f.Track)
	p.watchPace(f, sample)
	p.dismiss(f)
	for _, s := range p.order.Take(sample, p.tracks[p.declared(f.Track)].Timescale) {
		p.cut(s, f.at)
	}
}

// cut takes a sample whose turn it is at a time.
func (p *programme) cut(s media.Sample, at time.Time) {
	lead := s.Track == p.active[0]
	if w := p.writer(s.Track); w != nil && w.stale {
		p.starve(s, w, at)
		if lead && !s.Key || !lead && s.Track.Kind != media.Video {
			return // other pictures may come before the key frame of the lead that they go with
		}
	}
	if lead {
		p.led = at
	}
	if p.pending {
		p.cutter.Break()
	}
	p.placed = p.cutter.Push(s, p.placed[:0])
	p.place(p.placed)
}

// place hands samples to the writers of their tracks.
func (p *programme) place(samples []segment.Placed) {
	for i := range samples {
		s := &samples[i]
		if s.Cut == segment.Segment {
			p.watchCuts(s)
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
func (p *programme) targets() live.Targets {
	return live.Targets{Segment: p.cutter.TargetDuration(), Part: p.cutter.PartTarget(), Chunk: p.cutter.ChunkTarget()}
}
