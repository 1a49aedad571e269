package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// allowance is how many requests the gateway may see for each URL, on average,
// however many viewers there are.
const allowance = 1.05

// TestCDN lets viewers of LL-HLS and LL-DASH watch through nginx with the
// configuration that is shipped.
func TestCDN(t *testing.T) {
	s := start(t)
	s.broadcast("live/show")
	s.playing("live/show", 2)
	cdn := s.cdn(t)
	a := newAudience(s.http, "live/show")
	a.watch(cdn.address, 20, 6*time.Second)

	for _, fault := range a.faults {
		t.Error(fault)
	}
	for _, kind := range kinds {
		late := a.lateness(kind)
		t.Logf("%-10s %5d seen behind the cache, median %6.1f ms later than at the gateway, p95 %6.1f ms", kind, len(late), at(late, 0.5), at(late, 0.95))
		if len(late) < 20*2*5 {
			t.Errorf("%s: only %d were seen", kind, len(late))
		}
		if at(late, 0.5) > 1000 {
			t.Errorf("%s: viewers behind the cache are late", kind)
		}
	}
	for class, c := range cdn.classes() {
		t.Logf("%-9s %4d URLs, %.3f requests for each", class, c.urls, c.each())
		if class != refreshed && c.each() > allowance {
			t.Errorf("%s: %.3f requests for each of %d URLs, at most %.2f are allowed", class, c.each(), c.urls, allowance)
		}
	}
	t.Run("answers", cdn.answers)
}

// answers looks at single answers of the edge.
func (c *cdn) answers(t *testing.T) {
	folder := "/live/show/v0/"
	header := regexp.MustCompile(`URI="([^"]+\.mp4)"`).FindStringSubmatch(c.get(t, folder+"index.m3u8", nil).body)
	if header == nil {
		t.Fatal("no header in the playlist")
	}
	number := regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(c.get(t, folder+"index.m3u8", nil).body)[1]
	compressed := map[string]string{"Accept-Encoding": "br, gzip;q=0.9"}
	tests := []struct {
		name, path string
		fields     map[string]string
		status     int
		want       map[string]string
	}{
		{"an encoded path is no page", "/live/sh%6fw/", nil, 404, nil},
		{"which does not harm the page", "/live/show/", nil, 200, nil},
		{"a range of a segment by number", folder + "n" + number + ".m4s", map[string]string{"Range": "bytes=4-7"}, 206, map[string]string{"Content-Range": ""}},
		{"a text is compressed", folder + "index.m3u8", compressed, 200, map[string]string{"Content-Encoding": "gzip", "Cache-Control": "public, max-age=1"}},
		{"or not", folder + "index.m3u8", map[string]string{"Accept-Encoding": "identity"}, 200, map[string]string{"Content-Encoding": ""}},
		{"refused directives", folder + "index.m3u8?_HLS_part=1", nil, 400, nil},
		{"unknown parameters are not asked for", folder + "index.m3u8?CMCD=bl%3D1", nil, 200, map[string]string{"X-Cache": "HIT"}},
		{"a header", folder + header[1], nil, 200, map[string]string{"Cache-Control": "public, max-age=31536000, immutable"}},
		{"a range of it", folder + header[1], map[string]string{"Range": "bytes=4-7"}, 206, map[string]string{"Content-Range": ""}},
		{"a segment that is not there", folder + "5.m4s", nil, 404, nil},
		{"a growing one that is not there", folder + "n5.m4s", nil, 404, map[string]string{"Cache-Control": "no-store"}},
		{"the time", "/live/show/time", nil, 200, map[string]string{"Cache-Control": "no-store"}},
		{"the page", "/", nil, 200, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := c.get(t, test.path, test.fields)
			if got.status != test.status {
				t.Errorf("status %d, want %d: %s", got.status, test.status, got.body)
			}
			for name, want := range test.want {
				if has := got.fields.Get(name); has != want && (name != "Content-Range" || has == "") {
					t.Errorf("%s: %q, want %q", name, has, want)
				}
			}
			if all := got.fields.Values("Access-Control-Allow-Origin"); !slices.Equal(all, []string{"*"}) {
				t.Errorf("Access-Control-Allow-Origin: %q", all)
			}
		})
	}
	t.Run("the time is right", func(t *testing.T) {
		before := time.Now().Truncate(time.Millisecond)
		text := c.get(t, "/time", nil).body
		told, err := time.Parse("2006-01-02T15:04:05.000Z07:00", text)
		if err != nil || told.Before(before.Add(-time.Second)) || told.After(time.Now().Add(time.Second)) {
			t.Errorf("%q at %s: %v", text, before, err)
		}
	})
}

