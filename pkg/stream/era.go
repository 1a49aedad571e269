package stream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// An era is a period and what its writers need to know of it.
type era struct {
	live.Period
	from   uint64 // the cutter's number of its first segment, or of the first gap in front of that
	first  uint64 // the cutter's number of its first segment with media
	listed bool   // viewers have seen it: its headers are fixed
}

// maxEras is how many eras are known, for tracks that were away for long: as many as there are
// boundaries of segments (pkg/segment).
const maxEras = 64

// eraOf returns the era of a segment, nil before the first.
func (p *programme) eraOf(number uint64) *era {
	for _, e := range slices.Backward(p.eras) {
		if e.from <= number {
			return e
		}
	}
	return nil
}

// begins reports whether a new period begins with s: with a key frame of the
// lead, and at a segment that no track is in yet.
func (p *programme) begins(s *segment.Placed, w *writer) bool {
	if s.Track != p.active[0] || !s.Key {
		return false
	}
	for _, other := range p.writers {
		if other.next > s.Number {
			return false
		}
	}
	return p.pending || w != nil && !w.stale && w.era == p.era && !w.follows(s)
}

// retry has a new period begin for tracks whose segments are not stored. While the
// store goes on refusing them, that happens more and more seldom.
func (p *programme) retry(now time.Time) {
	if p.pending || now.Before(p.again) {
		return
	}
	p.again = now.Add(p.delay)
	p.delay = min(max(2*p.delay, p.cutter.TargetDuration()), p.env.config().Segment.Max)
	p.renew()
}

// beginEra makes the lead's key frame s the beginning of a new period with all
// active tracks as they were last declared.
func (p *programme) beginEra(s *segment.Placed) {
	lead := p.tracks[p.declared(s.Track)]
	start := s.DTS.Time(lead.Timescale).Truncate(time.Millisecond)
	p.era = &era{Period: live.Period{Sequence: p.next, Start: start, First: p.base + s.Number}, from: p.joint(s.Number), first: s.Number}
	p.eras = append(p.eras, p.era)
	if len(p.eras) > maxEras {
		p.eras = slices.Delete(p.eras, 0, 1)
	}
	p.next++
	p.pending, p.starved = false, time.Time{}
	for _, id := range p.active {
		p.join(id)
	}
	p.log.Info().Uint64("period", p.era.Sequence).Msg("period begins")
}

// reveal is for when viewers are told of an era: its headers are fixed. They are told of the tracks of
// video that the newest one is without, while it has others.
func (p *programme) reveal(e *era) {
	if e.listed {
		return
	}
	e.listed = true
	films := func(h *live.Header) bool { return h.Track.ID.Kind == media.Video }
	if e != p.era || !slices.ContainsFunc(e.Headers, films) {
		return
	}
	for _, r := range p.live.Snapshot().Renditions {
		if r.ID.Kind == media.Video && e.Header(r.ID) == nil {
			p.live.Leave(r.ID, e.First)
		}
	}
}

// joint returns the number of the segment with which a period begins that has media
// from the given one on. What nothing came of is listed as gaps: the first belongs to
// the period before and the others to this one, unless a track went on in them.
func (p *programme) joint(first uint64) uint64 {
	from, end := uint64(0), time.Duration(0)
	for _, w := range p.writers {
		from = max(from, w.next+1)
		if w.header != nil {
			end = max(end, w.end.Duration(w.header.Track.Timescale))
		}
	}
	for n := from; n < first; n++ {
		at, known := p.cutter.Boundary(n)
		if !known || at < end {
			return first
		}
		end = at
	}
	return min(from, first)
}

// join adds a track to the current period, which nobody has seen yet.
func (p *programme) join(id media.TrackID) {
	t := p.tracks[p.declared(id)]
	header, err := header(t)
	if err != nil {
		p.log.Error().Err(err).Stringer("track", id).Msg("track left out")
		return
	}
	p.era.Headers = append(p.era.Headers, header)
	if w := p.writer(id); w != nil {
		if w.stale {
			w.stale, w.from = false, p.era.first
			w.keyless = id.Kind == media.Video
		}
		return
	}
	p.writers = append(p.writers, &writer{programme: p, id: id, next: p.era.first, keyless: id.Kind == media.Video})
}

// header returns the CMAF header of a track, named by its content.
func header(t media.Track) (*live.Header, error) {
	data, err := cmaf.Header(t)
	if err != nil {
		return nil, fmt.Errorf("header of %s: %w", t.ID, err)
	}
	sum := sha256.Sum256(data)
	return &live.Header{Track: t, Name: hex.EncodeToString(sum[:8]), Data: data}, nil
}
