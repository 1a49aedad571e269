package segment

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

// A gop follows the groups of pictures of a track.
type gop struct {
	frames       int         // from the last key frame on, with it
	last, before int         // frames of the last group that is complete, and of the one before it
	key          media.Ticks // decode time of the last key frame
	length       media.Ticks // from the key frame before it
	lengths      [8]media.Ticks
	groups       int // that are complete
}

// take counts a frame at a decode time.
func (g *gop) take(key bool, at media.Ticks) {
	if key {
		g.before, g.last, g.length = g.last, g.frames, at-g.key
		if g.last > 0 {
			g.lengths[g.groups%len(g.lengths)] = g.length
			g.groups++
		}
		g.frames, g.key = 0, at
	}
	g.frames++
}

// known returns the durations of the newest groups that are complete, eight at most.
func (g *gop) known() []media.Ticks { return g.lengths[:min(g.groups, len(g.lengths))] }

// A Picture is how a track of video is encoded, as far as that is known.
type Picture struct {
	Shortest, Longest time.Duration // from key frame to key frame, of the newest eight
	Delay             time.Duration // from when the newest key frame is decoded to when it is shown
}

// Picture returns how a track is encoded, zero for one that is not of video.
func (c *Cutter) Picture(id media.TrackID) (p Picture) {
	i := slices.IndexFunc(c.tracks, func(tr *track) bool { return tr.id == id && tr.video() })
	if i < 0 {
		return p
	}
	tr := c.tracks[i]
	if all := tr.gop.known(); len(all) > 0 {
		p.Shortest, p.Longest = tr.time(slices.Min(all)), tr.time(slices.Max(all))
	}
	p.Delay = tr.time(tr.delay)
	return p
}

// regular reports whether it can be foretold when the current group ends: when
// two in a row had the same number of frames, and it has no more.
func (g *gop) regular() bool { return g.last > 0 && g.last == g.before && g.frames <= g.last }

// complete reports whether the next frame is foretold to be a key frame.
func (g *gop) complete() bool { return g.regular() && g.frames == g.last }

// foretold returns where the lead's key frame is expected that begins the next
// segment.
func (c *Cutter) foretold() (time.Duration, bool) {
	lead := c.tracks[0]
	g := &lead.gop
	if c.forced || lead.next == 0 || !lead.video() || !g.regular() || g.length <= 0 {
		return 0, false
	}
	b := c.boundaries[len(c.boundaries)-1].at
	target := c.target(lead)
	groups := media.Ticks(1)
	if short := target - (lead.time(g.key+g.length) - b); short > 0 {
		length := lead.time(g.length)
		groups += media.Ticks((short + length - 1) / length)
	}
	at := lead.time(g.key + groups*g.length)
	return at, !c.overdue(lead, at-b)
}

// endsSegment reports whether a track's segment ends for sure at a time: its
// next sample is foretold there.
func (c *Cutter) endsSegment(tr *track, at time.Duration) bool {
	if tr == c.tracks[0] {
		return c.cuts(tr, !tr.video() || tr.gop.complete(), at, 0)
	}
	b := c.behind(tr, at)
	if b.number > tr.number || c.overdue(tr, at-b.at) {
		return true
	}
	next, ok := c.foretold()
	if tr.video() {
		at += near
	}
	return ok && at >= next && tr.place(tr.last) < next
}
