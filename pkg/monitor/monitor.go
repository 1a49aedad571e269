// Package monitor watches how streams come: what they are, what rates they have had, and in plain words
// what their broadcasters should change in their encoders.
package monitor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/stream"
)

// A Source knows the streams, and how they come.
type Source interface {
	Vitals() []stream.Vitals
	Lookup(app, name string) (*live.Presentation, bool)
	Warn(name stream.Name, code, text string)
}

// An Audience knows how many watch.
type Audience interface {
	// Viewers returns about how many watch a stream.
	Viewers(app, name string) int
}

// Config is what a Monitor watches with.
type Config struct {
	Source   Source
	Audience Audience // nil counts nobody
	Events   *Events
	Segment  time.Duration // how long segments are to be
	Log      zerolog.Logger
}

// often is how often streams are looked at.
const often = 2 * time.Second

// A Monitor looks at all streams, again and again. Its methods may be called from any goroutine.
type Monitor struct {
	Config

	mu      sync.Mutex
	watched map[stream.Name]*watched
}

// watched is one stream.
type watched struct {
	report  Report
	patient *patient // nil while nobody publishes
	samples samples
}

// New returns a Monitor that has seen nothing yet.
func New(config Config) *Monitor {
	return &Monitor{Config: config, watched: make(map[stream.Name]*watched)}
}

// Run looks at all streams every two seconds until ctx ends.
func (m *Monitor) Run(ctx context.Context) {
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			m.Look(now)
		case <-ctx.Done():
			return
		}
	}
}

// Look looks at all streams once.
func (m *Monitor) Look(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.watched
	m.watched = make(map[stream.Name]*watched, len(before))
	for _, v := range m.Source.Vitals() {
		presentation, ok := m.Source.Lookup(v.Name.App, v.Name.Key)
		if !ok {
			continue // it is gone by now
		}
		w := before[v.Name]
		if w == nil {
			w = new(watched)
		}
		m.watched[v.Name] = w
		m.look(w, v, presentation, now)
	}
}

func (m *Monitor) look(w *watched, v stream.Vitals, p *live.Presentation, now time.Time) {
	snap := p.Snapshot()
	r := report(v, p, snap)
	if m.Audience != nil {
		r.Viewers = m.Audience.Viewers(v.Name.App, v.Name.Key)
	}
	if v.Publishing {
		r.Findings = m.examine(w, v, snap, now)
	} else {
		w.patient = nil
	}
	w.samples.add(Sample{Time: now.UTC().Truncate(time.Millisecond), Bitrate: r.Bitrate, FrameRate: r.FrameRate, Viewers: r.Viewers})
	w.report = r
}

// Report returns how a stream is, as of the last look.
func (m *Monitor) Report(name stream.Name) (Report, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, ok := m.watched[name]
	if !ok {
		return Report{}, false
	}
	return w.report, true
}

// Reports returns how all streams are, ordered by name.
func (m *Monitor) Reports() []Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Report, 0, len(m.watched))
	for _, w := range m.watched {
		all = append(all, w.report)
	}
	slices.SortFunc(all, func(a, b Report) int { return strings.Compare(a.App+"/"+a.Name, b.App+"/"+b.Name) })
	return all
}

// History returns what a stream was like in the last minutes, the oldest first.
func (m *Monitor) History(name stream.Name) []Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, ok := m.watched[name]; ok {
		return w.samples.all()
	}
	return nil
}
