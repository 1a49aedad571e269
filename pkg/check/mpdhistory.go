package check

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"time"
)

// judgeUpdate compares a manifest with the one before it. now is the time by the
// clock that the manifest names.
func judgeUpdate(old, m *mpd, now time.Time, n notes) {
	if old.Start != m.Start && old.dynamic() && m.dynamic() {
		n.broken("dash/availability-start-change", m.line, "@availabilityStartTime was %q and is %q", old.Start, m.Start)
	}
	switch {
	case !m.published.IsZero() && m.published.Before(old.published):
		n.broken("dash/publish-time-order", m.line, "@publishTime was %s and is %s", old.Published, m.Published)
	case m.dynamic() && m.Published == old.Published:
		if was, is := difference(content(old.raw), content(m.raw)); was != is {
			n.broken("dash/publish-time-change", m.line, "the manifest changed from %q to %q and @publishTime is still %s", was, is, m.Published)
		}
	}
	judgePeriods(old, m, now, n)
	streams := make(map[string]*stream)
	for _, s := range old.streams {
		streams[s.key()] = s
	}
	for _, s := range m.streams {
		if before := streams[s.key()]; before != nil {
			judgeStreams(before, s, n)
			judgeRemoved(before, s, now, n)
		}
	}
}

// clocks are what may differ without a change of the manifest.
var clocks = regexp.MustCompile(`<UTCTiming[^>]*utc:direct[^>]*>`)

// content returns a manifest without the clock in it.
func content(raw []byte) []byte { return clocks.ReplaceAll(raw, nil) }

// difference returns the first lines in which two texts differ, none if they do not.
func difference(a, b []byte) (inA, inB string) {
	linesA, linesB := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range max(len(linesA), len(linesB)) {
		inA, inB = lineAt(linesA, i), lineAt(linesB, i)
		if inA != inB {
			return inA, inB
		}
	}
	return "", ""
}

func lineAt(lines [][]byte, i int) string {
	if i >= len(lines) {
		return "the end"
	}
	return string(bytes.TrimSpace(lines[i]))
}

// judgePeriods compares the Periods that two manifests have in common.
func judgePeriods(old, m *mpd, now time.Time, n notes) {
	type known struct {
		index int
		start time.Duration
	}
	periods := make(map[string]known)
	for i, p := range old.Periods {
		periods[p.ID] = known{i, old.periods[i]}
	}
	last := -1
	common := len(m.Periods) == 0 || len(old.Periods) == 0 || old.expired(m, now) || !m.dynamic() // one that has ended may count its time anew
	for i := range m.Periods {
		p := &m.Periods[i]
		before, ok := periods[p.ID]
		if !ok {
			if i < len(m.Periods)-1 && len(old.Periods) > 0 && m.Periods[i+1].ID == old.Periods[0].ID {
				n.broken("dash/period-change", p.line, "Period %q was put before older ones", p.ID)
			}
			continue
		}
		common = true
		if before.start != m.periods[i] && m.dynamic() {
			n.broken("dash/period-change", p.line, "Period %q started at %s and starts at %s", p.ID, before.start, m.periods[i])
		}
		if before.index < last {
			n.broken("dash/period-change", p.line, "the order of Periods changed at %q", p.ID)
		}
		last = before.index
		judgeSets(&old.Periods[before.index], p, n)
	}
	if !common {
		n.broken("dash/period-change", m.Periods[0].line, "Period %q and all others have gone, and Period %q is new", old.Periods[len(old.Periods)-1].ID, m.Periods[0].ID)
	}
}

// expired reports whether all that a manifest lists has left the time shift
// buffer when the next one comes: nothing came for so long. What is numbered and
// not listed may have, if a later Period follows.
func (m *mpd) expired(next *mpd, now time.Time) bool {
	for _, s := range m.streams {
		switch {
		case m.durations.depth < 0:
			return false
		case s.timed && len(s.timeline) > 0 && s.ends(s.timeline[len(s.timeline)-1]).Add(m.durations.depth).After(now.Add(tolerance)):
			return false
		case !s.timed && (len(next.periods) == 0 || next.periods[0] <= m.periods[s.period]):
			return false
		}
	}
	return true
}

