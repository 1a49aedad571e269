package stream

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

// A film is a track of video beside the one that leads, in another quality. Players go from one
// to another where segments begin, which is with key frames of the lead: of a track that has none
// there they would see nothing until its next one. It is left out until it has.
type film struct {
	id     media.TrackID
	newest uint32 // when its newest frame is shown
	keys   keyTimes
	missed int           // segments one after the other that had none to begin with
	met    int           // and that had one
	astray bool          // it is left out
	off    time.Duration // by which its key frame was shown behind the lead's that it was nearest to
}

const (
	// patient is how many segments must say the same of a film for that to be believed.
	patient = 2

	// ahead is how far a film may be ahead of the lead: a little less than it waits (pkg/segment).
	ahead = 800 * time.Millisecond

	// lost is how long nothing has come of a film that does not go on.
	lost = 6 * time.Second
)

// film returns what is known of a track of video.
func (f *feed) film(id media.TrackID) *film {
	i := slices.IndexFunc(f.films, func(film film) bool { return film.id == id })
	if i < 0 {
		i, f.films = len(f.films), append(f.films, film{id: id})
	}
	return &f.films[i]
}

// unaligned reports whether a track that is not on air has no place beside the one that leads, or
// none that is known: viewers have seen the period, and would see another one begin for nothing.
func (p *programme) unaligned(id media.TrackID) bool {
	if id.Kind != media.Video || p.active[0].Kind != media.Video {
		return false
	}
	f := p.film(id)
	return f.astray || f.met == 0 && p.era != nil && p.era.listed
}

// watchFilm takes a frame of video that was written, where there are several tracks of it. It may
// have begun a segment.
func (p *programme) watchFilm(a arrival, began bool) {
	f, at := p.film(a.Track), shown(a)
	f.newest = at
	if a.Key {
		f.keys.add(at)
	}
	if !began {
		p.watchLead(f)
		return
	}
	if p.opened {
		for i := range p.films {
			p.judge(&p.films[i])
		}
	}
	p.opened, p.opening = a.Key, at
}

// judge looks for a key frame of a film where the segment before the newest began.
func (p *programme) judge(f *film) {
	const same = 2 * same // two roundings
	behind := since32(f.newest, p.opening)
	switch {
	case f.id == p.active[0]:
		*f = film{id: f.id, newest: f.newest, keys: f.keys}
		return
	case len(f.keys) == 0:
		return
	}
	f.off = since32(p.opening, f.keys.nearest(p.opening))
	switch {
	case f.off.Abs() < same:
		f.missed, f.met = 0, f.met+1
	case behind >= lost, behind <= 0 && since32(p.opening, f.keys[0]) > 0: // nothing comes of it, or it was not there
		return
	default:
		f.missed, f.met = f.missed+1, 0
	}
	switch {
	case f.astray && f.met >= patient:
		f.astray = false
		p.log.Info().Stringer("track", f.id).Msg("key frames are where those of the first track of video are: the track is back")
	case !f.astray && f.missed >= patient:
		p.leaveOut(f)
	}
}

// leaveOut takes a track out of the stream until its key frames are where they should be.
func (p *programme) leaveOut(f *film) {
	f.astray, f.met = true, 0
	p.warn(unaligned, f.id, "after", p.cutter.TargetDuration()*patient)
	if slices.Contains(p.active, f.id) {
		p.drop(f.id)
	}
}

// watchLead leaves the lead out when a film is so far ahead of it that it waits no more.
func (p *programme) watchLead(f *film) {
	lead := p.active[0]
	if lead.Kind != media.Video || lead == f.id || f.astray || !slices.Contains(p.active, f.id) {
		return
	}
	if l := p.film(lead); len(l.keys) > 0 && since32(l.newest, f.newest) > ahead {
		p.log.Warn().Stringer("track", lead).Stringer("by", ahead).Msg("the first track of video comes late: another one leads")
		l.astray, l.met, l.missed = true, 0, 0
		p.drop(lead)
		p.demote(lead)
	}
}

// demote makes a track the last one of its kind, which leads only when no other does.
func (f *feed) demote(id media.TrackID) {
	i := f.declared(id)
	t := f.tracks[i]
	f.tracks = append(slices.Delete(f.tracks, i, i+1), t)
	slices.SortStableFunc(f.tracks, byKind)
}
