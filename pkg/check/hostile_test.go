package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/check/checktest"
)

// A server that wants to hurt ends the check in bounded time, with an error or
// a report.
func TestHostile(t *testing.T) {
	endless := func(kind, head string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			piece := []byte(strings.Repeat(head, 1000))
			for {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		server http.HandlerFunc
		want   string // in the error
	}{
		{"endless", endless("application/vnd.apple.mpegurl", "#EXTM3U\n"), "larger than any player"},
		{"a bomb of gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(compressed(strings.Repeat("#EXTM3U\n", maxText/4)))
		}, "larger than any player"},
		{"a trickle", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte("#"))
				_ = http.NewResponseController(w).Flush()
				until(r.Context(), time.Now().Add(time.Second))
			}
		}, "deadline exceeded"},
		{"silence", func(_ http.ResponseWriter, r *http.Request) { until(r.Context(), time.Now().Add(time.Hour)) }, "deadline exceeded"},
		{"redirects", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+random(), http.StatusFound) }, "redirects"},
		{"to a file", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "unsupported protocol"},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, "neither a playlist nor an MPD"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "neither a playlist nor an MPD"},
		{"404", http.NotFound, "status 404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				checktest.Serve(c.server, func(transport http.RoundTripper) {
					_, err := Run(context.Background(), "http://origin.example/x.m3u8", Options{Duration: 5 * time.Second, Transport: transport})
					if err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("%v, want %q", err, c.want)
					}
				})
			})
		})
	}
}

// Playlists and manifests that list without end are read up to a bound, and
// what they list is not stormed.
func TestHostileLists(t *testing.T) {
	var asked atomic.Int64
	for name, text := range map[string]string{
		"segments":   "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + strings.Repeat("#EXTINF:1,\na.ts\n", maxLines/4) + strings.Repeat("#EXTM3U\n", maxLines),
		"renditions": "#EXTM3U\n" + manyVariants(),
		"skipped":    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6\n#EXT-X-PART-INF:PART-TARGET=0.000000001\n#EXT-X-SKIP:SKIPPED-SEGMENTS=18446744073709551615\n#EXTINF:1,\na.ts\n",
		"periods":    `<MPD type="dynamic" minimumUpdatePeriod="PT0S">` + strings.Repeat("<Period/>", 1000) + "</MPD>",
		"timeline":   `<MPD type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" minimumUpdatePeriod="PT0S"><Period start="PT0S"><AdaptationSet><SegmentTemplate media="$Time$" initialization="i" timescale="1000000"><SegmentTimeline>` + strings.Repeat(`<S d="1" r="99999999"/>`, 1000) + `</SegmentTimeline></SegmentTemplate>` + strings.Repeat(`<Representation id="a"/>`, 8) + `</AdaptationSet></Period></MPD>`,
	} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			synctest.Test(t, func(t *testing.T) {
				handler := func(w http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					_, _ = w.Write(compressed(text))
				}
				checktest.Serve(gzipped(handler), func(transport http.RoundTripper) {
					if _, err := Run(context.Background(), "http://origin.example/x", Options{Duration: 3 * time.Second, Transport: transport}); err != nil {
						t.Error(err)
					}
				})
			})
			if asked := asked.Load(); asked > 600 {
				t.Errorf("%d requests in 3 s", asked)
			}
		})
	}
}

func manyVariants() string {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=1\n%d.m3u8\n", i)
	}
	return b.String()
}

func gzipped(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		next(w, r)
	}
}

// What is not an address is refused before anything is asked.
func TestValidate(t *testing.T) {
	for _, address := range []string{"", "here", "/x.m3u8", "rtmp://host/live/show", "file:///x.m3u8", "http://", "http://[::1"} {
		if Validate(address) == nil {
			t.Errorf("%q is valid", address)
		}
		if _, err := Run(context.Background(), address, Options{}); err == nil {
			t.Errorf("%q is watched", address)
		}
	}
	if err := Validate("https://host:8443/live/show/index.m3u8?token=1"); err != nil {
		t.Error(err)
	}
}

// The same over real sockets, and stopped by the caller.
func TestSockets(t *testing.T) {
	server := httptest.NewServer(newImitation())
	defer server.Close()
	for _, path := range []string{both, lowDASH} {
		report, err := Run(context.Background(), server.URL+path, Options{Duration: 2500 * time.Millisecond})
		if err != nil || report.Failed(false) || report.Seen["segment"] == 0 {
			t.Errorf("%s: %v, %+v", path, err, report)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, server.URL+both, Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestReport(t *testing.T) {
	l := newLedger(nil)
	n := sink(l.add).at("http://origin.example/x.m3u8")
	n.broken("http/gzip", 0, "2000 bytes")
	n.broken("hls/extinf-target", 9, "EXTINF \x1b[31m%s", strings.Repeat("9", 1000))
	n.broken("hls/extinf-target", 12, "another")
	l.saw("playlist")
	r := l.report()
	r.Kind, r.URL = "HLS", n.url
	var text, data bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteJSON(&data)); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"error    hls/extinf-target  (2 times)", "RFC 8216bis, 4.4.3.1 MUST: EXTINF", "at http://origin.example/x.m3u8, line 9", "warning  http/gzip", "1 error, 1 warning", "1 playlist"} {
		if !strings.Contains(text.String(), words) {
			t.Errorf("%q is not in\n%s", words, text.String())
		}
	}
	if strings.Contains(text.String(), "\x1b") || text.Len() > 2000 {
		t.Errorf("%q", text.String())
	}
	var back struct {
		Kind     string
		Findings []struct {
			Rule, Level, Reference, URL, Detail string
			Line, Count                         int
		}
	}
	if err := json.Unmarshal(data.Bytes(), &back); err != nil || len(back.Findings) != 2 || back.Findings[0].Line != 9 || back.Findings[0].Level != "MUST" || back.Findings[0].Count != 2 {
		t.Errorf("%v\n%s", err, data.String())
	}
	if !r.Failed(false) {
		t.Error("a broken rule is no failure")
	}
	r.Findings = r.Findings[1:]
	if r.Failed(false) || !r.Failed(true) {
		t.Error("a warning fails though not strict, or does not fail though strict")
	}
	text.Reset()
	if err := WriteRules(&text); err != nil || strings.Count(text.String(), "\n") != len(Rules()) {
		t.Errorf("%v: %s", err, text.String())
	}
}
