package check

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// What an MPD can list.
const (
	maxListed = 100_000 // segments of one Representation
	maxAll    = 500_000 // and of all
)

// A stream is one Representation of one Period, with all that it inherits.
type stream struct {
	m      *mpd
	period int // its index
	set    *adaptationSet
	rep    *representation
	base   string // what its URLs are relative to
	line   int    // of its template

	mime, codecs string
	timescale    uint32
	offset       uint64 // presentationTimeOffset
	number       uint64 // startNumber
	duration     uint64 // @duration, 0 with a timeline
	media, init  string
	early        time.Duration // availabilityTimeOffset; forever if math.MaxInt64
	hasEarly     bool
	complete     string    // availabilityTimeComplete
	timeline     []listing // expanded
	timed        bool      // there is a SegmentTimeline
}

// A listing is one segment as an MPD describes it.
type listing struct {
	number, time, duration uint64 // time in ticks of the media, as $Time$
	line                   int
}

// end returns where a segment ends.
func (l listing) end() uint64 { return l.time + l.duration }

// key says which Representation is meant, in all versions of an MPD.
func (s *stream) key() string {
	return fmt.Sprintf("%s/%s/%s", s.m.Periods[s.period].ID, cmp.Or(s.set.ID, strconv.Itoa(s.set.line)), s.rep.ID)
}

// kind returns "video" or "audio" and so on.
func (s *stream) kind() string {
	kind, _, _ := strings.Cut(s.mime, "/")
	return cmp.Or(s.set.ContentType, kind)
}

// chunked reports whether segments may be asked for before they are complete.
func (s *stream) chunked() bool { return s.hasEarly && s.early > 0 && s.complete == "false" }

// begins returns when a media time is, counted from availabilityStartTime.
func (s *stream) begins(ticks uint64) time.Duration {
	start := s.m.periods[s.period]
	if ticks < s.offset {
		return start - scale(s.offset-ticks, s.timescale)
	}
	return start + scale(ticks-s.offset, s.timescale)
}

// available returns when a segment may be asked for.
func (s *stream) available(l listing) time.Time {
	return s.ends(l).Add(-min(s.early, time.Hour))
}

// ends returns when a segment is over.
func (s *stream) ends(l listing) time.Time { return s.m.start.Add(s.begins(l.end())) }

// resolve computes the periods' starts and the streams.
func (m *mpd) resolve(address string, n notes) {
	base := address
	if len(m.BaseURLs) > 0 {
		base = m.join(base, m.BaseURLs, n)
	}
	at := time.Duration(0)
	for i := range m.Periods {
		p := &m.Periods[i]
		tell := func(err error) { n.broken("dash/schema", p.line, "Period: %v", err) }
		start := durationOr(p.Start, -1, tell)
		switch {
		case start < 0 && i > 0 && m.Periods[i-1].Duration == "" && m.dynamic():
			n.broken("dash/period-start", p.line, "nothing says when Period %q starts", p.ID)
		case start < 0 && i == 0 && m.dynamic():
			n.broken("dash/period-start", p.line, "the first Period of a dynamic MPD has no @start")
		}
		if start < 0 {
			start = at
		}
		m.periods = append(m.periods, start)
		at = start + durationOr(p.Duration, 0, tell)
		m.resolvePeriod(i, m.join(base, p.BaseURLs, n), n)
	}
}

func (m *mpd) resolvePeriod(i int, base string, n notes) {
	p := &m.Periods[i]
	for j := range p.Sets {
		set := &p.Sets[j]
		inSet := m.join(base, set.BaseURLs, n)
		for k := range set.Representations {
			rep := &set.Representations[k]
			if rep.SegmentList != nil || rep.SegmentBase != nil {
				continue // what they list is not followed
			}
			s := &stream{
				m: m, period: i, set: set, rep: rep, base: m.join(inSet, rep.BaseURLs, n), line: rep.line,
				mime: cmp.Or(rep.MimeType, set.MimeType), codecs: cmp.Or(rep.Codecs, set.Codecs),
			}
			s.address(inherit(p.Template, set.Template, rep.Template), n)
			for _, urls := range [][]baseURL{m.BaseURLs, p.BaseURLs, set.BaseURLs, rep.BaseURLs} {
				if len(urls) > 0 && urls[0].Offset != "" {
					s.setEarly(urls[0].Offset, cmp.Or(urls[0].Complete, s.complete), n)
				}
			}
			m.streams = append(m.streams, s)
		}
	}
}

