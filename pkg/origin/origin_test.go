package origin_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"sluice/pkg/live"
	"sluice/pkg/origin"
)

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		if err := serveHerd(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(int) {
		transport.CloseIdleConnections()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	}))
}

// onAir returns a studio with two segments of both tracks, and the folder and
// name of the first one of each.
func onAir(t *testing.T) (s *studio, video, audio string) {
	t.Helper()
	s = newStudio(t)
	for n := range uint64(2) {
		v, a := s.add(v0, n), s.add(a0, n)
		if n == 0 {
			video, audio = "/live/show/v0/"+v.Name, "/live/show/a0/"+a.Name
		}
	}
	return s, video, audio
}

func TestWhatIsServed(t *testing.T) {
	s, video, audio := onAir(t)
	const once, always = "public, max-age=1", "public, max-age=31536000, immutable"
	for _, c := range []struct{ path, kind, cache, body string }{
		{"/live/show/index.m3u8", "application/vnd.apple.mpegurl", once, "\nv0/index.m3u8\n"},
		{"/live/show/master.m3u8", "application/vnd.apple.mpegurl", once, "\nv0/index.m3u8\n"},
		{"/live/show/playlist.m3u8", "application/vnd.apple.mpegurl", once, "\nv0/index.m3u8\n"},
		{"/live/show.m3u8", "application/vnd.apple.mpegurl", once, "\nshow/v0/index.m3u8\n"},
		{"/live/show/ts.m3u8", "application/vnd.apple.mpegurl", once, "\nv0/ts.m3u8\n"},
		{"/live/show/index.mpd", "application/dash+xml", once, `media="v0/$Time$.m4s"`},
		{"/live/show/manifest.mpd", "application/dash+xml", once, `value="time"`},
		{"/live/show.mpd", "application/dash+xml", once, `value="show/time"`},
		{"/live/show/v0/index.m3u8", "application/vnd.apple.mpegurl", once, ".m4s\n"},
		{"/live/show/a0/index.m3u8", "application/vnd.apple.mpegurl", once, ".m4s\n"},
		{"/live/show/v0/ts.m3u8", "application/vnd.apple.mpegurl", once, ".ts\n"},
		{"/live/show/v0/header-v0.mp4", "video/mp4", always, "moov v0"},
		{"/live/show/a0/header-a0.mp4", "audio/mp4", always, "moov a0"},
		{video + ".m4s", "video/mp4", always, "moof"},
		{audio + ".m4s", "audio/mp4", always, "moof"},
		{"/live/show/v0/iframes.m3u8", "application/vnd.apple.mpegurl", once, "@0\n" + path.Base(video) + ".m4s\n"},
		{strings.Replace(video, "v0/", "v0/k", 1) + ".m4s", "video/mp4", always, "moof"},
		{video + ".ts", "video/mp2t", always, "\x47"},
		{audio + ".ts", "video/mp2t", always, "\x47"},
		{"/", "text/html; charset=utf-8", "no-cache", "all"},
		{"/live/show/", "text/html; charset=utf-8", "no-cache", "one"},
		{"/live/still-to-come/", "text/html; charset=utf-8", "no-cache", "one"},
		{"/-/assets/app-1234.js", "text/javascript; charset=utf-8", always, "play()"},
		{"/-/player.html", "text/html; charset=utf-8", "no-cache", "one"},
		{"/streams.json", "application/json", once, `"path":"/live/show/"`},
		{"/publish.json", "application/json", "no-cache", `{"rtmpPort":1936}`},
		{"/live/show/obs.json", "application/json", "no-cache", `"url_template": "rtmp://127.0.0.1:1936/live/{stream_key}"`},
		{"/live/still-to-come/obs.json", "application/json", "no-cache", `"authentication": "still-to-come"`},
		{"/time", "text/plain; charset=utf-8", "no-store", "2026-11-22T13:00:00.510Z"},
		{"/live/show/time", "text/plain; charset=utf-8", "no-store", "2026-11-22T13:00:00.510Z"},
		{"/healthz", "text/plain; charset=utf-8", "no-store", "ok"},
		{"/readyz", "text/plain; charset=utf-8", "no-store", "ready\n"},
	} {
		t.Run(c.path, func(t *testing.T) {
			got := s.get(c.path)
			if got.status != http.StatusOK || !strings.Contains(got.body, c.body) {
				t.Fatalf("%d %q, want %q", got.status, got.body, c.body)
			}
			if kind := got.header.Get("Content-Type"); kind != c.kind {
				t.Errorf("Content-Type %q, want %q", kind, c.kind)
			}
			if cache := got.header.Get("Cache-Control"); cache != c.cache {
				t.Errorf("Cache-Control %q, want %q", cache, c.cache)
			}
			if _, err := time.Parse(http.TimeFormat, got.header.Get("Date")); err != nil {
				t.Errorf("Date: %v", err)
			}
			if got.header.Get("Connection") != "" || got.header.Get("Content-Length") == "" {
				t.Errorf("connection or length:\n%s", headers(got.header))
			}
			sameWithoutBody(t, s, c.path, got)
			sameForAllOrigins(t, s, c.path, got)
			notModified(t, s, c.path, got)
			if query := s.get(c.path + "?CMCD=sid%3D%22a%22&token=a&token=b&%zz"); query.status != http.StatusOK || query.body != got.body {
				t.Errorf("with a query: %d", query.status)
			}
			compressed(t, s, c.path, got)
		})
	}
}

