package stream

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/media"
)

// A gathering is a stream that several publishers send, its members: the picture of each is a
// track, and the sound is that of one of them. Whoever publishes under the name of a member has
// a programme as everybody has, which settles who is on air there; but what it takes is not cut:
// it is handed on, with the times and numbers that it has in the whole.
//
// A member's programme is locked before the gathering, and that before the programme of the
// whole.
type gathering struct {
	log  zerolog.Logger
	join func(context.Context, *Publication) error // begins to publish the whole
	gone func()                                    // there may be no holders any more

	seats   seats        // that of the whole
	holders atomic.Int64 // publishers of members, those that stand by included

	mu      sync.Mutex
	whole   *Publication             // nil while there are none
	members []*member                // that are on air, the first that came first
	sound   *member                  // whose sound is heard, nil if there is none
	since   uint32                   // from when on
	last    *member                  // that went as the last one, whose tracks are still there
	heard   map[media.TrackID]uint32 // times of its newest frames
	clock   reckoning

	peers peers
}

// A member is one of the programmes that send a stream together.
type member struct {
	gathering *gathering
	name      Name
	index     int // of its picture among the tracks of the whole

	// What follows is guarded by the gathering.
	tracks  []media.Track
	aligned bool
	ahead   uint32    // by which times in the whole are ahead of the member's, in ms modulo 2^32
	repeats bool      // its sound may be of times of which there has been that of another
	since   time.Time // when its first frame came
	newest  uint32    // time of the newest frame
	came    time.Time
}

// begin has the whole on air for a publisher of a member who is about to come, and who is among
// the holders.
func (g *gathering) begin(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.whole != nil && !g.over() {
		return nil
	}
	whole := &Publication{peer: g}
	if err := g.join(ctx, whole); err != nil {
		return err
	}
	g.last, g.whole, g.clock, g.heard = nil, whole, reckoning{}, map[media.TrackID]uint32{}
	return nil
}

// over reports whether somebody else has taken the whole.
func (g *gathering) over() bool {
	p := g.whole.programme
	p.mu.Lock()
	defer p.mu.Unlock()
	return g.whole.over != nil
}

// release is for when such a publisher has gone.
func (g *gathering) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holders.Add(-1) > 0 {
		return
	}
	if g.whole != nil {
		_ = g.whole.Close(nil)
		g.whole = nil
	}
	g.gone()
}

// Warn implements Peer: it tells all who publish.
func (g *gathering) Warn(code, text string) { g.peers.each(func(p Peer) { p.Warn(code, text) }) }

// End implements Peer: it ends all who publish.
func (g *gathering) End(cause error) { g.peers.each(func(p Peer) { p.End(cause) }) }

// Publisher implements Peer: they are several.
func (g *gathering) Publisher() Publisher { return Publisher{} }

// peers are those of the members that are on air.
type peers struct {
	mu  sync.Mutex
	all map[*Publication]Peer
}

func (p *peers) add(pub *Publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = make(map[*Publication]Peer)
	}
	p.all[pub] = pub.peer
}

func (p *peers) remove(pub *Publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, pub)
}

func (p *peers) each(do func(Peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, peer := range p.all {
		do(peer)
	}
}

// enter puts a member on air with a publisher.
func (m *member) enter(pub *Publication) {
	g := m.gathering
	g.peers.add(pub)
	g.mu.Lock()
	defer g.mu.Unlock()
	m.tracks = slices.Clone(pub.feed.tracks)
	m.join()
}

// join makes a member one of those on air, whose times are not known yet.
func (m *member) join() {
	g := m.gathering
	m.aligned, m.repeats, m.since = false, true, time.Time{}
	if last := g.last; last != nil {
		g.last = nil
		if g.sound = nil; last.index != m.index {
			for _, t := range last.tracks {
				if t.ID.Kind == media.Video && t.ID.Index == 0 {
					t.ID.Index = uint8(last.index)
				}
				g.whole.withdraw(t.ID)
			}
		}
	}
	g.members = append(g.members, m)
	for _, t := range m.tracks {
		m.declare(t)
	}
}

// leave takes a member off the air, as its publisher goes.
func (m *member) leave(pub *Publication) {
	m.gathering.peers.remove(pub)
	m.pause()
}

// pause takes a member's picture out of the whole. It is back when something comes of it.
func (m *member) pause() {
	g := m.gathering
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.members, m) {
		return
	}
	g.members = slices.DeleteFunc(g.members, func(other *member) bool { return other == m })
	if len(g.members) == 0 {
		g.last = m
		return // all of it ends, or is taken up by who stands by
	}
	for _, t := range m.tracks {
		if id, ok := m.place(t.ID); ok && !sounds(t) {
			g.whole.withdraw(id)
		}
	}
	if g.sound == m {
		g.sound = nil
		g.listen(g.clock.newest) // before what is the same to listen to is taken out: it goes on
		g.withdrawSounds(m, g.sound)
	}
	if m.aligned {
		g.log.Info().Stringer("member", m.name).Msg("member leaves the ladder")
	}
}

// listen chooses whose sound is heard, from a time in the whole on, when that is nobody's.
func (g *gathering) listen(from uint32) {
	for _, m := range g.members {
		if g.sound == nil && m.aligned && slices.ContainsFunc(m.tracks, sounds) {
			g.hear(m, from)
		}
	}
}

