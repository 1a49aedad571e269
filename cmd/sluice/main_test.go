package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A safeBuffer is a bytes.Buffer for several goroutines.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String returns what was written.
func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// A process is a command that runs.
type process struct {
	t        *testing.T
	out, err safeBuffer
	stop     context.CancelFunc
	code     chan int
}

func launch(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{t: t, stop: cancel, code: make(chan int, 1)}
	go func() { p.code <- run(ctx, args, &p.out, &p.err) }()
	t.Cleanup(cancel)
	return p
}

// finds waits until a pattern is in the output, and returns its submatch.
func (p *process) finds(b *safeBuffer, pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if m := re.FindStringSubmatch(b.String()); m != nil {
			return m[1]
		}
	}
	p.t.Fatalf("%s never came:\n%s\n%s", pattern, p.out.String(), p.err.String())
	return ""
}

// wants waits for the exit code.
func (p *process) wants(code int) {
	p.t.Helper()
	select {
	case got := <-p.code:
		if got != code {
			p.t.Errorf("exit code %d, want %d:\n%s", got, code, p.err.String())
		}
	case <-time.After(10 * time.Second):
		p.t.Fatalf("it does not end:\n%s", p.err.String())
	}
}

// taken returns an address at which somebody listens.
func taken(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln.Addr().String()
}

// nobody returns an address at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	return ln.Addr().String()
}