func sameWithoutBody(t *testing.T, s *studio, path string, want answer) {
	t.Helper()
	head := s.do(request{method: http.MethodHead, path: path})
	if head.status != want.status || head.body != "" {
		t.Errorf("HEAD: %d %q", head.status, head.body)
	}
	if diff := cmp.Diff(headers(want.header), headers(head.header)); diff != "" {
		t.Errorf("HEAD differs from GET:\n%s", diff)
	}
}

func sameForAllOrigins(t *testing.T, s *studio, path string, want answer) {
	t.Helper()
	if want.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("no page of another site can use it")
	}
	exposed := want.header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Date", "Content-Length", "Content-Range", "ETag"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("exposed are %q", exposed)
		}
	}
	other := s.do(request{http.MethodGet, path, map[string]string{"Origin": "https://example.org"}})
	if diff := cmp.Diff(headers(want.header), headers(other.header)); diff != "" {
		t.Errorf("with an origin:\n%s", diff)
	}
}

func notModified(t *testing.T, s *studio, path string, want answer) {
	t.Helper()
	tag := want.header.Get("ETag")
	if tag == "" {
		return
	}
	if weak := strings.HasPrefix(tag, "W/"); weak != isText(want) {
		t.Errorf("ETag %s", tag)
	}
	for _, known := range []string{tag, `"other", ` + tag, "*"} {
		got := s.do(request{http.MethodGet, path, map[string]string{"If-None-Match": known}})
		if got.status != http.StatusNotModified || got.body != "" || got.header.Get("ETag") != tag ||
			got.header.Get("Cache-Control") != want.header.Get("Cache-Control") || got.header.Get("Vary") != want.header.Get("Vary") {
			t.Errorf("If-None-Match %s: %d\n%s", known, got.status, headers(got.header))
		}
	}
	if got := s.do(request{http.MethodGet, path, map[string]string{"If-None-Match": `"other"`}}); got.status != http.StatusOK {
		t.Errorf("If-None-Match of another tag: %d", got.status)
	}
}

// isText reports whether an answer is a playlist or manifest.
func isText(a answer) bool {
	kind := a.header.Get("Content-Type")
	return kind == "application/vnd.apple.mpegurl" || kind == "application/dash+xml"
}

// compressed checks what clients get that take gzip: texts, and nothing else,
// are compressed.
func compressed(t *testing.T, s *studio, path string, plain answer) {
	t.Helper()
	got := s.do(request{http.MethodGet, path, map[string]string{"Accept-Encoding": "br, gzip;q=0.8"}})
	if vary := got.header.Get("Vary"); vary != plain.header.Get("Vary") || (vary == "Accept-Encoding") != isText(plain) {
		t.Errorf("Vary %q", vary)
	}
	if !isText(plain) {
		if got.header.Get("Content-Encoding") != "" || got.body != plain.body {
			t.Error("compressed")
		}
		return
	}
	if got.header.Get("Content-Encoding") != "gzip" || got.header.Get("Content-Length") != strconv.Itoa(len(got.body)) || gunzip(t, got.body) != plain.body {
		t.Errorf("not compressed:\n%s", headers(got.header))
	}
	if got.header.Get("ETag") == plain.header.Get("ETag") {
		t.Error("both encodings have one tag")
	}
	gzip := map[string]string{"Accept-Encoding": "gzip", "If-None-Match": got.header.Get("ETag")}
	if known := s.do(request{http.MethodGet, path, gzip}); known.status != http.StatusNotModified {
		t.Errorf("%d for what is known", known.status)
	}
	delete(gzip, "If-None-Match")
	if head := s.do(request{http.MethodHead, path, gzip}); headers(head.header) != headers(got.header) {
		t.Errorf("HEAD differs from GET:\n%s\n%s", headers(got.header), headers(head.header))
	}
}

