package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
)

// childStore is the variable that makes the test binary a gateway with its store in
// that directory: see spawn.
const childStore = "SLUICE_TEST_STORE"

// addresses are what a gateway in a process of its own says first.
type addresses struct{ RTMP, HTTP string }

func runChild(dir string) (code int) {
	cfg := config.Default()
	for key, value := range map[string]string{
		"rtmp.address": "127.0.0.1:0", "http.address": "127.0.0.1:0", "store.path": dir, "stream.linger": "1m", "segment.duration": "1s",
	} {
		if err := cfg.Set("test", key, value); err != nil {
			return 2
		}
	}
	g, err := gateway.New(cfg, zerolog.New(os.Stderr))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(addresses{g.RTMPAddr().String(), g.HTTPAddr().String()}); err != nil {
		return 1
	}
	if g.Run(context.Background()) != nil {
		return 1
	}
	return 0
}

// spawn runs a gateway in a process of its own, which stop kills without a word.
func spawn(t *testing.T, dir string) *server {
	t.Helper()
	return runProcess(t, dir, exec.Command(os.Args[0]))
}

// activated is the command of one, as systemd runs it that has sockets for it.
func activated(names string, sockets ...*os.File) *exec.Cmd {
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	cmd.Env = []string{fmt.Sprint("LISTEN_FDS=", len(sockets)), "LISTEN_FDNAMES=" + names}
	cmd.ExtraFiles = sockets
	return cmd
}

func runProcess(t *testing.T, dir string, cmd *exec.Cmd) *server {
	t.Helper()
	cmd.Env = append(append(os.Environ(), childStore+"="+dir), cmd.Env...)
	book := &logBook{}
	cmd.Stderr = book
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	s := &server{t: t, log: book, dir: dir, client: &http.Client{Transport: transport}}
	s.stop = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(s.stop)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, book)
	}
	var said addresses
	if err := json.Unmarshal(line, &said); err != nil {
		t.Fatal(err)
	}
	s.rtmp, s.http = "rtmp://"+said.RTMP, "http://"+said.HTTP
	return s
}

// show is what is served of a stream: texts, and media by their paths.
type show struct{ texts, media map[string]string }

var uri = regexp.MustCompile(`(?m)^[^#\n]+$|URI="([^"]+)"`)

// showOf returns what there is of the stream that has both tracks.
func (s *server) showOf(stream string) show {
	s.t.Helper()
	got := show{map[string]string{}, map[string]string{}}
	for _, text := range []string{"index.m3u8", "ts.m3u8", "index.mpd", "ll.mpd", "v0/index.m3u8", "a0/index.m3u8", "v0/ts.m3u8"} {
		got.texts[text] = s.get("/" + stream + "/" + text)
	}
	for _, track := range []string{"v0", "a0"} {
		number, gap := "", false
		for line := range strings.Lines(got.texts[track+"/index.m3u8"]) {
			switch {
			case strings.HasPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"):
				number = strings.TrimSpace(strings.TrimPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"))
			case strings.HasPrefix(line, "#EXT-X-GAP"):
				gap = true
			case strings.HasPrefix(line, "#EXT-X-RENDITION-REPORT"), strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT"):
				continue
			}
			for _, m := range uri.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				name := m[0]
				if m[1] != "" {
					name = m[1]
				}
				if !gap {
					got.media[track+"/"+name] = s.get("/" + stream + "/" + track + "/" + name)
				}
				gap = false
			}
		}
		got.media[track+"/n"+number] = s.get("/" + stream + "/" + track + "/n" + number + ".m4s")
	}
	return got
}

// TestKilled kills the gateway without a word and starts it again on the same store:
// when nobody publishes, everything is as it was. When somebody does, everything that
// was listed is.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := spawn(t, dir)
	stop := s.broadcast("live/show")
	s.playing("live/show", 4)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the publication", func() bool { return len(s.log.find("publisher left")) > 0 })
	before := s.showOf("live/show")
	s.stop()

	s = spawn(t, dir)
	after := s.showOf("live/show")
	for name, want := range before.texts {
		was, dated := undated(t, want)
		is, redated := undated(t, after.texts[name])
		if is != was || !dated.goesOn(redated) {
			t.Errorf("%s was\n%s\nand is\n%s", name, want, after.texts[name])
		}
	}
	same(t, before.media, after.media)
	if len(s.log.find("an earlier run left streams: they go on")) != 1 {
		t.Error(s.log)
	}

	_ = s.broadcast("live/show")
	eventually(t, "the next period", func() bool {
		list := s.get("/live/show/v0/index.m3u8")
		_, behind, found := strings.Cut(list, "#EXT-X-DISCONTINUITY\n")
		return found && strings.Count(behind, "#EXTINF")-strings.Count(behind, "#EXT-X-GAP") > 1
	})
	before = s.showOf("live/show")
	s.stop()

	s = spawn(t, dir)
	after = s.showOf("live/show")
	for _, name := range []string{"v0/index.m3u8", "a0/index.m3u8"} {
		was, is := finished(before.texts[name]), finished(after.texts[name])
		if len(is) < len(was) || !slices.Equal(is[:len(was)], was) {
			t.Errorf("%s was\n%s\nand is\n%s", name, before.texts[name], after.texts[name])
		}
		for _, part := range newestParts(before.texts[name]) {
			if !strings.Contains(after.texts[name], part) {
				t.Errorf("%sis not in\n%s", part, after.texts[name])
			}
		}
	}
	// What came between the look and the kill may have taken parts out of the playlists: they can still be had.
	for name, want := range before.media {
		if path.Ext(name) == "" {
			name += ".m4s"
		}
		if status, got := s.try("/live/show/" + name); status != http.StatusOK || got != want {
			t.Errorf("%s: %d, %d bytes, not the %d it was", name, status, len(got), len(want))
		}
	}
}

