package origin_test

import (
	"net/http"
	"testing"

	"sluice/pkg/origin"
)

// Who is not ready says why, and no cache keeps that.
func TestReady(t *testing.T) {
	word, is := "the gateway is stopping", false
	s := newStudio(t, func(c *origin.Config) { c.Ready = func() (string, bool) { return word, is } })
	for _, c := range []struct {
		word   string
		is     bool
		status int
	}{
		{"the gateway is stopping", false, http.StatusServiceUnavailable},
		{"ready, but slow", true, http.StatusOK},
	} {
		word, is = c.word, c.is
		a := s.get("/readyz")
		if a.status != c.status || a.body != c.word+"\n" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %q %s", a.status, a.body, a.header.Get("Cache-Control"))
		}
	}
}
