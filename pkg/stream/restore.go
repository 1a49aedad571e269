package stream

import (
	"cmp"
	"slices"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// restore returns the programme that segments are left of, nil if none of them can
// be listed.
func restore(env Environment, name Name, all []found, now time.Time) *programme {
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(a.Listed.Compare(b.Listed), cmp.Compare(a.Number, b.Number), cmp.Compare(a.track.Kind, b.track.Kind))
	})
	p := newProgramme(env, name, now, predecessor{})
	p.live = live.New(live.Settings{App: name.App, Name: name.Key, Window: env.Config.Window, Started: all[0].Stream})
	p.base = 0 // the cutter's numbers are those of the playlists
	for i := range all {
		p.learn(&all[i].Period)
	}
	p.sortEras()
	var last *found
	intact := uint64(0) // from here on nothing is missing in the middle of a period
	for i := range all {
		if p.holed(&all[i]) {
			intact = max(intact, all[i].Number)
		}
		if p.replay(&all[i]) {
			last = &all[i]
		} else {
			env.Retire.Add(now, all[i].name)
		}
	}
	if last == nil {
		return nil
	}
	for _, w := range p.writers { // no period has a hole
		w.retire(p.live.Begin(w.id, intact, now))
	}
	p.live.Resize(env.Config.Window, now)
	p.live.Return(published(all), now)
	p.goOn(&last.Record, now)
	p.told.start = p.hasBegun()
	p.log.Info().Int("segments", len(all)).Msg("stream taken up again")
	return p
}

// published returns when viewers were told last of any of the segments.
func published(all []found) time.Time {
	return slices.MaxFunc(all, func(a, b found) int { return a.Listed.Compare(b.Listed) }).Listed
}

// learn makes a period known, unless it is or its headers cannot be made.
func (p *programme) learn(period *cmaf.Period) {
	if p.known(period.Sequence) != nil {
		return
	}
	own := live.Period{Sequence: period.Sequence, Start: period.Start, First: period.First}
	e := &era{Period: own, from: period.From, first: period.First, listed: true}
	for _, t := range period.Tracks {
		h, err := header(t)
		if err != nil {
			p.log.Error().Err(err).Msg("period lost")
			return
		}
		e.Headers = append(e.Headers, h)
	}
	p.eras = append(p.eras, e)
}

func (p *programme) sortEras() {
	slices.SortFunc(p.eras, func(a, b *era) int { return cmp.Compare(a.Sequence, b.Sequence) })
}

// known returns the period of a sequence number, nil if there is none.
func (p *programme) known(sequence uint64) *era {
	for _, e := range slices.Backward(p.eras) {
		if e.Sequence == sequence {
			return e
		}
	}
	return nil
}

// holed reports whether a segment is missing in front of the given one, between segments
// of the same period: it is torn, or was at an earlier restart.
func (p *programme) holed(f *found) bool {
	w, first := p.writer(f.track), f.Number
	if len(f.Gaps) > 0 {
		first = f.Gaps[0].Number
	}
	return w != nil && w.era == p.known(f.Period.Sequence) && first > w.next
}

// replay lists a segment as it was listed before, and then, with the gaps in front of it,
// if it can.
func (p *programme) replay(f *found) bool {
	e, w := p.known(f.Period.Sequence), p.writer(f.track)
	if e == nil || e.Header(f.track) == nil || w != nil && f.Number < w.next {
		return false
	}
	if w == nil {
		w = &writer{programme: p, id: f.track}
		p.writers = append(p.writers, w)
		p.live.Restore(f.track, f.tally(), f.grid(&e.Period))
	}
	holed := p.holed(f)
	w.replayGaps(e, f)
	if w.era != nil && f.Number != w.next || holed { // the playlist begins here
		p.live.Restore(f.track, f.tally(), live.Grid{})
	}
	w.enter(e)
	w.seg = f.segment(&e.Period)
	w.next, w.end = f.Number+1, w.seg.End()
	p.live.Retain(f.Window)
	w.retire(p.live.Grow(w.id, live.Growing{Segment: w.seg}, "", f.Listed))
	w.retire(p.live.Add(w.id, w.seg, f.targets(), f.Listed))
	return true
}

// replayGaps lists what is missing in front of a segment of the period e: the gaps
// that were listed, and others where segments are lost, now or at an earlier restart.
func (w *writer) replayGaps(e *era, f *found) {
	number, start, scale := f.Number, f.Start, e.Header(f.track).Track.Timescale
	if len(f.Gaps) > 0 {
		number, start = f.Gaps[0].Number, f.Gaps[0].Start
		if first := w.programme.known(f.Gaps[0].Period); first != nil && first.Header(w.id) != nil {
			scale = first.Header(w.id).Track.Timescale
		}
	}
	w.fill(number, start, scale, f.targets(), f.Listed)
	for _, g := range f.Gaps {
		own := w.programme.known(g.Period)
		if own == nil { // no track has media in it
			own = &era{Period: live.Period{Sequence: g.Period, Start: e.Start, Headers: e.Headers}, from: g.Number, first: g.Number, listed: true}
			w.programme.eras = append(w.programme.eras, own)
			w.programme.sortEras()
		}
		if g.Number < w.next {
			continue
		}
		w.enter(own)
		own.from = min(own.from, g.Number)
		w.seg = gap(g.Number, &own.Period, w.header, g.Start, g.Duration)
		w.seg.Offset = g.Offset
		w.next, w.end = g.Number+1, w.seg.End()
		w.programme.live.Add(w.id, w.seg, f.targets(), f.Listed)
	}
}

// fill lists gaps in place of segments that are lost, in front of one that starts
// at the given time on the given timescale. Where they leave no time, or too much,
// the track was away and they were never listed.
func (w *writer) fill(number uint64, start media.Ticks, scale uint32, targets live.Targets, at time.Time) {
	if w.era == nil || number <= w.next {
		return
	}
	const rounding = 499 * time.Millisecond
	count := number - w.next
	length := (start.Duration(scale) - w.end.Duration(w.header.Track.Timescale)) / time.Duration(count)
	if length <= 0 || count > maxGaps || length > targets.Segment+rounding {
		return
	}
	p := w.programme
	for ; w.next < number; w.next++ {
		if e := p.eraOf(w.next); e != nil && e.Header(w.id) != nil {
			w.enter(e)
		}
		own := w.header.Track.Timescale
		end := start.Rescale(scale, own)
		if left := media.Ticks(number - w.next); left > 1 {
			end = w.end + (end-w.end)/left
			if next, ok := p.began(w.next + 1); ok && media.TicksOf(next, own) > w.end {
				end = media.TicksOf(next, own)
			}
		}
		missing := gap(w.next, &w.era.Period, w.header, w.end, end-w.end)
		missing.Offset, missing.Lost = w.offset(), true
		p.live.Add(w.id, missing, targets, at)
		w.end = end
	}
}

// began returns when the segment of a number began, since the epoch, as any track tells.
func (p *programme) began(number uint64) (time.Duration, bool) {
	for _, r := range p.live.Snapshot().Renditions {
		if seg, ok := r.Find(func(s *live.Segment) bool { return s.Number == number }); ok {
			return seg.From(), true
		}
	}
	return 0, false
}
