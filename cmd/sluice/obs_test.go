package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/obs"
)

// obs prints what OBS takes, and nothing else: for the address of the
// configuration or that of the flag, and with key frames that go with its
// segments.
func TestOBS(t *testing.T) {
	t.Chdir(t.TempDir()) // where no configuration is
	four := write(t, "sluice.yml", "rtmp:\n  address: '[::]:19350'\nsegment:\n  duration: 4s\n")
	bound := write(t, "sluice.yml", "rtmp:\n  address: 192.0.2.7:1935\n")
	for _, c := range []struct {
		args     []string
		url      string
		interval float64
		tracks   int
	}{
		{nil, "rtmp://localhost/live/{stream_key}", 2, 3},
		{[]string{"--config", four}, "rtmp://localhost:19350/live/{stream_key}", 4, 3},
		{[]string{"--config", bound}, "rtmp://192.0.2.7/live/{stream_key}", 2, 3},
		{[]string{"--config", four, "--host", "tv"}, "rtmp://tv:19350/live/{stream_key}", 4, 3},
		{[]string{"--config", four, "--host", "tv:1935"}, "rtmp://tv/live/{stream_key}", 4, 3},
		{[]string{"--host", "::1"}, "rtmp://[::1]/live/{stream_key}", 2, 3},
		{[]string{"--host", "[::1]"}, "rtmp://[::1]/live/{stream_key}", 2, 3},
		{[]string{"--host", "[::1]:1936", "--ladder", "720p60:3000", "--encoder", "nvenc", "--audio", "96"}, "rtmp://[::1]:1936/live/{stream_key}", 2, 1},
	} {
		p := launch(t, append(append([]string{"obs"}, c.args...), "live/show")...)
		p.wants(0)
		var got obs.Configuration
		if err := json.Unmarshal([]byte(p.out.String()), &got); err != nil {
			t.Errorf("%s: %v:\n%s", c.args, err, p.out.String())
			continue
		}
		want := []obs.Endpoint{{Protocol: "RTMP", URL: c.url, Key: "show"}}
		if diff := cmp.Diff(want, got.Ingest); diff != "" {
			t.Errorf("%s:\n%s", c.args, diff)
		}
		if len(got.Video) != c.tracks || got.Video[0].Settings["keyint_sec"] != c.interval {
			t.Errorf("%s: %d tracks, want %d, with %v", c.args, len(got.Video), c.tracks, got.Video[0].Settings)
		}
		if p.err.String() != "" {
			t.Errorf("%s: %s", c.args, p.err.String())
		}
	}
}
