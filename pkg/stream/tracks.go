package stream

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

// declare puts a track among those that were declared and reports whether that
// changes anything.
func (f *feed) declare(t media.Track) bool {
	i := f.declared(t.ID)
	if i < 0 {
		f.tune(t)
		f.tracks = append(f.tracks, t)
		slices.SortStableFunc(f.tracks, byKind)
		return true
	}
	if f.tracks[i].Equal(t) {
		return false
	}
	f.tune(t)
	f.tracks[i] = t
	return true
}

// byKind orders tracks: video first.
func byKind(a, b media.Track) int { return int(a.ID.Kind) - int(b.ID.Kind) }

// release publishes what waits of a track, but for what is far ahead of the picture, as
// what comes next does not follow from it.
func (p *programme) release(id media.TrackID) {
	p.order.Drop(id)
	p.place(p.cutter.Release(id, p.placed[:0]))
}

// change makes an active track go on with its new configuration: what came
// before belongs to the period before.
func (p *programme) change(id media.TrackID) {
	if w := p.writer(id); w != nil {
		w.stale = true
	}
	p.lineUp()
	p.renew()
}

// renew makes the next key frame of the lead begin a new period.
func (p *programme) renew() {
	p.pending = true
}

// enlist puts a declared track among the active ones. It is in no period yet.
func (p *programme) enlist(id media.TrackID) {
	p.active = append(p.active, id)
	p.lineUp()
	if w := p.writer(id); w != nil {
		w.silent, w.stale = 0, true // until it joins a period
	}
}

// activate takes a declared track into the stream. A period that viewers have
// seen keeps its tracks.
func (p *programme) activate(id media.TrackID) {
	p.enlist(id)
	switch {
	case p.pending: // the next period takes it
	case p.era.listed || p.active[0] == id:
		p.renew()
	default:
		p.join(id)
	}
}

// deactivate takes a track out of the stream, until it has something to say again.
func (p *programme) deactivate(id media.TrackID) {
	p.log.Warn().Stringer("track", id).Msg("track has fallen silent: the stream goes on without it")
	p.drop(id)
}

// withdraw takes a declared track out of the stream for good, unless it is declared again.
func (p *programme) withdraw(id media.TrackID) {
	if slices.Contains(p.active, id) {
		p.drop(id)
	}
	p.tracks = slices.DeleteFunc(p.tracks, func(t media.Track) bool { return t.ID == id })
	p.turning = slices.DeleteFunc(p.turning, func(t media.Track) bool { return t.ID == id })
	p.sounds = slices.DeleteFunc(p.sounds, func(s sound) bool { return s.id == id })
	p.films = slices.DeleteFunc(p.films, func(f film) bool { return f.id == id })
	p.early.drop(id)
}

// drop takes a track from among the active ones.
func (p *programme) drop(id media.TrackID) {
	p.release(id)
	p.active = slices.DeleteFunc(p.active, func(other media.TrackID) bool { return other == id })
	p.lineUp()
	p.renew()
	if id.Kind == media.Video && len(p.active) > 0 && p.active[0].Kind == media.Video {
		p.bereave(id)
	}
}

// bereave ends the segment of a track of video that others go on without, as nobody knows whether more
// will come, and tells viewers to take one of these.
func (p *programme) bereave(id media.TrackID) {
	if w := p.writer(id); w != nil && w.era != nil {
		w.finish(w.tail(), elsewhere)
		p.live.Leave(id, 0)
	}
}

// lineUp puts the active tracks in order and tells the cutter of them.
func (p *programme) lineUp() {
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
	if len(active) > 0 {
		p.order.SetLead(active[0].ID)
	}
}

// dismiss lets tracks go that had nothing but gaps for long, while f came.
func (p *programme) dismiss(f arrival) {
	for _, w := range p.writers {
		if w.id != f.Track && w.silent >= p.env.config().Segment.Max && slices.Contains(p.active, w.id) {
			w.silent = 0
			if s := p.sound(w.id); s != nil && f.Track.Kind == media.Video {
				s.silenceFrom(f.Time) // it comes too late
				p.warn(tardy, w.id, "for", p.env.config().Segment.Max)
			} else {
				p.deactivate(w.id)
			}
		}
	}
}

// starve takes a sample that is dropped at a time because the track of w waits for a
// new period. When it waits for long and nothing is heard of the lead, which could
// begin one, the lead goes.
func (p *programme) starve(s media.Sample, w *writer, at time.Time) {
	if s.Key {
		w.silent = 0
	}
	p.retry(at)
	lead := p.active[0]
	switch {
	case s.Track == lead:
	case p.starved.IsZero():
		p.starved = at
	case min(at.Sub(p.starved), at.Sub(p.led)) > p.env.config().Segment.Max:
		p.starved = at
		p.deactivate(lead)
	}
}

func (f *feed) declared(id media.TrackID) int {
	return slices.IndexFunc(f.tracks, func(t media.Track) bool { return t.ID == id })
}

func (p *programme) writer(id media.TrackID) *writer {
	for _, w := range p.writers {
		if w.id == id {
			return w
		}
	}
	return nil
}
