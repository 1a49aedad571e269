package monitor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/monitor"
	"sluice/pkg/segment"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

var (
	show = stream.Name{App: "live", Key: "show"}
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

	v0 = media.TrackID{Kind: media.Video}
	a0 = media.TrackID{Kind: media.Audio}
)

// A ward is where a monitor finds a stream, and whom it tells.
type ward struct {
	all          []stream.Vitals
	presentation *live.Presentation
	told         []string
}

func (w *ward) Vitals() []stream.Vitals { return w.all }

func (w *ward) Lookup(_, _ string) (*live.Presentation, bool) {
	if w.presentation == nil {
		w.presentation = live.New(live.Settings{App: "live", Name: "show", Window: 30 * time.Second, Started: noon})
	}
	return w.presentation, true
}

func (w *ward) Warn(name stream.Name, _, text string) {
	w.told = append(w.told, name.String()+": "+text)
}

// healthy are the vitals of a stream that nothing is wrong with.
func healthy() stream.Vitals {
	return stream.Vitals{
		Name: show, Publishing: true, Publishers: 1, Drift: 20, Behind: 100 * time.Millisecond,
		Tracks: []stream.TrackVitals{
			{Track: media.Track{ID: v0, Codec: media.H264}, Picture: segment.Picture{Shortest: 1960 * time.Millisecond, Longest: 2040 * time.Millisecond}},
			{Track: media.Track{ID: a0, Codec: media.AAC}, Skew: -120 * time.Millisecond},
		},
	}
}

func watch(w *ward) *monitor.Monitor {
	return monitor.New(monitor.Config{Source: w, Events: new(monitor.Events), Segment: 2 * time.Second, Log: zerolog.Nop()})
}

func findings(m *monitor.Monitor) []monitor.Finding {
	r, _ := m.Report(show)
	return r.Findings
}

func codes(all []monitor.Finding) (codes []string) {
	for _, f := range all {
		codes = append(codes, string(f.Level)+" "+f.Code+" "+f.Track)
	}
	return codes
}

func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name string
		ill  func(*stream.Vitals)
		want []string
		says string
	}{
		{"healthy", func(*stream.Vitals) {}, nil, ""},
		{"long groups", func(v *stream.Vitals) {
			v.Tracks[0].Shortest, v.Tracks[0].Longest = 10*time.Second, 10*time.Second
		}, []string{"warning key-frames-far-apart v0"}, "up to 10.0 s apart"},
		{"irregular groups", func(v *stream.Vitals) { v.Tracks[0].Shortest = time.Second }, []string{"notice key-frames-irregular v0"}, "1.0 to 2.0 s apart"},
		{"B-frames", func(v *stream.Vitals) { v.Tracks[0].Delay = 80 * time.Millisecond }, []string{"notice b-frames v0"}, "80 ms further behind"},
		{"early sound", func(v *stream.Vitals) { v.Tracks[1].Skew = 700 * time.Millisecond }, []string{"warning audio-skew a0"}, "700 ms ahead of"},
		{"late sound", func(v *stream.Vitals) { v.Tracks[1].Skew = -700 * time.Millisecond }, []string{"warning audio-skew a0"}, "700 ms behind"},
		{"drift", func(v *stream.Vitals) { v.Drift = -200 }, []string{"notice clock-drift "}, "slow by 200 millionths, 17 s a day"},
		{"late", func(v *stream.Vitals) { v.Behind = 2500 * time.Millisecond }, []string{"warning late "}, "2.5 s later"},
		{"codecs", func(v *stream.Vitals) {
			v.Tracks[0].Codec, v.Tracks[1].Codec = media.HEVC, media.AC3
		}, []string{"notice codec-not-everywhere a0", "notice codec-not-everywhere v0"}, "the codec is AC-3"},
		{"what the stream knows", func(v *stream.Vitals) {
			v.Warnings = []stream.Warning{{Code: "bit-rate-too-high", Text: "the bit rate is too high"}}
			v.Drift = 200
		}, []string{"warning bit-rate-too-high ", "notice clock-drift "}, "the bit rate is too high"},
	} {
		w := &ward{all: []stream.Vitals{healthy()}}
		c.ill(&w.all[0])
		m := watch(w)
		m.Look(noon)
		got := findings(m)
		if !slices.Equal(codes(got), c.want) {
			t.Errorf("%s: %q, want %q", c.name, codes(got), c.want)
		}
		if len(got) > 0 && !strings.Contains(got[0].Text, c.says) {
			t.Errorf("%s: %q", c.name, got[0].Text)
		}
	}
}

