package check

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	dashNamespace   = "urn:mpeg:dash:schema:mpd:2011"
	lowLatencyBrand = "http://www.dashif.org/guidelines/low-latency-live-v5"
)

// lowLatency reports whether an MPD says that segments can be had before they
// are complete, or claims to be of low latency.
func (m *mpd) lowLatency() bool {
	return strings.Contains(m.Profiles, lowLatencyBrand) ||
		slices.ContainsFunc(m.streams, func(s *stream) bool { return s.hasEarly && s.early > 0 })
}

// judgeMPD writes down the rules that one manifest breaks by itself. now is the
// time by the clock that the manifest names.
func judgeMPD(m *mpd, now time.Time, n notes) {
	m.judgeRoot(n)
	if m.dynamic() {
		m.judgeDynamic(n)
	} else {
		m.judgeStatic(n)
	}
	for i := range m.Periods {
		m.judgePeriod(i, n)
	}
	for _, s := range m.streams {
		s.judgeStream(n)
		if m.dynamic() && s.timed && len(s.timeline) > 0 {
			s.judgeAvailability(now, n)
		}
	}
	m.judgeLowLatency(n)
}

func (m *mpd) judgeRoot(n notes) {
	if m.space != dashNamespace {
		n.broken("dash/schema", m.line, "the namespace is %q", m.space)
	}
	if m.Profiles == "" {
		n.broken("dash/profiles", m.line, "there is no @profiles")
	}
	if m.durations.minBuffer < 0 {
		n.broken("dash/min-buffer-time", m.line, "there is no @minBufferTime")
	}
	if m.Type != "" && m.Type != "static" && m.Type != "dynamic" {
		n.broken("dash/schema", m.line, "@type is %q", m.Type)
	}
	if len(m.Periods) == 0 {
		n.broken("dash/schema", m.line, "there is no Period")
	}
	for _, l := range m.Locations {
		if l = strings.TrimSpace(l); !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") {
			n.broken("dash/location", m.line, "Location %q is not absolute", l)
		}
	}
}

func (m *mpd) judgeDynamic(n notes) {
	d := m.durations
	if m.Start == "" {
		n.broken("dash/availability-start", m.line, "a dynamic MPD has no @availabilityStartTime")
	}
	if m.Published == "" {
		n.broken("dash/publish-time", m.line, "a dynamic MPD has no @publishTime")
	}
	if d.depth >= 0 && d.delay >= d.depth {
		n.broken("dash/presentation-delay", m.line, "@suggestedPresentationDelay %s is not less than @timeShiftBufferDepth %s", d.delay, d.depth)
	}
	if d.depth > 0 && d.minBuffer > d.depth {
		n.broken("dash/min-buffer-time", m.line, "@minBufferTime %s is more than @timeShiftBufferDepth %s", d.minBuffer, d.depth)
	}
	if len(m.UTCTimings) == 0 {
		n.broken("dash/utc-timing", m.line, "a dynamic MPD has no UTCTiming")
	}
	for _, u := range m.UTCTimings {
		if _, ok := clockScheme(u.Scheme); !ok {
			n.broken("dash/utc-timing-scheme", m.line, "UTCTiming is of %q", u.Scheme)
		}
	}
	for _, s := range m.streams {
		// Audio is cut at whole frames, beside video: a segment may be a little shorter.
		if length := s.longest(); s.timed && d.update >= 0 && length > 0 && d.update > length+length/20 {
			n.broken("dash/update-period", m.line, "@minimumUpdatePeriod %s is longer than the segments of %q: %s", d.update, s.rep.ID, length)
			break
		}
	}
}

// clockScheme returns the form of clock that a UTCTiming names, and whether it
// is one that players in a page can use.
func clockScheme(scheme string) (string, bool) {
	form, ok := strings.CutPrefix(scheme, "urn:mpeg:dash:utc:")
	form, _, _ = strings.Cut(form, ":")
	switch form {
	case "http-xsdate", "http-iso", "http-head", "direct":
		return form, ok
	default:
		return "", false
	}
}

func (m *mpd) judgeStatic(n notes) {
	if m.durations.update >= 0 || m.durations.depth >= 0 {
		n.broken("dash/static", m.line, "a static MPD has @minimumUpdatePeriod or @timeShiftBufferDepth")
	}
	if last := len(m.Periods) - 1; last >= 0 && m.Periods[last].Duration == "" && m.durations.duration < 0 {
		n.broken("dash/static", m.Periods[last].line, "nothing says how long a static presentation is")
	}
}

func (m *mpd) judgePeriod(i int, n notes) {
	p := &m.Periods[i]
	if p.ID == "" && m.dynamic() {
		n.broken("dash/period-id", p.line, "a Period of a dynamic MPD has no @id")
	}
	for j := range i {
		if m.Periods[j].ID == p.ID && p.ID != "" {
			n.broken("dash/period-id", p.line, "two Periods have @id=%q", p.ID)
		}
	}
	if i > 0 {
		before := durationOr(m.Periods[i-1].Duration, 0, func(error) {}) + m.periods[i-1]
		if m.periods[i] < before || m.periods[i] < m.periods[i-1] {
			n.broken("dash/period-start", p.line, "Period %q starts at %s, before the one before it ends at %s", p.ID, m.periods[i], before)
		}
	}
	if len(p.Sets) == 0 && p.Duration != "PT0S" {
		n.broken("dash/schema", p.line, "Period %q has no AdaptationSet", p.ID)
	}
	ids := make(map[string]bool)
	for j := range p.Sets {
		m.judgeSet(&p.Sets[j], ids, n)
	}
}

