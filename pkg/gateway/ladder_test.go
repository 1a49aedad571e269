package gateway_test

import (
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
)

// TestLadderOfPublishers has an ffmpeg publish three qualities under three names, of which the last
// goes and is back. They are one stream: segments of all begin together, ffprobe reads all.
func TestLadderOfPublishers(t *testing.T) {
	t.Parallel()
	s := start(t, "ladders", `{"{name}": ["{name}_360p", "{name}_180p", "{name}_90p"]}`, "segment.duration", "1s", "segment.max", "4s")
	encode := func(seconds int, heights ...string) *exec.Cmd {
		args := []string{
			"-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=" + strconv.Itoa(seconds),
			"-re", "-f", "lavfi", "-i", "sine=duration=" + strconv.Itoa(seconds),
		}
		for _, height := range heights {
			args = append(args, "-map", "0:v", "-map", "1:a", "-vf", "scale=-2:"+height, "-c:v", "libx264", "-preset", "ultrafast",
				"-bf", strconv.Itoa(len(height)-1), "-g", "25", "-sc_threshold", "0", "-c:a", "aac", "-f", "flv", s.rtmp+"/live/show_"+height+"p")
		}
		return exec.Command("ffmpeg", args...)
	}
	first, last := encode(16, "360", "180"), encode(5, "90")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first", func() bool { return len(s.log.find("period begins")) > 0 })
	if out, err := last.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	playlist := s.get("/live/show/index.m3u8")
	if n := strings.Count(playlist, "RESOLUTION="); n < 4 || !strings.Contains(playlist, "RESOLUTION=320x180") { // variants and key frames
		t.Errorf("%s", playlist)
	}
	eventually(t, "the last one's end", func() bool {
		return !strings.Contains(s.get("/live/show/index.m3u8"), "RESOLUTION=160x90")
	})
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
	s.ended("live/show", "v0")

	starts := map[string]map[string]float64{}
	for _, track := range []string{"v0", "v1"} {
		starts[track] = beginnings(t, s.get("/live/show/"+track+"/index.m3u8"))
		if len(starts[track]) < 12 {
			t.Errorf("%s: %d segments", track, len(starts[track]))
		}
	}
	for number, at := range starts["v0"] {
		if other, there := starts["v1"][number]; there && (other-at > 0.0015 || at-other > 0.0015) {
			t.Errorf("segment %s begins at %f and %f", number, at, other)
		}
	}
	if t.Failed() {
		t.Log(s.get("/live/show/v0/index.m3u8"), s.get("/live/show/v1/index.m3u8"), s.log.String())
	}
	for _, track := range []string{"v0", "v1"} {
		if err := ffmpeg("-xerror", "-i", s.http+"/live/show/"+track+"/index.m3u8", "-f", "null", "-"); err != nil {
			t.Error(err)
		}
	}
	if status, _ := s.try("/live/show_360p/index.m3u8"); status == 200 {
		t.Error("a member is a stream of its own")
	}
	for _, event := range s.log.find("publisher's times are repaired") {
		t.Errorf("repaired: %v", event)
	}
}

// beginnings returns when the segments of a playlist are shown, by their numbers.
func beginnings(t *testing.T, playlist string) map[string]float64 {
	t.Helper()
	number, gap, all := 0, false, map[string]float64{}
	var at time.Time
	for line := range strings.Lines(playlist) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"):
			number, _ = strconv.Atoi(line[len("#EXT-X-MEDIA-SEQUENCE:"):])
		case strings.HasPrefix(line, "#EXT-X-PROGRAM-DATE-TIME:"):
			at, _ = time.Parse(time.RFC3339, line[len("#EXT-X-PROGRAM-DATE-TIME:"):])
		case line == "#EXT-X-GAP":
			gap = true
		case regexp.MustCompile(`^(gap)?\d+\.m4s$`).MatchString(line):
			if !gap {
				all[strconv.Itoa(number)] = float64(at.UnixMicro()) / 1e6
			}
			number, gap = number+1, false
		}
	}
	return all
}

func TestLaddersThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		`{show: []}`:                       `"show" has no members`,
		`{show: [show_a, show_a]}`:         `"show_a" stands there twice`,
		`{show: [show]}`:                   `"show" stands there twice`,
		`{show: ["{name}_a"]}`:             `"show" and "{name}_a": {name} stands in one of them only`,
		`{live/show: [show_a]}`:            `"live/show" and "show_a": one of them names an application`,
		`{"{name}/show": ["{name}/a"]}`:    `"{name}/show": an application cannot be a pattern`,
		`{show: ["a b"]}`:                  `"a b" is not like show_720p, live/show_720p or {name}_720p`,
		`{show: [show_a], show: [show_b]}`: `"show" stands there twice`,
		`{a: [b], b: [a]}`:                 `"b" has members, and cannot be one of "a"`,
	} {
		cfg := config.Default()
		if err := cfg.Set("--ladders", "ladders", text); err != nil {
			t.Fatal(err)
		}
		g, err := gateway.New(cfg, zerolog.Nop())
		if g != nil {
			_ = g.Run(canceled())
		}
		if err == nil || err.Error() != "--ladders: ladders: "+want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
