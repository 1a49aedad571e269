package check

import (
	"strings"
	"testing"
	"time"
)

// found lists the rules of a report.
func found(r *Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Name)
	}
	return strings.Join(out, " ")
}

// A sound server is found sound.
func TestSound(t *testing.T) {
	for _, c := range []struct {
		path, kind string
		seen       map[string]int // at least
	}{
		{"/index.m3u8", "LL-HLS", map[string]int{"playlist": 100, "part": 100, "segment": 12, "init segment": 2}},
		{"/plain.m3u8", "HLS", map[string]int{"playlist": 8, "segment": 10, "init segment": 2}},
		{"/v0/index.m3u8", "LL-HLS", map[string]int{"playlist": 50, "part": 50, "segment": 6, "init segment": 1}},
		{"/index.mpd", "DASH", map[string]int{"manifest": 5, "segment": 10, "init segment": 2}},
		{"/ll.mpd", "LL-DASH", map[string]int{"manifest": 10, "segment": 10, "init segment": 2}},
	} {
		t.Run(c.path, func(t *testing.T) {
			report, err := watchImitation(t, c.path, 15*time.Second, nil)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			_ = report.WriteText(&text)
			if len(report.Findings) > 0 || report.Kind != c.kind {
				t.Errorf("%s", text.String())
			}
			for thing, least := range c.seen {
				if report.Seen[thing] < least {
					t.Errorf("%d of %s seen, want %d at least:\n%s", report.Seen[thing], thing, least, text.String())
				}
			}
		})
	}
}