// write makes a file of a test and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Mistakes are told in one line, and by the exit code.
func TestMistakes(t *testing.T) {
	free := []string{"--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--segments", t.TempDir()}
	serve := func(args ...string) []string { return append(append([]string{"serve"}, free...), args...) }
	used := taken(t)
	yaml := func(content string) string { return write(t, "sluice.yml", content) }
	unknown := yaml("http:\n  adress: \":80\"\n")
	wrong := yaml("segment:\n  duration: quick\n")
	broken := yaml("segment: [\n")
	tooSmall := yaml("window:\n  duration: 5s\n")
	busy := yaml("store:\n  path: " + t.TempDir() + "\nhttp:\n  address: 127.0.0.1:0\nrtmp:\n  address: " + used + "\n")
	anyPort := yaml("rtmp:\n  address: 127.0.0.1:0\n")
	video := write(t, "clip.flv", "this is no clip")
	for _, c := range []struct {
		name string
		args []string
		code int
		err  []string // in the one line
	}{
		{"nothing", nil, 2, []string{"serve", "push", "demo", "--help"}},
		{"unknown command", []string{"sing"}, 2, []string{"sing"}},
		{"unknown flag", serve("--loud"), 2, []string{"--loud"}},
		{"unknown flag of push", []string{"push", "--loud", video, "rtmp://localhost/live/show"}, 2, []string{"--loud"}},
		{"flag without a value", serve("--config"), 2, []string{"--config"}},
		{"unknown key", serve("--config", unknown), 2, []string{unknown + ":2: http.adress: unknown key", "http.address"}},
		{"wrong type", serve("--config", wrong), 2, []string{wrong + `:2: segment.duration: "quick"`}},
		{"no YAML", serve("--config", broken), 2, []string{broken + ":"}},
		{"not together", serve("--config", tooSmall), 2, []string{tooSmall + ":2: window.duration: "}},
		{"no such file", serve("--config", "/no/such.yml"), 2, []string{"/no/such.yml: no such file"}},
		{"no address", serve("--http", "here"), 2, []string{"--http: http.address: ", `"here"`}},
		{"wrong log format", serve("--log-format", "xml"), 2, []string{"--log-format: log.format: ", "json, console"}},
		{"address in use", serve("--http", used), 2, []string{"--http: http.address: ", used, "address already in use"}},
		{"address in use, from a file", []string{"serve", "--config", busy}, 2, []string{busy + ":6: rtmp.address: ", used, "address already in use"}},
		{"no directory", serve("--segments", video+"/x"), 2, []string{"--segments: store.path: ", "not a directory"}},
		{"demo where somebody is", []string{"demo", "--rtmp", used, "--http", "127.0.0.1:0", "--segments", t.TempDir()}, 2, []string{"rtmp.address", used}},
		{"no clip", []string{"push", "/no/such.flv", "rtmp://localhost/live/show"}, 2, []string{"/no/such.flv"}},
		{"no name in the URL", []string{"push", video, "rtmp://localhost/live"}, 2, []string{"rtmp://host/app/name"}},
		{"another protocol", []string{"push", video, "http://localhost/live/show"}, 2, []string{"rtmp://"}},
		{"no URL", []string{"push", video}, 2, []string{"<url>"}},
		{"no copies", []string{"push", "--count", "0", video, "rtmp://localhost/live/show"}, 2, []string{"--count must be at least 1"}},
		{"check without a URL", []string{"check"}, 2, []string{"<url>"}},
		{"check of another protocol", []string{"check", "rtmp://localhost/live/show"}, 2, []string{"http://"}},
		{"check for no time", []string{"check", "--duration", "10ms", "http://localhost/x.m3u8"}, 2, []string{"--duration"}},
		{"nobody to check", []string{"check", "http://" + nobody(t) + "/x.m3u8"}, 1, []string{"connection refused"}},
		{"nobody is ready", []string{"health", "--http", nobody(t)}, 1, []string{"/readyz: ", "connection refused"}},
		{"health at no address", []string{"health", "--http", "here"}, 2, []string{"--http: http.address: ", `"here"`}},
		{"obs without a name", []string{"obs"}, 2, []string{"<app/name>"}},
		{"obs with a bad name", []string{"obs", "live"}, 2, []string{`"live": application and stream key take`}},
		{"obs with a reserved name", []string{"obs", "api/show"}, 2, []string{`"api/show"`, "reserved"}},
		{"obs with a bad ladder", []string{"obs", "--ladder", "720p30:3000,853x480:1200", "live/show"}, 2, []string{`ladder: rung 2, "853x480:1200": the width, 853, is odd`}},
		{"obs with a bad encoder", []string{"obs", "--encoder", "good", "live/show"}, 2, []string{`encoder: "good"`, "x264, nvenc"}},
		{"obs with bad audio", []string{"obs", "--audio", "loud", "live/show"}, 2, []string{`audio: "loud"`}},
		{"obs with a bad host", []string{"obs", "--host", "a/b", "live/show"}, 2, []string{`--host: "a/b" is no host`}},
		{"obs with a bad port", []string{"obs", "--host", "tv:x", "live/show"}, 2, []string{`--host: "x" is no port`}},
		{"obs with an unknown key", []string{"obs", "--config", unknown, "live/show"}, 2, []string{unknown + ":2: http.adress"}},
		{"obs of a port that is not known", []string{"obs", "--config", anyPort, "live/show"}, 2, []string{anyPort + ":2: rtmp.address: 0 is no port"}},
		{"token for nothing", []string{"token"}, 2, []string{"<streams>"}},
		{"token for a bad scope", []string{"token", "live"}, 2, []string{`"live"`}},
		{"token for no time", []string{"token", "--for", "0s", "*"}, 2, []string{"--for 0s: a token is good for some time"}},
		{"token without a secret", []string{"token", "*"}, 2, []string{"watch.secret_file: no file is given"}},
		{"token with a short secret", []string{"token", "--secret", video, "*"}, 2, []string{"--secret: a secret of 15 characters is too short"}},
		{"not a clip", []string{"push", video, "rtmp://localhost/live/show"}, 1, []string{video}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := launch(t, c.args...)
			p.wants(c.code)
			text := p.err.String()
			if !strings.HasPrefix(text, "sluice: ") || strings.Count(text, "\n") != 1 {
				t.Errorf("%q", text)
			}
			for _, words := range c.err {
				if !strings.Contains(text, words) {
					t.Errorf("%q is not in %q", words, text)
				}
			}
			if out := p.out.String(); out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{"--help"}, []string{"serve", "push", "demo", "obs", "check"}},
		{[]string{"obs", "--help"}, []string{"--ladder", "1080p30:6000", "x264, nvenc", "--host", "--config", "Config Override"}},
		{[]string{"check", "--help"}, []string{"--duration", "15s", "--strict", "--json", "--rules"}},
		{[]string{"version"}, []string{"sluice  ", "commit  ", "date  ", "go      go1.", "system  " + runtime.GOOS + "/"}},
		{[]string{"check", "--rules"}, []string{"hls/target-duration ", "lldash/growing", "RFC 8216bis, 6.2.5.2"}},
		{[]string{"serve", "--help"}, []string{"--config", "--rtmp", "--http", "--segments", "--log-format", "configs/sluice.yml"}},
		{[]string{"push", "--help"}, []string{"--loop", "--count", "rtmp://host[:port]/app/name"}},
		{[]string{"health", "--help"}, []string{"--http", "--config", "/readyz"}},
		{[]string{"demo", "-h"}, []string{"--http"}},
	} {
		p := launch(t, c.args...)
		p.wants(0)
		for _, words := range c.words {
			if !strings.Contains(p.out.String(), words) {
				t.Errorf("%s: %q is not in\n%s", c.args, words, p.out.String())
			}
		}
		if p.err.String() != "" {
			t.Errorf("%s: %s", c.args, p.err.String())
		}
	}
}

