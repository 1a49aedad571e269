package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
)

// A server is a gateway that runs for one test.
type server struct {
	t    testing.TB
	rtmp string // rtmp://127.0.0.1:port
	http string // http://127.0.0.1:port
	log  *logBook
	stop func() // returns when the gateway has stopped
}

// start runs a gateway on free ports with what settings change. It stops with
// the test.
func start(t testing.TB, settings ...string) *server {
	t.Helper()
	cfg := config.Default()
	cfg.RTMP.Address, cfg.HTTP.Address = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Store.Path = t.TempDir()
	for i := 0; i < len(settings); i += 2 {
		if err := cfg.Set("test", settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	book := &logBook{}
	g, err := gateway.New(cfg, zerolog.New(book))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stopped := false
	s := &server{
		t: t, log: book,
		rtmp: "rtmp://" + g.RTMPAddr().String(), http: "http://" + g.HTTPAddr().String(),
		stop: func() {
			cancel()
			if !stopped {
				stopped = true
				if err := <-done; err != nil {
					t.Errorf("the gateway ended with %v", err)
				}
			}
		},
	}
	t.Cleanup(s.stop)
	return s
}

// get returns the body of a path that must be there.
func (s *server) get(path string) string {
	s.t.Helper()
	status, body, _ := s.try(path)
	if status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}

// try returns the answer to GET path.
func (s *server) try(path string) (int, string, http.Header) {
	s.t.Helper()
	res, err := http.Get(s.http + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

// eventually waits until the condition holds.
func (s *server) eventually(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			s.t.Fatalf("never came: %s", what)
		}
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // between two looks
	}
}

// ended waits for the end of a stream.
func (s *server) ended(path string) {
	s.t.Helper()
	s.eventually("the end of "+path, func() bool {
		_, body, _ := s.try(path)
		return strings.Contains(body, "#EXT-X-ENDLIST")
	})
}

// A logBook keeps the log.
type logBook struct {
	buffer lockedBuffer
}

// Write implements io.Writer.
func (b *logBook) Write(line []byte) (int, error) { return b.buffer.Write(line) }

// find returns the events with a message.
func (b *logBook) find(message string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(b.buffer.String()) {
		var event map[string]any
		if json.Unmarshal([]byte(line), &event) == nil && event["message"] == message {
			found = append(found, event)
		}
	}
	return found
}

// ffmpeg runs ffmpeg and fails the test if it fails.
func ffmpeg(t testing.TB, args ...string) string {
	t.Helper()
	return command(t, "ffmpeg", append([]string{"-nostdin", "-hide_banner", "-v", "error", "-y"}, args...)...)
}

// command runs a program that must succeed, and returns what it printed to
// standard output. What it complains of fails the test, too.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, complaints.String())
	}
	return out.String()
}

// makeClip encodes a test pattern and a tone as FLV, and returns its path.
func makeClip(t testing.TB, seconds int, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.flv")
	all := []string{"-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", strconv.Itoa(seconds), "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "60", "-sc_threshold", "0",
		"-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k"}
	ffmpeg(t, append(append(all, args...), path)...)
	return path
}

// publish sends a file in real time and returns when it is sent.
func (s *server) publish(file, stream string) {
	s.t.Helper()
	ffmpeg(s.t, "-re", "-i", file, "-c", "copy", "-f", "flv", s.rtmp+"/"+stream)
}

// A packet is what ffprobe says of one.
type packet struct {
	kind     string  // "video" or "audio"
	pts, dts float64 // in seconds
	size     int
}

// packets returns what ffprobe reads from a file or URL, by kind.
func packets(t testing.TB, input string) map[string][]packet {
	t.Helper()
	text := command(t, "ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time,dts_time,size", "-of", "csv=p=0", input)
	found := map[string][]packet{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		if len(fields) < 4 {
			continue
		}
		p := packet{kind: fields[0]}
		var err error
		for i, to := range []*float64{&p.pts, &p.dts} {
			if *to, err = strconv.ParseFloat(fields[i+1], 64); err != nil {
				t.Fatalf("%s: ffprobe printed %q", input, line)
			}
		}
		_, _ = fmt.Sscan(fields[3], &p.size)
		found[p.kind] = append(found[p.kind], p)
	}
	return found
}
