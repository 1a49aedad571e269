package dash

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
)

const (
	lowLatencyProfiles = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019," +
		"http://www.dashif.org/guidelines/low-latency-live-v5"

	// A player that stays behind by base and so many chunks rides out what
	// a network does. One that is behind further than that had better jump.
	base    = 500 * time.Millisecond
	chunks  = 3
	further = 3 * time.Second

	// rounding is what a segment may exceed the target duration by. More in
	// maxSegmentDuration would put players further behind.
	rounding = 500 * time.Millisecond

	// crumb is a time for which nobody need ask for another segment.
	crumb = 100 * time.Millisecond
)

// LowLatency returns the manifest of segments that are sent as they grow
// (@duration, $Number$), nil until there is something to play. prefix and clock
// are as with MPD.
//
// A player computes when a segment begins from its number. Where segments leave
// the grid that this makes, a new Period puts them on another; so that is what
// an irregular distance of key frames leads to. What the manifest says of a
// Period stays as it is for as long as the Period is listed.
//
// When nothing more will come it is the manifest of complete segments.
func LowLatency(s *live.Snapshot, prefix string) *scroll.Text {
	if s.Ended {
		return MPD(s, prefix)
	}
	periods := growing(s, prefix)
	if len(periods) == 0 || s.Targets.Segment == 0 {
		return nil
	}
	b := begun()
	b.WriteString(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="` + lowLatencyProfiles + `" type="dynamic"`)
	fmt.Fprintf(b, ` availabilityStartTime="1970-01-01T00:00:00Z" publishTime="%s"`, s.Published.UTC().Format(dateTime))
	fmt.Fprintf(b, ` minimumUpdatePeriod="%s" timeShiftBufferDepth="%s"`, duration(min(refresh, s.Targets.Segment)), duration(window(s)))
	fmt.Fprintf(b, ` maxSegmentDuration="%s" minBufferTime="PT1S">`+"\n", duration(s.Targets.Segment+rounding))
	writeService(b, s, periods)
	for i := range periods {
		periods[i].writeGrowing(b, periods, i)
	}
	b.WriteString("  " + clock(prefix) + "\n</MPD>\n")
	return b.text()
}

// writeService says how far players shall stay behind, and that they may play a
// little faster or slower to do so. Who begins in front of a gap may be as far behind as
// the window is long, since dash.js would jump into the gap otherwise.
func writeService(b *draft, s *live.Snapshot, periods []period) {
	usual := max(base+chunks*chunk(s), time.Second)
	target, most := delay(s, usual, stretches(s, spans(periods))), usual+further
	if target > usual {
		most = window(s)
	}
	fmt.Fprintf(b, "  <ServiceDescription id=\"0\">\n    <Latency referenceId=\"%d\" target=\"%d\" min=\"%d\" max=\"%d\"/>\n",
		setID(periods[0].Tracks[0]), target.Milliseconds(), min(2*chunk(s), target).Milliseconds(), most.Milliseconds())
	b.WriteString("    <PlaybackRate min=\"0.96\" max=\"1.04\"/>\n  </ServiceDescription>\n")
}

// spans returns what is listed of periods.
func spans(periods []period) iter.Seq[live.Span] {
	return func(yield func(live.Span) bool) {
		for i := range periods {
			if !yield(periods[i].Span) {
				return
			}
		}
	}
}

// chunk returns the longest duration of a chunk.
func chunk(s *live.Snapshot) time.Duration { return cmp.Or(s.Targets.Chunk, s.Targets.Part) }

// A grid is how the segments of a period are numbered, and when they are there.
type grid struct {
	live.Grid
	chunk time.Duration
	next  uint64 // number of the first segment that is on the next grid, 0 if there is none

	before *period // what is listed in front of it, nil if it is the first
}

// growing returns what ll.mpd lists: each grid of which every track has
// something, without tracks that have nothing but gaps, and as long as it has
// not left the time shift buffer.
func growing(s *live.Snapshot, prefix string) []period {
	var all []period
	for i, g := range s.Grids {
		p := period{
			Span: live.Span{Period: g.Period}, snapshot: s, start: g.Start.Duration(g.Timescale()).Truncate(time.Millisecond), prefix: prefix,
			grid: &grid{Grid: g, chunk: chunk(s)},
		}
		if i+1 < len(s.Grids) {
			p.grid.next = s.Grids[i+1].Number
		}
		for _, h := range g.Period.Headers {
			if r := s.Rendition(h.Track.ID); r != nil {
				if l := g.On(r, p.grid.next); len(l.Segments) > 0 || l.Growing != nil {
					p.Tracks = append(p.Tracks, l)
				}
			}
		}
		complete := g.Length > 0 && len(p.Tracks) == len(g.Period.Headers)
		if silent := slices.ContainsFunc(p.Tracks, empty); silent && p.grid.next != 0 {
			continue // its tracks leave together
		}
		p.Tracks = slices.DeleteFunc(p.Tracks, empty)
		if complete && len(p.Tracks) > 0 {
			all = append(all, p)
		}
	}
	all = split(all)
	oldest := time.Duration(s.Published.Add(-window(s)).UnixNano())
	for len(all) > 1 && all[0].stop(all[1]) < oldest {
		all = all[1:]
	}
	for i := 1; i < len(all); i++ {
		all[i].grid.before = &all[i-1]
	}
	return all
}

// stop returns when a period that another one follows is over, since the epoch.
func (p period) stop(next period) time.Duration {
	if next.Period == p.Period {
		return next.start
	}
	var first time.Duration
	for i, t := range p.Tracks {
		seg := newest(t)
		at := seg.To()
		whole := p.grid.At(seg.Number + 1).Duration(p.grid.Timescale())
		if at > whole && at < whole+crumb {
			at = whole
		}
		if i == 0 || at < first {
			first = at
		}
	}
	return max(min(first, next.start), p.start)
}

// split puts the parts of those that are over in place of periods.
func split(all []period) []period {
	for i := len(all) - 2; i >= 0; i-- {
		if all[i+1].Period != all[i].Period {
			all = slices.Replace(all, i, i+1, all[i].parts()...)
		}
	}
	return all
}

// parts returns a period that is over, and behind it, as Periods of their own, what only some of its
// tracks have.
func (p period) parts() []period {
	var all []period
	for {
		b, ok := brinkOf(p.Span)
		if !ok {
			return append(all, p)
		}
		rest, g := p, *p.grid
		rest.Tracks = b.behind(p.Tracks)
		g.Number, g.Start = b.number, g.At(b.number)
		rest.grid, rest.start = &g, g.Start.Duration(g.Timescale()).Truncate(time.Millisecond)
		if b.front {
			all = append(all, p)
		}
		p = rest
	}
}

// id returns the Period's name: its grid's first segment tells it from others.
func (p period) id() string { return fmt.Sprintf("p%d.%d", p.Sequence, p.grid.Number) }

func (p period) writeGrowing(b *draft, periods []period, i int) {
	fmt.Fprintf(b, `  <Period id="%s" start="%s"`, p.id(), duration(p.start))
	if i+1 < len(periods) && periods[i+1].Period != p.Period {
		fmt.Fprintf(b, ` duration="%s"`, duration(p.stop(periods[i+1])-p.start))
	}
	b.WriteString(">\n")
	p.writeSets(b)
	b.WriteString("  </Period>\n")
}

// timescale returns the unit of a track's template: that of its media, unless
// the length of a segment is no whole number there.
func (g *grid) timescale(t media.Track) uint32 {
	own, lead := t.Timescale, g.Timescale()
	if g.Length.Rescale(lead, own).Rescale(own, lead) == g.Length && int64(g.Length)*int64(own)%int64(lead) == 0 {
		return own
	}
	return lead
}

// writeLink says that a set goes on where that of the Period before ended, or
// else that it has the same header (ISO/IEC 23009-1 5.3.2.4).
func (p period) writeLink(b *draft, l live.Listed) {
	before := p.grid.before
	if before == nil || before.Period == p.Period && len(before.Tracks) != len(p.Tracks) {
		return
	}
	kind := "connectivity"
	switch h := before.Header(l.Header.Track.ID); {
	case before.Period == p.Period:
		kind = "continuity"
	case h == nil || h.Name != l.Header.Name:
		return
	}
	fmt.Fprintf(b, "      <SupplementalProperty schemeIdUri=\"urn:mpeg:dash:period-%s:2015\" value=\"%s\"/>\n", kind, before.id())
}

// writeReference says what the wall clock was: media time is its time.
func (p period) writeReference(b *draft, l live.Listed) {
	t := l.Header.Track
	fmt.Fprintf(b, "      <ProducerReferenceTime id=\"%d\" type=\"encoder\" inband=\"true\" wallClockTime=\"%s\" presentationTime=\"%d\">\n",
		setID(l), time.Unix(0, int64(p.start)).UTC().Format(dateTime), media.TicksOf(p.start, p.grid.timescale(t)))
	b.WriteString("        " + clock(p.prefix) + "\n      </ProducerReferenceTime>\n")
}

// writeNumbers writes how segments are numbered, and that each is to be had
// from the end of its first chunk on. They are in a folder of their header: a
// player that does not know yet of a new Period asks for numbers that belong to
// that, and must not get what it cannot decode.
func (p period) writeNumbers(b *draft, l live.Listed) {
	t, g := l.Header.Track, p.grid
	scale := g.timescale(t)
	fmt.Fprintf(b, "        <Resync type=\"0\" dT=\"%d\"/>\n", media.TicksOf(g.chunk, scale))
	early := max(g.Length.Duration(g.Timescale())-g.chunk, time.Millisecond).Milliseconds()
	folder := p.prefix + t.ID.String() + "/"
	fmt.Fprintf(b, "        <SegmentTemplate timescale=\"%d\" presentationTimeOffset=\"%d\" duration=\"%d\" startNumber=\"%d\"",
		scale, media.TicksOf(p.start, scale), g.Length.Rescale(g.Timescale(), scale), g.Number)
	fmt.Fprintf(b, " availabilityTimeOffset=\"%d.%03d\" availabilityTimeComplete=\"false\" initialization=\"%[3]s.mp4\" media=\"%[3]s/n$Number$.m4s\"/>\n",
		early/1000, early%1000, folder+l.Header.Name)
}