// demo prints a URL that answers, publishes there, and stops when it is told.
// What it publishes nobody else can.
func TestDemo(t *testing.T) {
	demo := launch(t, "demo", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--segments", t.TempDir(), "--log-format", "json")
	url := demo.finds(&demo.out, `(http://\S+/live/demo/)`)
	if _, err := fs.Stat(web.Files(), "player.html"); err == nil { // the page is built
		answers(t, url, "<html")
	}
	for path, want := range map[string]string{"index.m3u8": "#EXT-X-STREAM-INF", "index.mpd": "SegmentTimeline"} {
		answers(t, url+path, want)
	}
	address := demo.finds(&demo.err, `"protocol":"rtmp","address":"([^"]+)"`)

	clip := filepath.Join("..", "..", "pkg", "push", "demo.flv")
	second := launch(t, "push", clip, "rtmp://"+address+"/live/demo?token=secret")
	second.wants(1)
	lines := strings.Split(strings.TrimSpace(second.err.String()), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "sluice: ") || !strings.Contains(last, "NetStream.Publish.BadName") || !strings.Contains(last, "somebody else") ||
		strings.Contains(last, "secret") {
		t.Errorf("%q", last)
	}

	third := launch(t, "push", "--loop", "--count", "2", clip, "rtmp://"+address+"/live/other")
	answers(t, strings.Replace(url, "demo/", "other-2/index.m3u8", 1), "#EXT-X-STREAM-INF")
	third.stop()
	third.wants(0)
	demo.stop()
	demo.wants(0)
}

// answers waits until a URL answers with what is wanted.
func answers(t *testing.T, url, want string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil && res.StatusCode == http.StatusOK && strings.Contains(string(body), want) {
			return
		}
	}
	t.Errorf("%s does not answer", url)
}

// serve runs until it is told to stop. Its log has no colours where nobody
// sees them.
func TestServe(t *testing.T) {
	p := launch(t, "serve", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--segments", t.TempDir(), "--log-format", "console")
	address := p.finds(&p.err, `listening address=(\S+) protocol=http`)
	answers(t, "http://"+address+"/healthz", "ok")
	health := launch(t, "health", "--http", address)
	health.wants(0)
	if out := health.out.String(); out != "ready\n" {
		t.Errorf("health says %q", out)
	}
	p.stop()
	p.wants(0)
	if log := p.err.String(); strings.Contains(log, "\x1b") || !strings.Contains(log, "anyone") {
		t.Errorf("%q", log)
	}
}

// health fails where a gateway is not ready, and says why.
func TestNotReady(t *testing.T) {
	stopping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the gateway is stopping", http.StatusServiceUnavailable)
	}))
	t.Cleanup(stopping.Close)
	p := launch(t, "health", "--http", stopping.Listener.Addr().String())
	p.wants(1)
	if text := p.err.String(); text != "sluice: 503 Service Unavailable: the gateway is stopping\n" {
		t.Errorf("%q", text)
	}
}

