package monitor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

// A Level says how bad something is.
type Level string

// The levels.
const (
	Notice  Level = "notice"  // it could be better
	Warning Level = "warning" // viewers suffer
)

// A Finding is something that a broadcaster should change.
type Finding struct {
	Code   string    `json:"code" doc:"short name, for programs" example:"key-frames-far-apart"`
	Level  Level     `json:"level" enum:"notice,warning" doc:"warning: viewers suffer; notice: it could be better"`
	Track  string    `json:"track,omitempty" doc:"of which it is, if it is of one" example:"v0"`
	Text   string    `json:"text" doc:"what is so, in a sentence"`
	Advice string    `json:"advice,omitempty" doc:"what to change, where the text does not say it"`
	Since  time.Time `json:"since"`
}

// lately is how long a repair of times is a finding.
const lately = time.Minute

// A patient is who publishes a stream.
type patient struct {
	publishers uint64 // that there were with this one
	repairs    timeline.Counts
	mended     map[timeline.Repair]time.Time // when there was one last
	findings   []Finding
	told       map[string]bool // codes of the findings that the broadcaster knows of
}

// examine returns what is found of a stream that somebody publishes. The broadcaster is told what is found
// twice.
func (m *Monitor) examine(w *watched, v stream.Vitals, s *live.Snapshot, now time.Time) []Finding {
	p := w.patient
	if p == nil || p.publishers != v.Publishers {
		p = &patient{publishers: v.Publishers, repairs: v.Repairs, mended: make(map[timeline.Repair]time.Time), told: make(map[string]bool)}
		w.patient = p
	}
	for kind, n := range v.Repairs {
		if n > p.repairs[kind] {
			p.mended[timeline.Repair(kind)] = now
		}
	}
	p.repairs = v.Repairs
	maps.DeleteFunc(p.mended, func(_ timeline.Repair, last time.Time) bool { return now.Sub(last) > lately })

	found := m.diagnose(v, s, slices.Sorted(maps.Keys(p.mended)))
	for i := range found {
		f := &found[i]
		f.Since = now.UTC().Truncate(time.Millisecond)
		old := slices.IndexFunc(p.findings, func(o Finding) bool { return o.Code == f.Code && o.Track == f.Track })
		if old < 0 {
			continue
		}
		f.Since = p.findings[old].Since
		if !p.told[f.Code] {
			p.told[f.Code] = true
			m.tell(v, *f, now)
		}
	}
	p.findings = found
	return found
}

// codeFinding is the code of the onStatus that tells a broadcaster of a finding.
const codeFinding = "NetStream.Publish.Warning"

// tell tells of a finding: the log and the broadcaster as well, unless the stream itself has done so.
func (m *Monitor) tell(v stream.Vitals, f Finding, now time.Time) {
	m.Events.add(Event{Time: now, Stream: v.Name.String(), Kind: "finding", Text: f.Text})
	if slices.ContainsFunc(v.Warnings, func(w stream.Warning) bool { return w.Code == f.Code }) {
		return
	}
	text := f.Text
	if f.Advice != "" {
		text += ": " + f.Advice
	}
	level := zerolog.InfoLevel
	if f.Level == Warning {
		level = zerolog.WarnLevel
	}
	m.Log.WithLevel(level).Stringer("stream", v.Name).Str("finding", f.Code).Str("track", f.Track).Msg(text)
	m.Source.Warn(v.Name, codeFinding, text)
}

// worst orders findings.
func worst(a, b Finding) int {
	return cmp.Or(-cmp.Compare(a.Level, b.Level), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Track, b.Track))
}
