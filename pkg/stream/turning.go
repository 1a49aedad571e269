package stream

import (
	"slices"

	"sluice/pkg/media"
)

// postpone keeps sound of another kind until the next key frame of the picture, with which
// a new period can begin, and has silence go on as before. It returns false if nothing
// need wait.
func (p *programme) postpone(t media.Track) bool {
	p.turning = slices.DeleteFunc(p.turning, func(other media.Track) bool { return other.ID == t.ID })
	s := p.sound(t.ID)
	if s == nil {
		return false
	}
	s.turns = false
	if !s.heard || !slices.Contains(p.active, t.ID) || p.active[0].Kind != media.Video || p.tracks[p.declared(t.ID)].Equal(t) {
		return false
	}
	p.turning = append(p.turning, t)
	s.quiet, s.turns = true, true
	return true
}

// turn has sound of another kind go on air if a is the key frame that it waits for, which
// is not before it, or if no picture is left to wait for. It reports whether a is dropped,
// as its time has not come.
func (p *programme) turn(a arrival) (dropped bool) {
	alone := p.active[0].Kind != media.Video
	p.turning = slices.DeleteFunc(p.turning, func(t media.Track) bool {
		s := *p.sound(t.ID)
		behind := s.since(a.Time)
		if !alone && (a.Track != p.active[0] || !a.Key || behind < -interleaved && behind > -unrelated) {
			dropped = dropped || a.Track == t.ID
			return false
		}
		if !alone {
			p.fill(&s, a, min(behind, aJump))
		}
		p.adopt(t)
		if next := p.sound(t.ID); next != nil {
			next.last, next.follows = s.next(), true
		}
		return true
	})
	return dropped
}