// join resolves the first BaseURL, if there is one.
func (m *mpd) join(base string, urls []baseURL, n notes) string {
	if len(urls) == 0 {
		return base
	}
	joined, err := resolve(base, strings.TrimSpace(urls[0].Value))
	if err != nil {
		n.broken("dash/base-url", m.line, "BaseURL: %v", err)
		return base
	}
	return joined
}

// inherit returns a SegmentTemplate with what the levels above it say.
func inherit(levels ...*template) *template {
	var sum *template
	for _, t := range levels {
		if t == nil {
			continue
		}
		if sum == nil {
			sum = &template{}
		}
		*sum = template{
			line: t.line, Timescale: cmp.Or(t.Timescale, sum.Timescale), Offset: cmp.Or(t.Offset, sum.Offset),
			Media: cmp.Or(t.Media, sum.Media), Init: cmp.Or(t.Init, sum.Init), Duration: cmp.Or(t.Duration, sum.Duration),
			Number: cmp.Or(t.Number, sum.Number), Early: cmp.Or(t.Early, sum.Early), Complete: cmp.Or(t.Complete, sum.Complete),
			Timeline: cmp.Or(t.Timeline, sum.Timeline),
		}
	}
	return sum
}

// address reads how the segments of a stream are named.
func (s *stream) address(t *template, n notes) {
	if t == nil {
		n.broken("dash/addressing", s.line, "Representation %q has no SegmentTemplate", s.rep.ID)
		return
	}
	s.line = t.line
	tell := func(err error) { n.broken("dash/schema", t.line, "SegmentTemplate: %v", err) }
	if t.Timescale == "" {
		n.broken("dash/timescale", t.line, "SegmentTemplate of Representation %q has no @timescale", s.rep.ID)
	}
	timescale := integer(t.Timescale, 1, tell)
	if timescale == 0 || timescale > math.MaxUint32 {
		tell(fmt.Errorf("@timescale is %d", timescale))
		timescale = 1
	}
	s.timescale = uint32(timescale)
	s.offset, s.number, s.duration = integer(t.Offset, 0, tell), integer(t.Number, 1, tell), integer(t.Duration, 0, tell)
	s.media, s.init = t.Media, t.Init
	s.complete = t.Complete
	if t.Early != "" {
		s.setEarly(t.Early, t.Complete, n)
	}
	switch {
	case t.Timeline != nil:
		s.timed = true
		s.expand(t.Timeline.Runs, n)
		s.duration = 0
	case s.duration == 0:
		n.broken("dash/addressing", t.line, "SegmentTemplate has neither a SegmentTimeline nor a @duration")
	}
	if !strings.Contains(s.media, "$Number") && !strings.Contains(s.media, "$Time") {
		n.broken("dash/addressing", t.line, "@media=%q has neither $Number$ nor $Time$", s.media)
	}
	if !s.timed && strings.Contains(s.media, "$Time") {
		n.broken("dash/addressing", t.line, "@media=%q has $Time$ and there is no SegmentTimeline", s.media)
	}
}

// setEarly reads availabilityTimeOffset.
func (s *stream) setEarly(text, complete string, n notes) {
	s.hasEarly, s.complete = true, complete
	if text == "INF" {
		s.early = math.MaxInt64
		return
	}
	offset, err := readSeconds(text)
	if err != nil {
		n.broken("dash/schema", s.line, "@availabilityTimeOffset: %v", err)
	}
	s.early = offset.Duration
}

