package origin_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"sluice/pkg/origin"
)

func TestPagesSayWhatTheyMayRun(t *testing.T) {
	s := newStudio(t, func(c *origin.Config) {
		c.Pages = fstest.MapFS{
			"index.html":  {Data: []byte(`<script type="module" src="/-/assets/a.js"></script>`)},
			"player.html": {Data: []byte("<script>\n  go()\n</script><script src='b.js'></script>")},
			"assets/a.js": {Data: []byte("a()")},
		}
	})
	for path, scripts := range map[string]string{
		"/": "script-src 'self';",
		// printf '\n  go()\n' | openssl dgst -sha256 -binary | base64
		"/live/show/":    "script-src 'self' 'sha256-9tbhQE4KuBxHCTyhSjyQ/CoaLeor+ltiDyltotPTYU0=';",
		"/-/player.html": "script-src 'self' 'sha256-9tbhQE4KuBxHCTyhSjyQ/CoaLeor+ltiDyltotPTYU0=';",
	} {
		got := s.get(path).header
		if policy := got.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; "+scripts) {
			t.Errorf("%s: %s", path, policy)
		}
		if kind := got.Get("X-Content-Type-Options"); kind != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", path, kind)
		}
	}
	if policy := s.get("/-/assets/a.js").header.Get("Content-Security-Policy"); policy != "" {
		t.Errorf("a script has a policy: %s", policy)
	}
}
