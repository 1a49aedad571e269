package gateway_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/pkg/access"
)

// TestCDNWithTokens lets viewers with tokens of their own watch through nginx with the configuration that
// is shipped: each URL costs the gateway one request, whatever token is in front of it.
func TestCDNWithTokens(t *testing.T) {
	secret := []byte(strings.Repeat("secret!!", 4))
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "watch.secret_file", file, "watch.trusted", "127.0.0.1")
	s.broadcast("live/show")
	s.playing("live/show", 3)
	cdn := s.cdn(t, "default 0;", "default 1;")
	token := func(scope access.Scope, expires time.Duration) string {
		return string(access.MakeToken(secret, scope, time.Now().Add(expires)))
	}
	const viewers = 10
	var segments []string
	for i := range viewers {
		mine := token("live/show", time.Hour+time.Duration(i)*time.Second)
		for _, text := range []string{"index.m3u8", "v0/index.m3u8", "a0/index.m3u8", "index.mpd", "ll.mpd"} {
			if got := cdn.get(t, "/t/"+mine+"/live/show/"+text, nil); got.status != http.StatusOK {
				t.Fatalf("%s: %d %s", text, got.status, got.body)
			}
		}
		if segments == nil { // the same for all
			for line := range strings.Lines(cdn.get(t, "/t/"+mine+"/live/show/v0/index.m3u8", nil).body) {
				if line = strings.TrimSpace(line); strings.HasSuffix(line, ".m4s") && !strings.HasPrefix(line, "#") {
					segments = append(segments, line)
				}
			}
		}
		for _, segment := range segments {
			got := cdn.get(t, "/t/"+mine+"/live/show/v0/"+segment, nil)
			if hit := got.fields.Get("X-Cache") == "HIT"; got.status != http.StatusOK || i > 0 && !hit {
				t.Errorf("viewer %d: %s: %d, %v", i, segment, got.status, got.fields)
			}
		}
	}
	if err := ffmpeg("-xerror", "-i", "http://"+cdn.address+"/t/"+token("live/*", time.Hour)+"/live/show/index.m3u8", "-t", "2", "-f", "null", "-"); err != nil {
		t.Error(err)
	}
	cdn.mu.Lock()
	for url, n := range cdn.asked {
		switch {
		case strings.HasPrefix(url, "/t/") && !strings.HasSuffix(url, "/time"):
			t.Errorf("the gateway was asked for %s", url)
		case strings.HasSuffix(url, ".m4s") && n != 1:
			t.Errorf("%s cost %d requests", url, n)
		}
	}
	cdn.mu.Unlock()
	if len(segments) < 3 {
		t.Errorf("%d segments", len(segments))
	}
	for what, path := range map[string]string{
		"without a token":     "/live/show/v0/index.m3u8",
		"the list of streams": "/streams.json",
		"an expired token":    "/t/" + token("*", -time.Hour) + "/live/show/v0/index.m3u8",
		"of another stream":   "/t/" + token("live/other", time.Hour) + "/live/show/v0/index.m3u8",
		"a segment":           "/live/show/v0/" + segments[0],
		"forged":              fmt.Sprintf("/t/%sx/live/show/index.mpd", token("*", time.Hour)),
		"an encoded path":     "/%6cive/show/v0/index.m3u8",
		"inside":              "/-token/" + token("*", time.Hour) + "/live/show",
	} {
		got := cdn.get(t, path, nil)
		want := http.StatusForbidden
		if what == "inside" {
			want = http.StatusNotFound
		}
		if got.status != want || want == http.StatusForbidden && got.fields.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %v", what, got.status, got.fields)
		}
	}
	for _, path := range []string{"/", "/time", "/t/" + token("live/show", time.Hour) + "/live/show/", "/t/" + token("live/show", time.Hour) + "/live/show.m3u8"} {
		if got := cdn.get(t, path, nil); got.status != http.StatusOK {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