// TestFrameRates has segments of which one has fewer frames.
func TestFrameRates(t *testing.T) {
	for frames, want := range map[int]int{60: 0, 57: 0, 40: 1} {
		p := live.New(live.Settings{App: "live", Name: "show", Window: 30 * time.Second, Started: noon})
		h := &live.Header{Track: media.Track{ID: v0, Codec: media.H264, Timescale: 90000}}
		period := &live.Period{Headers: []*live.Header{h}}
		for n := range 5 {
			seg := live.Segment{Number: uint64(n), Period: period, Header: h, Start: media.Ticks(n * 180000), Duration: 180000, Size: 1000, Frames: 60, Independent: true}
			if n == 3 {
				seg.Frames = frames
			}
			p.Add(v0, seg, live.Targets{Segment: 2 * time.Second, Part: time.Second}, noon)
		}
		w := &ward{all: []stream.Vitals{healthy()}, presentation: p}
		m := watch(w)
		m.Look(noon)
		if got := findings(m); len(got) != want || want > 0 && got[0].Code != "frame-rate-varies" {
			t.Errorf("%d frames: %+v", frames, got)
		}
	}
}

// TestBroadcasterIsTold has a finding come, stay, go and come again, and another publisher.
func TestBroadcasterIsTold(t *testing.T) {
	w := &ward{all: []stream.Vitals{healthy()}}
	v := &w.all[0]
	m := watch(w)
	now := noon
	look := func(times int) {
		for range times {
			now = now.Add(2 * time.Second)
			m.Look(now)
		}
	}
	v.Repairs[timeline.JumpedBack] = 7 // by publishers before
	look(3)
	if got := findings(m); len(got) != 0 || len(w.told) != 0 {
		t.Fatalf("%+v, told %q", got, w.told)
	}
	v.Repairs[timeline.JumpedBack]++
	look(1)
	since := now
	if len(w.told) != 0 {
		t.Errorf("told at once: %q", w.told)
	}
	look(10)
	if got := findings(m); len(got) != 1 || got[0].Code != "times-repaired" || !got[0].Since.Equal(since) {
		t.Errorf("%+v", got)
	}
	if len(w.told) != 1 || !strings.Contains(w.told[0], "live/show: timestamps were wrong") || !strings.Contains(w.told[0], timeline.JumpedBack.String()) {
		t.Errorf("told %q", w.told)
	}
	look(30) // a minute
	if got := findings(m); len(got) != 0 {
		t.Errorf("after a minute: %+v", got)
	}
	v.Repairs[timeline.JumpedBack]++
	look(5)
	if len(w.told) != 1 {
		t.Errorf("told again: %q", w.told)
	}
	v.Publishers, v.Behind = 2, 3*time.Second
	look(2)
	if got := findings(m); len(got) != 1 || got[0].Code != "late" || len(w.told) != 2 {
		t.Errorf("of the next publisher: %+v, told %q", got, w.told)
	}
	v.Publishing = false
	look(1)
	if got := findings(m); len(got) != 0 {
		t.Errorf("of nobody: %+v", got)
	}
}

// TestSaidOnce has a finding that the stream itself has told the broadcaster of.
func TestSaidOnce(t *testing.T) {
	w := &ward{all: []stream.Vitals{healthy()}}
	w.all[0].Warnings = []stream.Warning{{Code: "video-missing", Text: "nothing comes"}}
	m := watch(w)
	for n := range 4 {
		m.Look(noon.Add(time.Duration(n) * 2 * time.Second))
	}
	if len(findings(m)) != 1 || len(w.told) != 0 {
		t.Errorf("%+v, told %q", findings(m), w.told)
	}
}