// hear has the sound of a member be heard from a time on.
func (g *gathering) hear(m *member, from uint32) {
	before := g.sound
	g.sound, g.since, m.repeats = m, from, true
	for _, t := range m.tracks {
		m.hand(t)
	}
	if before == nil {
		return
	}
	g.log.Warn().Stringer("member", before.name).Stringer("instead", m.name).Msg("sound of a member does not come, or late: that of another one is heard")
	g.withdrawSounds(before, m)
}

// withdrawSounds takes the sound of a member out of the whole, but for what another one, who is heard
// instead if there is any, has in its place.
func (g *gathering) withdrawSounds(m, instead *member) {
	for _, t := range m.tracks {
		taken := instead != nil && slices.ContainsFunc(instead.tracks, func(other media.Track) bool { return other.ID == t.ID })
		if sounds(t) && !taken {
			g.whole.withdraw(t.ID)
		}
	}
}

// unheard reports whether the sound that is heard stays so far behind that of another member, which
// has come to a time in the whole, that silence stands in for it.
func (g *gathering) unheard(id media.TrackID, at uint32) bool {
	behind := since32(g.since, at)
	if last, ok := g.heard[id]; ok {
		behind = min(behind, since32(last, at))
	}
	return behind > mute && behind < unrelated
}

func sounds(t media.Track) bool { return t.ID.Kind == media.Audio }

// place returns which track of the whole one of the member's is, if it is one.
func (m *member) place(id media.TrackID) (media.TrackID, bool) {
	if id.Kind == media.Audio {
		return id, m.gathering.sound == m
	}
	return media.TrackID{Kind: media.Video, Index: uint8(m.index)}, id.Index == 0
}

// declare takes a track of the publisher on air, or its new configuration. The gathering is
// locked.
func (m *member) declare(t media.Track) {
	if t.ID.Kind == media.Video && !m.films() {
		m.aligned = false // by sound alone
	}
	if i := slices.IndexFunc(m.tracks, func(other media.Track) bool { return other.ID == t.ID }); i >= 0 {
		m.tracks[i] = t
	} else {
		m.tracks = append(m.tracks, t)
	}
	m.hand(t)
	m.gathering.listen(m.gathering.clock.newest)
}

// hand hands a track on.
func (m *member) hand(t media.Track) {
	if id, ok := m.place(t.ID); ok {
		t.ID = id
		_ = m.gathering.whole.WriteTrack(t) // of one that is over nothing more is taken
	}
}

// adopt takes a track of the publisher on air.
func (m *member) adopt(t media.Track) {
	m.gathering.mu.Lock()
	defer m.gathering.mu.Unlock()
	m.declare(t)
}

// take takes a frame of the publisher on air.
func (m *member) take(a arrival) error {
	g := m.gathering
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.members, m) {
		m.join()
	}
	if m.jumps(a) {
		m.aligned = false
	}
	m.newest, m.came = a.Time, a.at
	if m.since.IsZero() {
		m.since = a.at
	}
	if !m.aligned && !m.align(a) {
		return nil
	}
	if a.Track.Kind == media.Audio && m != g.sound && g.unheard(a.Track, a.Time+m.ahead) {
		g.hear(m, a.Time+m.ahead)
	}
	id, ok := m.place(a.Track)
	if !ok {
		return nil
	}
	if a.Key && a.Track.Kind == media.Video && m != g.lead() {
		m.ahead += g.clock.drift(shown(a) + m.ahead)
	}
	a.Track = id
	a.Time += m.ahead
	if id.Kind == media.Audio && m.heardBefore(a) {
		return nil
	}
	if m == g.lead() {
		g.clock.note(a, m.ahead)
	}
	return g.whole.WriteFrame(a.Frame)
}

// heardBefore reports whether there has been sound of that time, of another member.
func (m *member) heardBefore(a arrival) bool {
	g := m.gathering
	last, known := g.heard[a.Track]
	if m.repeats = m.repeats && known && since32(last, a.Time) <= 0; m.repeats {
		return true
	}
	g.heard[a.Track] = a.Time
	return false
}

// lead returns the member by which the others are measured: by its key frames, if any sends a
// picture.
func (g *gathering) lead() (lead *member) {
	for _, m := range g.members {
		switch {
		case m.aligned && m.films():
			return m
		case m.aligned && lead == nil:
			lead = m
		}
	}
	return lead
}

// films reports whether the member sends a picture.
func (m *member) films() bool {
	return slices.ContainsFunc(m.tracks, func(t media.Track) bool { return t.ID.Kind == media.Video })
}

// jumps reports whether a member's times leave what they were, other than by waiting. Of a member
// that is alone the timeline repairs that.
func (m *member) jumps(a arrival) bool {
	const far = 3 * time.Second
	step := time.Duration(int32(a.Time-m.newest)) * time.Millisecond
	return m.aligned && len(m.gathering.members) > 1 && (step < -far || step > a.at.Sub(m.came)+far)
}

// align finds out what time it is in the whole by the member's clock, with a key frame if it sends
// a picture. It reports whether it did.
func (m *member) align(a arrival) bool {
	g := m.gathering
	if m.films() && (a.Track != (media.TrackID{Kind: media.Video}) || !a.Key) {
		return false
	}
	at, off, ok := g.clock.place(a, m.films(), g.lead() != nil, a.at.Sub(m.since) >= calm)
	if !ok {
		return false
	}
	m.aligned, m.ahead = true, at-a.Time
	g.listen(at)
	g.log.Info().Stringer("member", m.name).Stringer("shifted", off).Msg("member joins the ladder")
	return true
}
