package gateway_test

import (
	"strings"
	"testing"
	"time"

	"sluice/pkg/check"
)

// TestCheck watches every address of a live stream as a strict client: no rule
// is broken, not even one that only should hold.
func TestCheck(t *testing.T) {
	s := start(t)
	s.broadcast("live/show")
	s.playing("live/show", 2)
	for _, file := range []string{"index.m3u8", "ts.m3u8", "index.mpd", "ll.mpd"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			report, err := check.Run(t.Context(), s.http+"/live/show/"+file, check.Options{Duration: 12 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			if err := report.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			t.Log(text.String())
			if report.Failed(true) {
				t.Error("rules are broken")
			}
		})
	}
}
