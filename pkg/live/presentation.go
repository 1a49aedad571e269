package live

import (
	"cmp"
	"context"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/pkg/media"
)

// Settings are constant for the life of a presentation.
type Settings struct {
	App, Name string
	Window    time.Duration // how long segments stay listed, at least three target durations
	Started   time.Time
}

// A Presentation is one stream on air, or one that has ended and is still
// served.
type Presentation struct {
	Settings
	mu      sync.Mutex // held by writers
	snap    atomic.Pointer[Snapshot]
	earlier atomic.Pointer[Presentation]
}

// New returns a presentation with an empty snapshot.
func New(settings Settings) *Presentation {
	p := &Presentation{Settings: settings}
	p.snap.Store(&Snapshot{Published: settings.Started, Window: settings.Window, whole: settings.Window, memos: &memos{}, dated: &memos{}, lasting: &memos{}})
	return p
}

// Blob returns the name under which the store holds a segment of a track.
func (p *Presentation) Blob(id media.TrackID, segment string) string {
	return Blob(p.App, p.Name, id, segment)
}

// Blob returns the name under which the store holds a segment of a track of
// the presentation app/name.
func Blob(app, name string, id media.TrackID, segment string) string {
	return app + "/" + name + "/" + id.String() + "/" + segment + ".m4s"
}

// Follow makes p the successor of an earlier presentation of the same name,
// whose headers and segments viewers may still ask for.
func (p *Presentation) Follow(earlier *Presentation) {
	earlier.earlier.Store(nil) // one is enough: what it followed was over before it began
	p.earlier.Store(earlier)
}

// Earlier returns the presentation that p follows, nil if there is none.
func (p *Presentation) Earlier() *Presentation { return p.earlier.Load() }

// Snapshot returns the current state. It never returns nil, and does not
// block.
func (p *Presentation) Snapshot() *Snapshot { return p.snap.Load() }

