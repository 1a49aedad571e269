package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sluice/pkg/obs"
)

// What OBS is told leads to where it is on air under that name, with key frames
// that go with the segments of the settings.
func TestMultitrackLeadsOnAir(t *testing.T) {
	s := start(t, "segment.duration", "4s")
	answer, err := s.fetch(t.Context(), s.client, "/live/show/obs.json")
	if err != nil {
		t.Fatal(err)
	}
	var c obs.Configuration
	if err := json.Unmarshal([]byte(answer.body), &c); err != nil {
		t.Fatalf("%v: %s", err, answer.body)
	}
	url := strings.Replace(c.Ingest[0].URL, "{stream_key}", c.Ingest[0].Key, 1)
	if want := s.rtmp + "/live/show"; url != want {
		t.Errorf("%s, want %s", url, want)
	}
	if got := c.Video[0].Settings["keyint_sec"]; got != 4.0 {
		t.Errorf("key frames every %v s", got)
	}
}