var (
	publishTime = regexp.MustCompile(` publishTime="([^"]+)"`)
	delay       = regexp.MustCompile(` suggestedPresentationDelay="PT([\d.]+S)"| target="(\d+)"`)
)

// A dating is what a manifest tells of now.
type dating struct {
	at    time.Time
	delay time.Duration // with which players begin behind it
}

// undated returns a text without when it was published, which a restart is news for, and
// what it told of that.
func undated(t *testing.T, text string) (rest string, d dating) {
	t.Helper()
	found, behind := publishTime.FindStringSubmatch(text), delay.FindStringSubmatch(text)
	if found == nil {
		return text, d
	}
	var err error
	if d.at, err = time.Parse(time.RFC3339, found[1]); err != nil {
		t.Fatal(err)
	}
	length := strings.ToLower(behind[1])
	if length == "" {
		length = behind[2] + "ms"
	}
	if d.delay, err = time.ParseDuration(length); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(found[0], "", behind[0], "").Replace(text), d
}

// goesOn reports whether players that come find the same media by what a later dating says.
func (d dating) goesOn(later dating) bool {
	const rounding = time.Millisecond
	passed, more := later.at.Sub(d.at), later.delay-d.delay
	return passed >= 0 && more >= 0 && more <= passed+rounding
}

// same checks that all that was there is there, byte for byte.
func same(t *testing.T, was, is map[string]string) {
	t.Helper()
	if len(was) < 10 {
		t.Errorf("%d files", len(was))
	}
	for name, want := range was {
		if got, there := is[name]; !there || got != want {
			t.Errorf("%s: there %v, %d bytes, not the %d it was", name, there, len(got), len(want))
		}
	}
}

// TestActivated has somebody else hold the sockets: who comes while the gateway is
// dead is served when it is there again.
func TestActivated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rtmp, http := socket(t), socket(t)
	s := runProcess(t, dir, activated("http:rtmp", http, rtmp))
	stop := s.broadcast("live/show")
	s.playing("live/show", 2)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	before := s.get("/live/show/v0/index.m3u8")
	s.stop()

	asked := make(chan string)
	go func() {
		defer close(asked)
		asked <- s.get("/live/show/v0/index.m3u8")
	}()
	next := runProcess(t, dir, activated("http:rtmp", http, rtmp))
	if next.rtmp != s.rtmp || next.http != s.http {
		t.Errorf("at %s and %s, not %s and %s", next.rtmp, next.http, s.rtmp, s.http)
	}
	if after := <-asked; after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
}

// TestActivatedWrongly has sockets that nobody knows.
func TestActivatedWrongly(t *testing.T) {
	for _, names := range []string{"http:web", "http:http"} {
		cmd := activated(names, socket(t), socket(t))
		cmd.Env = append(append(os.Environ(), childStore+"="+t.TempDir()), cmd.Env...)
		out, err := cmd.CombinedOutput()
		if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) || !strings.Contains(string(out), "there can be one each of rtmp, http, rtmps and https") {
			t.Errorf("%s: %v, %s", names, err, out)
		}
	}
}

// socket opens a socket that nobody serves.
func socket(t *testing.T) *os.File {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// newestParts returns the lines of the parts that a playlist listed last.
func newestParts(list string) []string {
	var parts []string
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "#EXT-X-PART:") {
			parts = append(parts, line)
		}
	}
	return parts[len(parts)-6:] // of the segment that was cut then, and of the one before
}

// finished returns the lines of a playlist that tell of finished segments, without
// parts, which are listed of the newest only.
func finished(list string) []string {
	var lines []string
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "#EXTINF") || strings.HasPrefix(line, "#EXT-X-DISC") || !strings.HasPrefix(line, "#") ||
			strings.HasPrefix(line, "#EXT-X-MAP") || strings.HasPrefix(line, "#EXT-X-GAP") || strings.HasPrefix(line, "#EXT-X-TARGET") {
			lines = append(lines, line)
		}
	}
	return lines
}