// BenchmarkCDN is 300 viewers of LL-HLS and 300 of LL-DASH, all with sound: four
// requests for each part of 250 ms, and 300 chunks. An operation is ten seconds
// of them. They are behind nginx, and for comparison at the gateway. It reports
// by how much they are later than a viewer of each kind who has the gateway for
// himself, how many requests it saw for each URL, and what nginx needs of a core.
func BenchmarkCDN(b *testing.B) {
	s := start(b)
	s.broadcast("live/show")
	s.playing("live/show", 2)
	b.Run("gateway", func(b *testing.B) { crowd(b, s, strings.TrimPrefix(s.http, "http://")) })
	b.Run("nginx", func(b *testing.B) {
		cdn := s.cdn(b)
		before := cdn.cpu(b)
		seconds := crowd(b, s, cdn.address)
		b.ReportMetric(100*(cdn.cpu(b)-before).Seconds()/seconds, "nginx-%-of-a-core")
		for class, c := range cdn.classes() {
			b.ReportMetric(c.each(), class+"/URL")
			if class != refreshed && c.each() > allowance {
				b.Errorf("%s: %.3f requests for each of %d URLs, at most %.2f are allowed", class, c.each(), c.urls, allowance)
			}
		}
	})
}

// crowd lets 600 viewers watch at an address, and returns for how many seconds.
func crowd(b *testing.B, s *server, address string) (seconds float64) {
	b.Helper()
	a := newAudience(s.http, "live/show")
	for b.Loop() {
		a.watch(address, 300, 10*time.Second)
		seconds += 10
	}
	b.ReportMetric(0, "ns/op") // it says nothing: they watch as long as they are told
	for _, kind := range kinds {
		late := a.lateness(kind)
		b.ReportMetric(at(late, 0.5), kind+"-p50-ms")
		b.ReportMetric(at(late, 0.95), kind+"-p95-ms")
	}
	if len(a.faults) > 0 {
		b.Errorf("%d faults, such as %s", len(a.faults), a.faults[0])
	}
	return seconds
}

// A cdn is nginx in front of a gateway, as configs/nginx-cdn.conf has it.
type cdn struct {
	address string // host:port of nginx
	process *os.Process

	mu    sync.Mutex
	asked map[string]int // by the gateway's URLs
}

// cdn starts nginx, with more words of its configuration replaced. It stops with the test.
func (s *server) cdn(t testing.TB, more ...string) *cdn {
	t.Helper()
	c := &cdn{asked: make(map[string]int)}
	front := c.count(t, s.http)
	dir, err := os.MkdirTemp("", "cdn")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // for www-data
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address = ln.Addr().String() // free when nginx starts
	_ = ln.Close()
	words := map[string]string{
		"/run/nginx.pid":           filepath.Join(dir, "pid"),
		"/run/sluice-cdn.sock":     filepath.Join(dir, "sock"),
		"/var/log/nginx/error.log": filepath.Join(dir, "log"),
		"/var/cache/sluice-cdn":    filepath.Join(dir, "cache"),
		"listen 8090":              "listen " + c.address,
		"127.0.0.1:8080":           front,
	}
	for i := 0; i < len(more); i += 2 {
		words[more[i]] = more[i+1]
	}
	conf := rewrite(t, "../../configs/nginx-cdn.conf", words)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "/usr/sbin/nginx", "-c", path, "-g", "daemon off;")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.process = cmd.Process
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		if err != nil || strings.Contains(string(log), "[error]") {
			t.Errorf("nginx: %v\n%s\n%s", err, complaints.String(), log)
		}
	})
	eventually(t, "nginx", func() bool {
		conn, err := net.Dial("tcp", c.address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return c
}

// count puts a proxy in front of the gateway that counts requests, and returns
// its address.
func (c *cdn) count(t testing.TB, gateway string) string {
	t.Helper()
	to, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     transport,
		FlushInterval: -1,
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.asked[r.URL.RequestURI()]++
		c.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		front.Close()
		transport.CloseIdleConnections()
	})
	return front.Listener.Addr().String()
}

// The classes of URLs.
const (
	blocked   = "blocked"   // playlists with delivery directives
	immutable = "immutable" // headers, parts and segments
	refreshed = "refreshed" // all other texts: each is asked for again and again
)

// A count is of requests to URLs.
type count struct{ urls, requests int }

// each returns how many requests there were for each URL.
func (c count) each() float64 { return float64(c.requests) / float64(c.urls) }

// classes returns the counts of all classes that were asked for.
func (c *cdn) classes() map[string]count {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]count)
	for url, n := range c.asked {
		class := refreshed
		switch {
		case strings.Contains(url, "_HLS_msn="):
			class = blocked
		case strings.HasSuffix(url, ".m4s"), strings.HasSuffix(url, ".mp4"):
			class = immutable
		}
		sum := all[class]
		all[class] = count{sum.urls + 1, sum.requests + n}
	}
	return all
}

// cpu returns how much time nginx and its workers have used.
func (c *cdn) cpu(t testing.TB) time.Duration {
	t.Helper()
	pids := []string{fmt.Sprint(c.process.Pid)}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", c.process.Pid))
	var total time.Duration
	for _, pid := range append(pids, strings.Fields(string(children))...) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue // it has ended
		}
		var user, system int
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after)
		if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
			t.Fatal(err)
		}
		total += time.Duration(user+system) * 10 * time.Millisecond
	}
	return total
}

// rewrite returns a file with some words replaced, each of which must be there.
func rewrite(t testing.TB, path string, words map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := string(text)
	for old, with := range words {
		if !strings.Contains(changed, old) {
			t.Fatalf("%s does not say %s", path, old)
		}
		changed = strings.ReplaceAll(changed, old, with)
	}
	return changed
}
