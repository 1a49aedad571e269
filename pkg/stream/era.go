package stream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// beginEra makes the lead's key frame s the beginning of a new period with all
// active tracks as they were last declared.
func (p *Publication) beginEra(s *segment.Placed) {
	lead := p.tracks[p.declared(s.Track)]
	start := s.DTS.Time(lead.Timescale).Truncate(time.Millisecond)
	p.era = &era{Period: live.Period{Sequence: p.next, Start: start}, first: s.Number}
	p.next++
	p.pending = false
	for _, id := range p.active {
		p.join(id)
	}
	p.log.Info().Uint64("period", p.era.Sequence).Int("tracks", len(p.era.Headers)).Msg("period begins")
}

// join adds a track to the current period, which nobody has seen yet.
func (p *Publication) join(id media.TrackID) {
	t := p.tracks[p.declared(id)]
	header, err := header(t)
	if err != nil {
		p.log.Error().Err(err).Stringer("track", id).Msg("track left out")
		return
	}
	p.era.Headers = append(p.era.Headers, header)
	if w := p.writer(id); w != nil {
		w.stale = false
		return
	}
	p.writers = append(p.writers, newWriter(p, id))
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

// catchUp sees to the tracks that say nothing while another one, whose sample
// s begins a segment, goes on: a segment that ended two cuts ago is closed, and
// one that never began becomes a gap.
func (p *Publication) catchUp(s *segment.Placed) {
	for _, w := range p.writers {
		if w.id == s.Track {
			continue
		}
		for w.era != nil && w.number+2 <= s.Number && w.skip() {
		}
	}
}