// expand lists the segments of a SegmentTimeline.
func (s *stream) expand(runs []run, n notes) {
	at, number := uint64(0), s.number
	for i, r := range runs {
		tell := func(err error) { n.broken("dash/schema", r.line, "S: %v", err) }
		start := integer(r.Time, at, tell)
		duration := integer(r.Duration, 0, tell)
		switch {
		case duration == 0:
			tell(fmt.Errorf("@d is %q", clip(r.Duration)))
			return
		case start > math.MaxInt64 || duration > math.MaxInt64/maxListed:
			tell(fmt.Errorf("@t=%d, @d=%d", start, duration))
			return
		case i > 0 && start > at:
			n.broken("dash/timeline-gap", r.line, "S@t is %d, and the segment before it ends at %d", start, at)
		case i > 0 && start < at:
			n.broken("dash/timeline-overlap", r.line, "S@t is %d, and the segment before it ends at %d", start, at)
		}
		if r.Number != "" {
			n.broken("dash/timeline-number", r.line, "S@n is used")
		}
		at = start
		for range s.repeats(r, runs[i+1:], start, duration, tell) + 1 {
			if s.m.listed++; len(s.timeline) == maxListed || s.m.listed > maxAll {
				n.broken("dash/schema", r.line, "SegmentTimeline has more than %d segments, or all have more than %d", maxListed, maxAll)
				return
			}
			s.timeline = append(s.timeline, listing{number, at, duration, r.line})
			at += duration
			number++
		}
	}
	if len(s.timeline) == 0 {
		n.broken("dash/timeline-empty", s.line, "SegmentTimeline has no S")
	}
}

// repeats returns how often a run is repeated.
func (s *stream) repeats(r run, rest []run, start, duration uint64, tell func(error)) uint64 {
	if r.Repeat == "" {
		return 0
	}
	repeat, err := strconv.ParseInt(r.Repeat, 10, 64)
	if err != nil {
		tell(fmt.Errorf("@r is %q", clip(r.Repeat)))
		return 0
	}
	if repeat >= 0 {
		return min(uint64(repeat), maxListed)
	}
	if len(rest) > 0 && rest[0].Time != "" {
		next := integer(rest[0].Time, start, tell)
		if next > start+duration {
			return min((next-start)/duration-1, maxListed)
		}
	}
	return 0 // until the end of the Period, which nothing here says
}

// at returns the newest segment that may be asked for at an instant, by the
// clock of the MPD. The result is false when there is none.
func (s *stream) at(now time.Time) (listing, bool) {
	if s.timed {
		for i := len(s.timeline) - 1; i >= 0; i-- {
			if !s.available(s.timeline[i]).After(now) {
				return s.timeline[i], true
			}
		}
		return listing{}, false
	}
	if s.duration == 0 {
		return listing{}, false
	}
	since := now.Sub(s.m.start) - s.m.periods[s.period] + min(s.early, time.Hour)
	length := scale(s.duration, s.timescale)
	if since < length || length <= 0 {
		return listing{}, false
	}
	count := uint64(since / length)
	// The length of a segment is rounded to nanoseconds: look at the next, too.
	if !s.available(s.nominal(count)).After(now) {
		count++
	}
	if end := s.m.periodEnd(s.period); end > 0 { // nothing of it begins later
		count = min(count, uint64(max(0, (end-s.m.periods[s.period]+length-1)/length)))
	}
	if count == 0 {
		return listing{}, false
	}
	return s.nominal(count - 1), true
}

// nominal returns the segment with an index in its Period, by @duration.
func (s *stream) nominal(index uint64) listing {
	return listing{s.number + index, s.offset + index*s.duration, s.duration, s.line}
}

// find returns the segment with a number, and whether the MPD has it.
func (s *stream) find(number uint64) (listing, bool) {
	if number < s.number {
		return listing{}, false
	}
	if s.timed {
		index := number - s.number
		if index >= uint64(len(s.timeline)) {
			return listing{}, false
		}
		return s.timeline[index], true
	}
	return s.nominal(number - s.number), s.duration > 0
}
