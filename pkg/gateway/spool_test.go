package gateway_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A disk that cannot be written to costs viewers nothing, and when it can be
// written to again it gets what it missed.
func TestGoesOnFromMemory(t *testing.T) {
	t.Parallel()
	s := start(t, "segment.duration", "1s", "segment.max", "2s", "window.duration", "30s")
	obstacle := filepath.Join(s.dir, "live") // where the directory of the stream has to be
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := s.broadcast("live/show")
	s.playing("live/show", 3)
	list := s.get("/live/show/v0/index.m3u8")
	segments := regexp.MustCompile(`(?m)^\d+\.m4s$`).FindAllString(list, -1)
	if len(segments) < 3 || strings.Contains(list, "#EXT-X-GAP") {
		t.Errorf("listed: %s", list)
	}
	for _, segment := range segments {
		s.get("/live/show/v0/" + segment)
	}
	failed := s.log.find("segments are not written: streams go on from memory")
	if len(failed) != 1 || failed[0]["level"] != "error" {
		t.Errorf("logged: %v", failed)
	}
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	eventually(t, "writing again", func() bool {
		return len(s.log.find("segments are written again")) == 1
	})
	if err := stop(); err != nil {
		t.Error(err)
	}
	for _, segment := range segments {
		if _, err := os.Stat(filepath.Join(obstacle, "show", "v0", segment)); err != nil {
			t.Error(err)
		}
		s.get("/live/show/v0/" + segment)
	}
}

// A disk that cannot be written to for longer than the memory lasts makes the window
// shorter, and when it can be written to again the window becomes longer.
func TestListsLessFromAShortMemory(t *testing.T) {
	t.Parallel()
	s := start(t, "limits.memory", "1500KiB", "segment.duration", "500ms", "segment.max", "1s", "window.duration", "30s")
	obstacle := filepath.Join(s.dir, "live")
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := s.broadcast("live/show")
	eventually(t, "a shorter window", func() bool {
		return len(s.log.find("the memory for what waits for the disk is short (limits.memory): less of the stream is listed")) == 1
	})
	s.playing("live/show", 3)
	list := s.get("/live/show/v0/index.m3u8")
	for _, segment := range regexp.MustCompile(`(?m)^\d+\.m4s$`).FindAllString(list, -1) {
		s.get("/live/show/v0/" + segment)
	}
	if metrics := s.get("/metrics"); strings.Contains(metrics, `sluice_stream_window_seconds{stream="live/show"} 30`) {
		t.Errorf("%s", metrics)
	}
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a longer window", func() bool {
		return len(s.log.find("the disk has taken what waited: the window becomes longer again")) == 1
	})
	s.unbroken("live/show")
	if err := stop(); err != nil {
		t.Error(err)
	}
}
