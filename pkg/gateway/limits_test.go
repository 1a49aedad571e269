package gateway_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// refusals returns what the log says of those that were refused.
func (s *server) refusals() (reasons []string) {
	for _, event := range s.log.find("RTMP stream refused") {
		reasons = append(reasons, fmt.Sprint(event["stream"], ": ", event["reason"]))
	}
	return reasons
}

// One publisher or stream more than there may be is refused in words that say which
// limit it is, and the others notice nothing.
func TestOneMoreThanThereMayBe(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"limits.publishers", "limits.streams"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			s := start(t, key, "1", "segment.duration", "500ms", "window.duration", "30s")
			stop := s.broadcast("live/first")
			s.playing("live/first", 1)
			if r := s.refused("live/second"); r.Code != "NetStream.Publish.Failed" || !strings.Contains(r.Description, key) {
				t.Errorf("%+v", r)
			}
			if got := s.refusals(); len(got) != 1 || !strings.HasPrefix(got[0], "live/second: ") || !strings.Contains(got[0], key) {
				t.Errorf("logged: %q", got)
			}
			if text := s.get("/streams.json"); !strings.Contains(text, "first") || strings.Contains(text, "second") {
				t.Errorf("on air: %s", text)
			}
			s.playing("live/first", 3)
			s.unbroken("live/first")
			if err := stop(); err != nil {
				t.Error(err)
			}
			s.ended("live/first", "v0")
			stop = s.broadcast("live/second")
			s.playing("live/second", 1)
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whose segments are too large is told so. What came before is there.
func TestTooLargeForTheMemory(t *testing.T) {
	t.Parallel()
	s := start(t, "limits.stream_memory", "16KiB", "stream.linger", "1m")
	if r := s.refused("live/show"); r.Code != "NetStream.Publish.Failed" || !strings.Contains(r.Description, "limits.stream_memory") {
		t.Errorf("%+v", r)
	}
	if got := s.log.find("RTMP publication ended by the server"); len(got) != 1 || got[0]["stream"] != "live/show" || !strings.Contains(fmt.Sprint(got[0]["reason"]), "limits.stream_memory") {
		t.Errorf("logged: %v", got)
	}
	if text := s.get("/streams.json"); !strings.Contains(text, "show") {
		t.Errorf("there are %s", text)
	}
}

// A stream that is too large for its room on the disk is listed for less time.
func TestTooLargeForTheDisk(t *testing.T) {
	t.Parallel()
	s := start(t, "limits.stream_disk", "1500KiB", "segment.duration", "500ms", "segment.max", "1s", "window.duration", "30s")
	stop := s.broadcast("live/show")
	eventually(t, "a shorter window", func() bool {
		return strings.Contains(s.log.String(), "limits.stream_disk")
	})
	s.unbroken("live/show")
	metrics := s.get("/metrics")
	shorter := regexp.MustCompile(`(?m)^sluice_stream_window_shortened_total\{stream="live/show"\} [1-9]`)
	if !shorter.MatchString(metrics) || strings.Contains(metrics, `sluice_stream_window_seconds{stream="live/show"} 30`) {
		t.Errorf("%s", metrics)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
