package stream

import (
	"slices"
	"strings"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/timeline"
)

// Vitals are what an operator wants to watch of a stream. Counts are of its whole
// life.
type Vitals struct {
	Name       Name
	Publishing bool            // somebody is on air
	Publisher  Publisher       // who, zero if several are
	Since      time.Time       // when it came
	Standby    bool            // somebody stands by
	Publishers uint64          // that went on air
	Periods    uint64          // that began
	Repairs    timeline.Counts // of publishers' times
	Drift      float64         // of the publisher's clock against ours, in ppm; positive when it is fast
	Behind     time.Duration   // by which frames come later than usual
	Window     time.Duration   // for which segments stay listed
	Narrowed   uint64          // how often that was made shorter
	Lost       uint64          // segments that the store did not take
	Films      []Film          // tracks of video, where there are several
	Tracks     []TrackVitals   // of the publisher on air, the lead first
	Warnings   []Warning       // that its broadcaster has had
}

// TrackVitals are those of one track that comes.
type TrackVitals struct {
	media.Track
	segment.Picture               // of video
	Skew            time.Duration // of audio: how far it is ahead of the picture as they come
}

// A Warning is what a broadcaster was told that he might want to change.
type Warning struct{ Code, Text string }

// A Film is how a track of video is aligned with the one that leads.
type Film struct {
	Track   media.TrackID
	Offset  time.Duration // by which its key frames are shown behind the lead's
	LeftOut bool          // since they are elsewhere
}

// Vitals returns those of all streams, ordered by name. They are at most a segment
// old.
func (r *Registry) Vitals() []Vitals {
	var all []Vitals
	for name, p := range r.all() {
		if v := p.vitals.Load(); v != nil && p.member == nil {
			v := *v
			v.Name, v.Publishing = name, v.Publishing && !p.live.Snapshot().Away && !p.live.Snapshot().Ended
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b Vitals) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return all
}

// examine renews the vitals.
func (p *programme) examine() {
	v := Vitals{Publishers: p.publishers, Periods: p.next - p.before.period, Repairs: p.repairs, Narrowed: p.narrowed, Lost: p.losses.all}
	if p.onAir != nil {
		v.Publisher, v.Since = p.onAir.peer.Publisher(), p.onAir.since
	}
	v.Standby = p.standby != nil
	v.Window = p.live.Snapshot().Window
	v.Drift, v.Behind = p.clock.Drift()
	if v.Publishing = p.onAir != nil; v.Publishing {
		for _, f := range p.films {
			v.Films = append(v.Films, Film{f.id, f.off, f.astray})
		}
		for _, id := range p.active {
			v.Tracks = append(v.Tracks, TrackVitals{p.tracks[p.declared(id)], p.cutter.Picture(id), p.order.Skew(id)})
		}
		for what, warned := range p.warned {
			if warned {
				v.Warnings = append(v.Warnings, Warning{warning(what).code(), warning(what).String()})
			}
		}
	}
	p.vitals.Store(&v)
}