// A stop that was asked for is no failure when the disk did not take everything.
func TestServeWithAFullDisk(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, "serve", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--segments", dir, "--log-format", "json")
	http := p.finds(&p.err, `"protocol":"http","address":"([^"]+)"`)
	rtmp := p.finds(&p.err, `"protocol":"rtmp","address":"([^"]+)"`)
	if err := os.WriteFile(filepath.Join(dir, "live"), nil, 0o600); err != nil { // where a directory has to be
		t.Fatal(err)
	}
	push := launch(t, "push", "--loop", filepath.Join("..", "..", "pkg", "push", "demo.flv"), "rtmp://"+rtmp+"/live/show")
	answers(t, "http://"+http+"/live/show/v0/index.m3u8", "#EXTINF")
	push.stop()
	push.wants(0)
	p.stop()
	p.wants(0)
	if !strings.Contains(p.err.String(), "are not written") {
		t.Errorf("%s", p.err.String())
	}
}

// Settings of the environment count, and flags count more.
func TestEnvironment(t *testing.T) {
	t.Setenv("SLUICE_HTTP_ADDRESS", "nowhere")
	p := launch(t, "serve", "--rtmp", "127.0.0.1:0", "--segments", t.TempDir())
	p.wants(2)
	if text := p.err.String(); !strings.HasPrefix(text, "sluice: SLUICE_HTTP_ADDRESS: http.address: ") {
		t.Errorf("%q", text)
	}
	p = launch(t, "serve", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--segments", t.TempDir())
	p.finds(&p.err, `"protocol":"(http)"`)
	p.stop()
	p.wants(0)
}

// check tells what it saw and how it went by the exit code, as text and as
// JSON.
func TestCheck(t *testing.T) {
	broken := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:LONG,\na.ts\n#EXT-X-ENDLIST\n"
	packets := strings.Repeat("G"+strings.Repeat("\x00", 187), 3)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		switch text := strings.Replace(broken, "LONG", r.URL.Query().Get("extinf"), 1); r.URL.Path {
		case "/x.m3u8":
			w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
			_, _ = io.WriteString(w, text)
		case "/a.ts":
			w.Header().Set("Content-Type", "video/mp2t")
			_, _ = io.WriteString(w, packets)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	for _, c := range []struct {
		args []string
		code int
		out  []string
	}{
		{[]string{"--duration", "1s", server.URL + "/x.m3u8?extinf=2"}, 0, []string{"warning  http/etag", "HLS, ", "0 errors"}},
		{[]string{"--duration", "1s", "--strict", server.URL + "/x.m3u8?extinf=2"}, 1, []string{"0 errors"}},
		{[]string{"--duration", "1s", server.URL + "/x.m3u8?extinf=4"}, 1, []string{"error    hls/extinf-target", "line 4", "1 error"}},
		{[]string{"--duration", "1s", "--json", server.URL + "/x.m3u8?extinf=4"}, 1, []string{`"rule": "hls/extinf-target"`, `"line": 4`, `"kind": "HLS"`}},
	} {
		p := launch(t, append([]string{"check"}, c.args...)...)
		p.wants(c.code)
		for _, words := range c.out {
			if !strings.Contains(p.out.String(), words) {
				t.Errorf("%s: %q is not in\n%s", c.args, words, p.out.String())
			}
		}
		if said := strings.HasPrefix(p.err.String(), "sluice: rules are broken at http://"); said != (c.code == 1) {
			t.Errorf("%s: %q", c.args, p.err.String())
		}
	}
}