// Wait returns the first snapshot that satisfies ready, ctx's error, or
// os.ErrDeadlineExceeded when something comes from late, which may be nil. It asks
// again with each new state of the track's rendition, and returns the snapshot
// as it is when there is no such rendition or nothing more will come.
func (p *Presentation) Wait(ctx context.Context, late <-chan time.Time, id media.TrackID, ready func(*Snapshot) bool) (*Snapshot, error) {
	for {
		s := p.Snapshot()
		r := s.Rendition(id)
		if r == nil || s.Ended || ready(s) {
			return s, nil
		}
		select {
		case <-r.changed:
		case <-late:
			return nil, os.ErrDeadlineExceeded
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Grow publishes a new state of the segment that is being cut, and returns the
// segments that left the window by it. hint is the name of the part that comes
// next, empty unless that is certain. Parts and chunks may be appended to after
// the call, but nothing in them may change.
func (p *Presentation) Grow(id media.TrackID, growing Growing, hint string, now time.Time) (removed []Removed) {
	p.update(id, func(next *Snapshot, r *Rendition) {
		if r.Growing == nil || r.Growing.Number != growing.Number || next.Away {
			next.Published = now
		}
		next.Away = false
		r.Gone, r.From = false, 0
		r.Growing, r.Hint = &growing, hint
		removed = r.extend(next, now)
	})
	return removed
}

// Add appends a finished segment to the rendition of a track and returns the
// segments that left the window by it. A hint stays when it names the part
// behind the segment. targets must be the same in every call.
//
// A gap is listed with what comes behind it, as soon as there is any of that:
// players stop for good at a playlist that ends with a gap. Until then its time
// may become longer by more gaps.
func (p *Presentation) Add(id media.TrackID, seg Segment, targets Targets, now time.Time) (removed []Removed) {
	p.update(id, func(next *Snapshot, r *Rendition) {
		next.Targets = targets
		if seg.Gap {
			r.gaps = append(r.gaps[:len(r.gaps):len(r.gaps)], seg)
			return
		}
		next.Published, next.Away = now, false
		r.Gone, r.From = false, 0
		r.Growing = nil
		if r.Hint != PartName(seg.End()) {
			r.Hint = ""
		}
		removed = r.extend(next, now, seg)
	})
	return removed
}

// Leave says that the presentation goes on without a track, which may come back, and has others
// of its kind. from is the number of the first segment of a period without it, 0 if none has begun.
// What there is of it can still be had.
func (p *Presentation) Leave(id media.TrackID, from uint64) {
	p.update(id, func(_ *Snapshot, r *Rendition) { r.Gone, r.From, r.Hint = true, from, "" })
}

// Forgo says that the part of a track that was hinted at will not come.
func (p *Presentation) Forgo(id media.TrackID) {
	p.update(id, func(_ *Snapshot, r *Rendition) { r.Hint = "" })
}

// Hush says that nobody is heard: the publisher is silent, or has gone. What there is
// stays as it is, and whoever waits for more goes on waiting, as somebody may come back,
// also who waits for a part that was hinted at. Nobody else is told of that.
func (p *Presentation) Hush(now time.Time) {
	p.stop(func(next *Snapshot) { next.Published, next.Away = now, true })
}

// Stay says that all is still as it was, which is news where viewers are told how long
// ago there was something to play.
func (p *Presentation) Stay(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.successor()
	next.Published = now
	p.publish(next)
}

// End says that nothing more will come.
func (p *Presentation) End(now time.Time) {
	p.stop(func(next *Snapshot) {
		next.Published, next.Ended, next.Away = now, true, false
		next.forgetHints()
		for i := range next.Renditions {
			next.Renditions[i].Growing = nil
		}
		next.even(now)
	})
}

// even takes what one rendition has in front of the others out of the window: one begins to
// leave a moment before the other. Players begin with what there is of all.
func (s *Snapshot) even(now time.Time) {
	const sliver = 200 * time.Millisecond // more than a frame of sound
	var latest Segment
	for _, r := range s.Renditions {
		if len(r.Segments) > 0 && (latest.Period == nil || r.Segments[0].From() > latest.From()) {
			latest = r.Segments[0]
		}
	}
	for i := range s.Renditions {
		r := &s.Renditions[i]
		if len(r.Segments) < 2 || r.Segments[1].Gap || r.Segments[1].Period != latest.Period {
			continue
		}
		if first := r.Segments[0]; first.Period == latest.Period && first.To() < latest.From()+sliver {
			r.remove(1, now)
		}
	}
}

// Withdraw takes all out of the window of a presentation that has ended. Nobody is told
// of it any more; who was told lately can have what there was for as long as of any
// segment that leaves the window.
func (p *Presentation) Withdraw(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.successor()
	next.Withdrawn = true
	for i := range next.Renditions {
		r := &next.Renditions[i]
		r.remove(len(r.Segments), now)
	}
	p.publish(next)
}

// stop publishes a snapshot of a presentation that does not go on for now. All
// who wait look at it.
func (p *Presentation) stop(change func(*Snapshot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.successor()
	if next.Ended {
		return
	}
	change(next)
	changed := make([]chan struct{}, len(next.Renditions))
	for i := range next.Renditions {
		r := &next.Renditions[i]
		changed[i] = r.changed
		if !next.Ended {
			r.changed = make(chan struct{})
		}
	}
	p.publish(next)
	for _, ch := range changed {
		close(ch)
	}
}

func (s *Snapshot) forgetHints() {
	for i := range s.Renditions {
		s.Renditions[i].Hint = ""
	}
}

// update publishes a changed copy of the snapshot, with the rendition of a
// track, which it makes if it is new. Segments are shared with older snapshots:
// appending writes only behind what these can see.
func (p *Presentation) update(id media.TrackID, change func(*Snapshot, *Rendition)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.successor()
	r := next.Rendition(id)
	if r == nil {
		next.Renditions = append(next.Renditions, Rendition{ID: id})
		slices.SortStableFunc(next.Renditions, byTrack)
		r = next.Rendition(id)
	}
	changed := r.changed
	r.changed = make(chan struct{})
	change(next, r)
	next.align(r)
	p.publish(next)
	if changed != nil {
		close(changed)
	}
}

// successor returns a copy of the snapshot that can be changed.
func (p *Presentation) successor() *Snapshot {
	var next struct { // one object, as a rule
		Snapshot
		own  memos
		room [2]Rendition
	}
	next.Snapshot = *p.snap.Load()
	next.Renditions = append(next.room[:0], next.Renditions...)
	next.memos = &next.own
	return &next.Snapshot
}

// publish makes a successor the current state.
func (p *Presentation) publish(next *Snapshot) {
	if now := p.snap.Load(); next.Published != now.Published || next.Targets != now.Targets || next.Window != now.Window ||
		next.Away != now.Away || next.Ended != now.Ended || next.Withdrawn != now.Withdrawn {
		next.dated = &memos{}
	}
	p.snap.Store(next)
}

// byTrack orders renditions: video first, then by index.
func byTrack(a, b Rendition) int {
	return cmp.Or(cmp.Compare(a.ID.Kind, b.ID.Kind), cmp.Compare(a.ID.Index, b.ID.Index))
}

// extend lists the gaps that were to be listed with what comes next, and that if
// it is complete. It returns what left the window by it.
func (r *Rendition) extend(s *Snapshot, now time.Time, complete ...Segment) []Removed {
	known, gaps := len(r.past), r.gaps
	r.gaps = nil
	for _, gap := range gaps {
		r.add(s, gap, now)
	}
	for _, seg := range complete {
		r.add(s, seg, now)
	}
	removed := r.past[known:len(r.past):len(r.past)]
	for len(r.past) > 0 && now.After(r.past[0].Until) {
		r.past = r.past[1:]
	}
	return removed
}

// add appends seg and removes from the front what the window does not need, or
// all when numbers are missing: the track was away for longer than the window.
// What is in it by the clock stays as well, up to two windows of media: what a
// publisher sends late and at once is ahead of the clock. There is always a segment
// with media, so that there is always something to say of them. A removed segment stays to be had for its own duration and that of the
// longest playlist that it was in (RFC 8216bis 6.2.2).
func (r *Rendition) add(s *Snapshot, seg Segment, now time.Time) {
	if n := len(r.Segments); n > 0 && seg.Number != r.Segments[n-1].Number+1 {
		r.remove(n, now)
	}
	r.Segments = append(r.Segments, seg)
	r.count(seg, 1)
	r.Depth += seg.Length()
	r.listing = append(r.listing, listing{s.Published, max(r.Depth, r.floor)})
	r.longest = max(r.longest, r.Depth)
	r.measure(seg, s.Targets.Segment)
	s.widen(r)
	window := max(s.Window, 3*s.Targets.Segment)
	if r.returns() && r.Depth < 2*window {
		return
	}
	for r.Depth-r.Segments[0].Length() >= window && slices.ContainsFunc(r.Segments[1:], hasMedia) {
		if first := r.Segments[0]; r.Depth < 2*window && first.End().Time(first.Timescale()).After(now.Add(-window)) {
			return
		}
		r.remove(1, now)
	}
}

// returns reports whether at most one segment with media is behind the newest gap,
// if there is one. Other tracks may not have come so far then, and what is in front
// of the gap is all that can be played of both together.
func (r *Rendition) returns() bool {
	n := len(r.Segments)
	return r.Segments[n-1].Gap || n > 1 && r.Segments[n-2].Gap
}

// count keeps account of a segment that is listed, or no longer.
func (r *Rendition) count(seg Segment, n int) {
	if seg.Gap {
		return
	}
	if !seg.Independent {
		r.dependent += n
	}
	if seg.KeySize == 0 {
		r.keyless += n
	}
}

func hasMedia(s Segment) bool { return !s.Gap }

// remove takes the first n segments out of the window.
func (r *Rendition) remove(n int, now time.Time) {
	for i, seg := range r.Segments[:n] {
		if !seg.Gap {
			r.Left = seg.Period
		}
		longest := slices.MaxFunc(r.listing[i:], func(a, b listing) int { return cmp.Compare(a.reach, b.reach) }) // it was in all since its own
		r.past = append(r.past, Removed{seg, now.Add(longest.reach + seg.Length())})
		r.count(seg, -1)
		r.Depth -= seg.Length()
	}
	r.Segments, r.listing = r.Segments[n:], r.listing[n:]
}

// measure takes a segment into the rendition's bit rates. The peak is that of
// segments from half a target duration on (RFC 8216bis 4.1), and rounded up to
// two digits, so that texts which hold it seldom change.
func (r *Rendition) measure(seg Segment, target time.Duration) {
	length := seg.Length()
	if length <= 0 || seg.Gap {
		return
	}
	r.pace(seg.Frames, length, target)
	r.bytes += seg.Size
	r.length += length
	r.Average = int(float64(r.bytes) * 8 / r.length.Seconds())
	peak := r.Average + 1
	if length >= target/2 {
		peak = max(peak, int(float64(seg.Size)*8/length.Seconds())+1)
	}
	r.Bandwidth = max(r.Bandwidth, roundUp(peak))
	r.KeyBandwidth = max(r.KeyBandwidth, roundUp(int(math.Ceil(float64(seg.KeySize)*8/length.Seconds()))))
}

// pace counts the frames of a segment. A pause makes one last for many: where there are
// fewer than usual it counts as if there was none, and where there are more there was
// one in all that came before.
func (r *Rendition) pace(frames int, length, target time.Duration) {
	const uneven = 0.03
	own := float64(frames) / length.Seconds()
	usual := float64(r.frames) / r.length.Seconds()
	switch {
	case r.length == 0:
	case own < usual*(1-uneven):
		frames = int(math.Round(usual * length.Seconds()))
	case own > usual*(1+uneven) && length >= target/2:
		r.frames = int(math.Round(own * r.length.Seconds()))
	}
	r.frames += frames
}

// roundUp rounds n up to two significant digits.
func roundUp(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}
