package origin_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"sluice/pkg/media"
	"sluice/pkg/origin"
)

// A doorman lets in who has the token "good", to live/show or, with "all", to all, and whom it trusts.
type doorman struct{ trusting bool }

func (d doorman) Check(_ context.Context, token, app, name string) error {
	if token == "all" || token == "good" && app == "live" && name == "show" {
		return nil
	}
	return errors.New("not with " + app + "/" + name)
}

func (d doorman) Guards() bool { return true }

func (d doorman) Trusts(addr netip.Addr) bool { return d.trusting && addr.IsLoopback() }

// TestGate asks for all there is of a stream without a token, and with some.
func TestGate(t *testing.T) {
	open := newStudio(t)
	gated := newStudio(t, func(c *origin.Config) { c.Gate = doorman{} })
	trusting := newStudio(t, func(c *origin.Config) { c.Gate = doorman{trusting: true} })
	id := media.TrackID{Kind: media.Video}
	name := ""
	for _, s := range []*studio{open, gated, trusting} {
		for n := range uint64(4) {
			name = s.add(id, 10+n).Name
		}
	}
	for _, path := range []string{
		"/live/show.m3u8", "/live/show.mpd", "/live/show", "/live/show/", "/live/show/index.m3u8", "/live/show/ts.m3u8", "/live/show/index.mpd", "/live/show/obs.json",
		"/live/show/v0/index.m3u8", "/live/show/v0/index.m3u8?_HLS_skip=YES", "/live/show/v0/" + name + ".m4s", "/live/show/v0/header-v0.mp4", "/live/show/time", "/live/show/v0/none.m4s",
	} {
		want := open.get(path)
		if got := gated.get(path); got.status != http.StatusForbidden || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.body, "/t/TOKEN") {
			t.Errorf("%s without a token: %d %v %s", path, got.status, got.header, got.body)
		}
		if got := gated.get("/t/bad" + path); got.status != http.StatusForbidden || got.header.Get("Cache-Control") != "no-store" || !strings.Contains(got.body, "not with live/show") {
			t.Errorf("%s with a bad token: %d %v %s", path, got.status, got.header, got.body)
		}
		for _, got := range []answer{gated.get("/t/good" + path), gated.get("/t/all" + path), trusting.get(path)} {
			if got.status != want.status || got.body != want.body && !strings.HasSuffix(path, "time") {
				t.Errorf("%s with a token: %d %q, want %d %q", path, got.status, got.body, want.status, want.body)
			}
			for _, field := range []string{"Cache-Control", "Etag", "Content-Type", "Location"} {
				if got.header.Get(field) != want.header.Get(field) {
					t.Errorf("%s: %s is %q with a token, and %q without", path, field, got.header.Get(field), want.header.Get(field))
				}
			}
		}
	}
	for path, want := range map[string]int{
		"/": 200, "/healthz": 200, "/readyz": 200, "/-/assets/app-1234.js": 200, "/time": 200, "/publish.json": 200, // for all
		"/streams.json": 403, "/t/good/streams.json": 403, "/t/all/streams.json": 200,
		"/t/good/": 200, "/t/good/-/assets/app-1234.js": 200,
		"/t/good/live/other/index.m3u8": 403, "/t/good/other/show/index.m3u8": 403, "/t/good/live/show.m3u8/index.m3u8": 403,
		"/t/good": 404, "/t/": 404, "/t": 404, "/t//live/show/index.m3u8": 403, "/t/good/t/good/live/show/index.m3u8": 404,
		"//live/show/index.m3u8": 403, "/live%2fshow/index.m3u8": 403, "/t/good/live/sh%6fw/index.m3u8": 404, "/%6cive/show/index.m3u8": 403, "/t%2fgood/live/show/index.m3u8": 404,
		"/-/../live/show/index.m3u8": 404, "/./live/show/index.m3u8": 403, "/nothing": 403,
	} {
		if got := gated.get(path); got.status != want {
			t.Errorf("%s: %d %s, want %d", path, got.status, got.body, want)
		}
	}
	if log := gated.log.String(); strings.Contains(log, "good") {
		t.Errorf("a token is in the log: %s", log)
	}
}