// judgeReturned looks for Periods that had gone. known are all that were there,
// by id, and becomes so with m.
func judgeReturned(known map[string]bool, old, m *mpd, n notes) {
	listed := make(map[string]bool)
	for i := range old.Periods {
		listed[old.Periods[i].ID] = true
		known[old.Periods[i].ID] = true
	}
	for i := range m.Periods {
		if p := &m.Periods[i]; known[p.ID] && !listed[p.ID] {
			n.broken("dash/period-change", p.line, "Period %q had gone and is there again", p.ID)
		}
	}
	if len(known) > maxKnown {
		clear(known)
	}
}

// judgeSets compares the AdaptationSets of a Period.
func judgeSets(old, p *period, n notes) {
	list := func(p *period) string {
		text := ""
		for _, set := range p.Sets {
			text += fmt.Sprintf(" set %q:", set.ID)
			for _, r := range set.Representations {
				text += fmt.Sprintf(" %q %s", r.ID, cmp.Or(r.Codecs, set.Codecs))
			}
		}
		return text
	}
	if before, now := list(old), list(p); before != now {
		n.broken("dash/set-change", p.line, "Period %q had%s and has%s", p.ID, before, now)
	}
}

// judgeStreams compares what two manifests say of one Representation.
func judgeStreams(old, s *stream, n notes) {
	if old.offset != s.offset && s.m.dynamic() {
		n.broken("dash/offset-change", s.line, "@presentationTimeOffset of %q was %d and is %d", s.rep.ID, old.offset, s.offset)
	}
	if old.timescale != s.timescale || old.media != s.media || old.init != s.init || old.timed != s.timed {
		n.broken("dash/template-change", s.line, "the SegmentTemplate of %q is another", s.rep.ID)
		return
	}
	if !s.timed {
		if old.number != s.number || old.duration != s.duration {
			n.broken("dash/template-change", s.line, "@startNumber or @duration of %q changed", s.rep.ID)
		}
		return
	}
	if len(old.timeline) == 0 || len(s.timeline) == 0 {
		return
	}
	first, last := s.timeline[0], s.timeline[len(s.timeline)-1]
	if first.time < old.timeline[0].time {
		n.broken("dash/timeline-change", first.line, "the segments of %q began at %d and begin at %d", s.rep.ID, old.timeline[0].time, first.time)
	}
	if before := old.timeline[len(old.timeline)-1]; last.end() < before.end() {
		n.broken("dash/timeline-change", last.line, "the segments of %q ended at %d and end at %d", s.rep.ID, before.end(), last.end())
	}
	judgeListings(old, s, n)
}

// judgeRemoved looks for segments that left a timeline and are still in the time
// shift buffer.
func judgeRemoved(old, s *stream, now time.Time, n notes) {
	depth := s.m.durations.depth
	if !s.m.dynamic() || depth < 0 || len(old.timeline) == 0 || len(s.timeline) == 0 {
		return
	}
	if s.available(s.timeline[len(s.timeline)-1]).After(now.Add(tolerance)) { // its times are wrong
		return
	}
	for i := len(old.timeline) - 1; i >= 0; i-- {
		l := old.timeline[i]
		if l.end() > s.timeline[0].time {
			continue
		}
		if left := old.ends(l).Add(depth).Sub(now); left > tolerance {
			n.broken("dash/removed", s.timeline[0].line, "%s left the MPD, and is in @timeShiftBufferDepth %s for another %s", s.describe(l), depth, left.Round(time.Millisecond))
		}
		return
	}
}

// judgeListings compares the segments that two timelines have in common.
func judgeListings(old, s *stream, n notes) {
	known := make(map[uint64]listing, len(old.timeline))
	for _, l := range old.timeline {
		known[l.time] = l
	}
	from, to := old.timeline[0].time, old.timeline[len(old.timeline)-1].end()
	for _, l := range s.timeline {
		before, ok := known[l.time]
		switch {
		case ok && before.duration != l.duration && !(s.chunked() && before.end() == to):
			n.broken("dash/timeline-change", l.line, "%s was %d long and is %d", s.describe(l), before.duration, l.duration)
		case ok && before.number != l.number && namesNumber(s.media):
			n.broken("dash/timeline-change", l.line, "%s had number %d and has %d", s.describe(l), before.number, l.number)
		case !ok && l.time >= from && l.time < to:
			n.broken("dash/timeline-change", l.line, "%s was not there, and others around it were", s.describe(l))
		default:
			continue
		}
		return
	}
}

// namesNumber reports whether a template uses $Number$.
func namesNumber(media string) bool { return numbers.MatchString(media) }

var numbers = regexp.MustCompile(`\$Number(%0\d+d)?\$`)