func gunzip(t *testing.T, data string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestWhatIsNotThere(t *testing.T) {
	s, video, audio := onAir(t)
	long := strings.Repeat("x", 5000)
	paths := []string{
		"/live/other/index.m3u8", "/other/show/index.m3u8", "/live/other.m3u8", "/live/.m3u8", "/live/other.mpd",
		"/live/show/other.m3u8", "/live/show/v1/index.m3u8", "/live/show/x0/index.m3u8", "/live/show/v0/other.m3u8", "/live/show/v0/",
		"/live/show/v0/1.m4s", "/live/show/v0/1.ts", "/live/show/v0/1.mp4", "/live/show/v0/header-a0.mp4", "/live/show/v0/.m4s",
		"/live/show/v0/99999999999999999999999999.m4s", "/live/show/v0/" + long + ".m4s", "/live/show/v0/" + long + ".ts",
		"/live/show/v0/..m4s", "/live/show/a0/iframes.m3u8", "/live/show/v0/k.m4s", "/live/show/v0/k1.m4s", "/live/show/v0/gap1.m4s", strings.Replace(audio, "a0/", "a0/k", 1) + ".m4s", "/live/show/v0/p.m4s", "/live/show/v0/p1.m4s", "/live/show/v0/p01.m4s", "/live/show/v0/p-1.m4s", "/live/show/v0/p99999999999999999999.m4s",
		"/live/show/v0/n.m4s", "/live/show/v0/n00.m4s", "/live/show/v0/n-1.m4s", "/live/show/v0/n+1.m4s", "/live/show/v0/n0..m4s", "/live/show/v0/n0.00.m4s",
		"/live/show/v0/n0.0.0.m4s", "/live/show/v0/n18446744073709551616.m4s", "/live/show/v1/n0.m4s", "/live/show/v0/n.0.m4s", "/live/show/v0/n0.m4s/", "/live/ll.mpd", "/live/show/ll.m3u8",
		"/live/show/v0/../v0/index.m3u8", "/live/show/v0/%2e%2e", "/live/show/v0/..%2fa0%2findex.m3u8",
		"/live/show/v0/%2e%2e%2fv0%2f1.m4s", "/live%2fshow/v0/index.m3u8", "/live/show%2fv0/1.m4s", "/live/show/v0%00/1.m4s", "/live/sho%77/index.m3u8",
		strings.Replace(video, "v0/", "v0/%2e/", 1) + ".m4s", strings.Replace(video, "v0", "a0", 1) + ".m4s", video, video + ".mp4", video + ".m4s/", video + ".m4s.m4s",
		"/-/", "/-/assets", "/-/assets/", "/-/other.js", "/-/.gitkeep", "/-/../index.html", "/-/%2e%2e/index.html", "/-/assets/../index.html", "/-//index.html", "/-",
		"//", "//example.org", "//example.org/", "//example.org/x/", "/live//", "/live", "/live/", "/live/../", "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/.git/config", "/favicon.ico",
		"/" + long, "/" + long + "/" + long + "/",
	}
	for _, first := range origin.Reserved() {
		paths = append(paths, "/"+first+"/show", "/"+first+"/show/", "/"+first+"/show/index.m3u8", "/"+first+"/show/v0/1.m4s")
	}
	for _, path := range paths {
		got := s.get(path)
		if got.status != http.StatusNotFound || got.header.Get("Cache-Control") != "public, max-age=1" || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("GET %.80s: %d\n%s", path, got.status, headers(got.header))
			continue
		}
		sameWithoutBody(t, s, path, got)
	}
	if log := s.log.String(); log != "" {
		t.Errorf("what is not there is nothing to log:\n%s", log)
	}
}

