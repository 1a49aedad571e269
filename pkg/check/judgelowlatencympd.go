package check

import (
	"slices"
	"strconv"
	"strings"
)

// judgeLowLatency looks at what an MPD of low latency must have.
func (m *mpd) judgeLowLatency(n notes) {
	if !m.lowLatency() || !m.dynamic() {
		return
	}
	if !strings.Contains(m.Profiles, lowLatencyBrand) {
		n.broken("lldash/profile", m.line, "@profiles is %q", m.Profiles)
	}
	m.judgeService(n)
	for i := range m.Periods {
		ids := make(map[string]bool)
		for j := range m.Periods[i].Sets {
			m.judgeProducer(&m.Periods[i].Sets[j], ids, n)
		}
	}
	for _, s := range m.streams {
		s.judgeReference(n)
		if target := m.target(); !s.chunked() && target > 0 && s.longest().Milliseconds()*2 > target {
			n.broken("lldash/segment-set", s.line, "the segments of %q are %s, not to be had in chunks, and more than half of the target latency %d ms", s.rep.ID, s.longest(), target)
		}
		if s.chunked() && len(s.set.Resyncs)+len(s.rep.Resyncs) == 0 {
			n.broken("lldash/resync", s.line, "Representation %q has no Resync", s.rep.ID)
		}
	}
}

// target returns the target latency in milliseconds, 0 if there is none.
func (m *mpd) target() int64 {
	for _, service := range m.Services {
		for _, l := range service.Latencies {
			if v, err := strconv.ParseInt(l.Target, 10, 64); err == nil {
				return v
			}
		}
	}
	return 0
}

func (m *mpd) judgeService(n notes) {
	if len(m.Services) == 0 {
		n.broken("lldash/service-description", m.line, "there is no ServiceDescription")
		return
	}
	latencies := 0
	for _, service := range m.Services {
		for _, l := range service.Latencies {
			latencies++
			m.judgeLatency(l, n)
		}
		for _, r := range service.Rates {
			low, errLow := strconv.ParseFloat(r.Min, 64)
			high, errHigh := strconv.ParseFloat(r.Max, 64)
			if r.Min != "" && (errLow != nil || low > 1) || r.Max != "" && (errHigh != nil || high < 1) {
				n.broken("lldash/playback-rate", m.line, "PlaybackRate is from %q to %q", r.Min, r.Max)
			}
		}
		if len(service.Rates) == 0 {
			n.broken("lldash/playback-rate", m.line, "ServiceDescription has no PlaybackRate")
		}
	}
	if latencies == 0 {
		n.broken("lldash/latency", m.line, "ServiceDescription has no Latency")
	}
}

func (m *mpd) judgeLatency(l latency, n notes) {
	target, err := strconv.ParseInt(l.Target, 10, 64)
	if err != nil {
		n.broken("lldash/latency", m.line, "Latency@target is %q", l.Target)
		return
	}
	low, errLow := strconv.ParseInt(l.Min, 10, 64)
	high, errHigh := strconv.ParseInt(l.Max, 10, 64)
	if l.Min != "" && (errLow != nil || low > target) || l.Max != "" && (errHigh != nil || high < target) {
		n.broken("lldash/latency", m.line, "Latency@target is %s, and from %q to %q is allowed", l.Target, l.Min, l.Max)
	}
	if l.Reference == "" {
		return
	}
	for i := range m.Periods {
		for _, set := range m.Periods[i].Sets {
			if slices.ContainsFunc(set.producers(), func(p producer) bool { return p.ID == l.Reference }) {
				return
			}
		}
	}
	n.broken("lldash/latency-reference", m.line, "Latency@referenceId=%q names no ProducerReferenceTime", l.Reference)
}

// producers returns the ProducerReferenceTime elements of a set and its
// Representations.
func (a *adaptationSet) producers() []producer {
	all := slices.Clone(a.References)
	for i := range a.Representations {
		all = append(all, a.Representations[i].References...)
	}
	return all
}

// judgeProducer looks at ProducerReferenceTime. The ids are those of the Period.
func (m *mpd) judgeProducer(set *adaptationSet, ids map[string]bool, n notes) {
	all := set.producers()
	if len(all) == 0 {
		n.broken("lldash/producer-reference", set.line, "AdaptationSet %q has no ProducerReferenceTime", set.ID)
	}
	for _, p := range all {
		if ids[p.ID] {
			n.broken("lldash/producer-reference", set.line, "two ProducerReferenceTime of a Period have @id=%q", p.ID)
		}
		ids[p.ID] = true
		if p.ID == "" || p.Media == "" || p.Clock == "" {
			n.broken("lldash/producer-reference", set.line, "ProducerReferenceTime has @id=%q, @wallClockTime=%q, @presentationTime=%q", p.ID, p.Clock, p.Media)
		}
		if p.Type != "encoder" && p.Type != "captured" {
			n.broken("lldash/producer-reference", set.line, "ProducerReferenceTime@type is %q", p.Type)
		}
		if len(p.UTCTimings) == 0 || !slices.Contains(m.UTCTimings, p.UTCTimings[0]) {
			n.broken("lldash/producer-clock", set.line, "ProducerReferenceTime %q has no UTCTiming that is also one of the MPD", p.ID)
		}
	}
}

// inband reports whether prft boxes are promised.
func (s *stream) inband() bool {
	return slices.ContainsFunc(slices.Concat(s.set.References, s.rep.References), func(p producer) bool { return p.Inband == "true" || p.Inband == "1" })
}