func (m *mpd) judgeSet(set *adaptationSet, ids map[string]bool, n notes) {
	switch {
	case set.ID == "" && m.dynamic():
		n.broken("dash/set-id", set.line, "an AdaptationSet of a dynamic MPD has no @id")
	case set.ID != "" && ids["set "+set.ID]:
		n.broken("dash/set-id", set.line, "two AdaptationSets have @id=%q", set.ID)
	}
	ids["set "+set.ID] = true
	if len(set.Representations) > 1 && set.Aligned != "true" {
		n.broken("dash/alignment", set.line, "an AdaptationSet of %d Representations has no segmentAlignment=true", len(set.Representations))
	}
	kind := ""
	for i := range set.Representations {
		r := &set.Representations[i]
		mime := cmp.Or(r.MimeType, set.MimeType)
		if mime == "" {
			n.broken("dash/mime-type", r.line, "Representation %q has no @mimeType", r.ID)
		}
		of, _, _ := strings.Cut(mime, "/")
		if i > 0 && of != kind || set.ContentType != "" && mime != "" && of != "application" && of != set.ContentType {
			n.broken("dash/one-type", r.line, "an AdaptationSet has %q beside %q", mime, cmp.Or(set.ContentType, kind))
		}
		kind = of
		m.judgeRepresentation(set, r, of, ids, n)
	}
	if kind == "video" && set.StartsWith == "" {
		n.broken("dash/start-with-sap", set.line, "an AdaptationSet of video has no @startWithSAP")
	}
}

func (m *mpd) judgeRepresentation(set *adaptationSet, r *representation, kind string, ids map[string]bool, n notes) {
	if r.ID == "" || ids[r.ID] {
		n.broken("dash/representation-id", r.line, "Representation@id=%q is empty or there twice", r.ID)
	}
	ids[r.ID] = true
	if b, err := strconv.ParseUint(r.Bandwidth, 10, 64); err != nil || b == 0 {
		n.broken("dash/bandwidth", r.line, "Representation %q has @bandwidth=%q", r.ID, r.Bandwidth)
	}
	if cmp.Or(r.Codecs, set.Codecs) == "" && (kind == "video" || kind == "audio") {
		n.broken("dash/codecs-missing", r.line, "Representation %q has no @codecs", r.ID)
	}
	switch {
	case kind == "video" && cmp.Or(r.Width, set.Width) == "":
		n.broken("dash/properties", r.line, "Representation %q has no @width", r.ID)
	case kind == "audio" && cmp.Or(r.Rate, set.Rate) == "":
		n.broken("dash/properties", r.line, "Representation %q has no @audioSamplingRate", r.ID)
	case kind == "audio" && len(r.Channels)+len(set.Channels) == 0:
		n.broken("dash/properties", r.line, "Representation %q has no AudioChannelConfiguration", r.ID)
	}
}

// longest returns the length of the longest segment, as far as the MPD says it.
func (s *stream) longest() time.Duration {
	most := s.duration
	for _, l := range s.timeline {
		most = max(most, l.duration)
	}
	return scale(most, s.timescale)
}

// judgeStream looks at the segments of one Representation.
func (s *stream) judgeStream(n notes) {
	if d := s.m.durations.maxSegment; d >= 0 && s.longest() > d {
		n.broken("dash/max-segment-duration", s.line, "a segment of %q is %s, and @maxSegmentDuration is %s", s.rep.ID, s.longest(), d)
	}
	if s.hasEarly && s.early > 0 {
		if length := s.longest(); s.early >= length && length > 0 {
			n.broken("lldash/availability-offset", s.line, "@availabilityTimeOffset %s is not less than the duration of a segment %s", s.early, length)
		}
		if s.complete != "false" {
			n.broken("lldash/availability-complete", s.line, "there is an @availabilityTimeOffset and no availabilityTimeComplete=\"false\"")
		}
	} else if s.complete == "false" {
		n.broken("lldash/availability-offset", s.line, "availabilityTimeComplete=\"false\" stands without an @availabilityTimeOffset")
	}
	if !s.m.dynamic() || !s.timed || len(s.timeline) == 0 {
		return
	}
	p := s.m.Periods[s.period]
	if first := s.begins(s.timeline[0].end()); s.period > 0 && first < s.m.periods[s.period] {
		n.broken("dash/period-cover", s.timeline[0].line, "the first segment of %q ends before its Period %q starts", s.rep.ID, p.ID)
	}
}

// tolerance is what clocks may differ before a time counts as wrong.
const tolerance = 500 * time.Millisecond

// judgeAvailability looks at segments that a timeline lists before they are to
// be had.
func (s *stream) judgeAvailability(now time.Time, n notes) {
	last := s.timeline[len(s.timeline)-1]
	if at := s.available(last); at.After(now.Add(tolerance)) {
		n.broken("dash/available", last.line, "the newest segment of %q is available %s from now", s.rep.ID, at.Sub(now).Round(time.Millisecond))
	}
	depth := s.m.durations.depth
	if depth < 0 || len(s.timeline) < 2 {
		return
	}
	if oldest := s.ends(s.timeline[0]); oldest.Before(now.Add(-depth - 2*s.longest() - tolerance)) {
		n.broken("dash/expired", s.timeline[0].line, "the oldest segment of %q left @timeShiftBufferDepth %s ago", s.rep.ID, now.Add(-depth).Sub(oldest).Round(time.Millisecond))
	}
}

// describe says which segment is meant.
func (s *stream) describe(l listing) string {
	if s.timed {
		return fmt.Sprintf("the segment at %d of %q", l.time, s.rep.ID)
	}
	return fmt.Sprintf("segment %d of %q", l.number, s.rep.ID)
}