// A stream that has no segments yet has no texts: an empty list would be
// wrong, and soon.
func TestBeforeTheFirstSegment(t *testing.T) {
	s := newStudio(t)
	s.add(v0, 0) // and the audio is still to come
	for _, path := range []string{"index.m3u8", "ts.m3u8", "index.mpd", "v0/index.m3u8", "v0/ts.m3u8", "a0/index.m3u8"} {
		if got := s.get("/live/show/" + path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := s.get("/streams.json"); !strings.Contains(got.body, `"live":true,"ready":false`) {
		t.Error(got.body)
	}
}

func TestSlashOfThePage(t *testing.T) {
	s := newStudio(t)
	for path, want := range map[string]string{
		"/live/show":              "show/",
		"/live/still-to-come":     "still-to-come/",
		"/live/show?token=a%26&b": "show/?token=a%26&b",
	} {
		got := s.get(path)
		if got.status != http.StatusTemporaryRedirect || got.header.Get("Location") != want {
			t.Errorf("%s: %d %q", path, got.status, got.header.Get("Location"))
		}
	}
}

func TestMethods(t *testing.T) {
	s, video, _ := onAir(t)
	for _, path := range []string{"/", "/live/show/index.m3u8", video + ".m4s", "/time", "/live/show/"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodTrace, "BREW"} {
			got := s.do(request{method: method, path: path})
			if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("%s %s: %d\n%s", method, path, got.status, headers(got.header))
			}
		}
		got := s.do(request{http.MethodOptions, path, map[string]string{
			"Origin": "https://example.org", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range",
		}})
		if got.status != http.StatusNoContent || !strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "Range") ||
			!strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "HEAD") {
			t.Errorf("OPTIONS %s: %d\n%s", path, got.status, headers(got.header))
		}
	}
}

func TestRanges(t *testing.T) {
	s, video, _ := onAir(t)
	for _, path := range []string{video + ".m4s", video + ".ts", "/live/show/v0/header-v0.mp4", "/live/show/v0/index.m3u8", "/-/assets/app-1234.js"} {
		whole := s.get(path)
		size := len(whole.body)
		for _, c := range []struct {
			ask    string
			status int
			want   string // the body, of 206 and 200
		}{
			{"bytes=0-", http.StatusPartialContent, whole.body},
			{"bytes=1-3", http.StatusPartialContent, whole.body[1:4]},
			{"bytes=2-99999999", http.StatusPartialContent, whole.body[2:]},
			{"bytes=-2", http.StatusPartialContent, whole.body[size-2:]},
			{"bytes=99999999-", http.StatusRequestedRangeNotSatisfiable, ""},
			{"bytes=3-1", http.StatusRequestedRangeNotSatisfiable, ""},
			{"bytes=99999999999999999999-", http.StatusRequestedRangeNotSatisfiable, ""},
			{"bytes=0-0,2-2", http.StatusOK, whole.body},
			{"bytes=0-0" + strings.Repeat(",0-0", 5000), http.StatusOK, whole.body},
		} {
			got := s.do(request{http.MethodGet, path, map[string]string{"Range": c.ask}})
			if got.status != c.status || c.want != "" && got.body != c.want {
				t.Errorf("%s of %s: %d, %d bytes", c.ask[:min(len(c.ask), 40)], path, got.status, len(got.body))
			}
			told := got.header.Get("Content-Range") != ""
			malformed := c.ask == "bytes=3-1" || c.ask == "bytes=99999999999999999999-" // net/http says nothing there
			if told != (c.status != http.StatusOK && !malformed) {
				t.Errorf("%s of %s: %d\n%s", c.ask[:min(len(c.ask), 40)], path, got.status, headers(got.header))
			}
		}
		stale := s.do(request{http.MethodGet, path, map[string]string{"Range": "bytes=1-1", "If-Range": `"other"`}})
		if stale.status != http.StatusOK || stale.body != whole.body {
			t.Errorf("%s: %d for a part of something else", path, stale.status)
		}
	}
}

// What is kept for a text is no longer than half of what it says itself about
// how often to look.
func TestLifetimesOfTexts(t *testing.T) {
	for _, c := range []struct {
		target        time.Duration
		playlist, mpd string
	}{
		{time.Second, "public, max-age=0", "public, max-age=0"},
		{2 * time.Second, "public, max-age=1", "public, max-age=1"},
		{10 * time.Second, "public, max-age=1", "public, max-age=1"},
	} {
		s := newStudio(t)
		v, a := s.add(v0, 0), s.add(a0, 0)
		s.show.Add(v0, v, live.Targets{Segment: c.target}, now)
		s.show.Add(a0, a, live.Targets{Segment: c.target}, now)
		for path, want := range map[string]string{"index.m3u8": c.playlist, "v0/index.m3u8": c.playlist, "index.mpd": c.mpd} {
			if got := s.get("/live/show/" + path).header.Get("Cache-Control"); got != want {
				t.Errorf("%s at a target duration of %v: %s", path, c.target, got)
			}
		}
	}
}
