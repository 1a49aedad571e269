package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/api"
	"sluice/pkg/monitor"
	"sluice/pkg/stream"
)

const token = "0123456789abcdef0123456789abcdef"

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// A studio has one stream, live/show.
type studio struct{ done []string }

func (s *studio) end(what string, name stream.Name) error {
	if name.String() != "live/show" {
		return stream.ErrNoStream
	}
	s.done = append(s.done, what)
	return nil
}

func (s *studio) Kick(name stream.Name) error { return s.end("kick", name) }

func (s *studio) End(name stream.Name) error { return s.end("end", name) }

func (s *studio) Reports() []monitor.Report {
	return []monitor.Report{{
		App: "live", Name: "show", Path: "/live/show/", Started: noon, Live: true, Ready: true, Bitrate: 2_600_000, FrameRate: 29.97, Drift: -3.5,
		Tracks: []monitor.Track{
			{ID: "v0", Kind: "video", Codec: "H.264", Codecs: "avc1.64001f", Width: 1280, Height: 720, FrameRate: 29.97, Bitrate: 2_500_000, KeyFrameLongest: 2},
			{ID: "a0", Kind: "audio", Codec: "AAC", Codecs: "mp4a.40.2", SampleRate: 48000, Channels: 2, Bitrate: 128_000, Skew: -0.02},
		},
		Repairs:  map[string]uint64{"clock jumped back": 2},
		Findings: []monitor.Finding{{Code: "b-frames", Level: monitor.Notice, Track: "v0", Text: "pictures are reordered", Since: noon}},
	}}
}

func (s *studio) Report(name stream.Name) (monitor.Report, bool) {
	if name.String() != "live/show" {
		return monitor.Report{}, false
	}
	return s.Reports()[0], true
}

func (s *studio) History(stream.Name) []monitor.Sample {
	return []monitor.Sample{{Time: noon, Bitrate: 2_600_000, FrameRate: 29.97, Viewers: 3}}
}

func open(s *studio) http.Handler {
	return api.New(api.Config{
		Streams: s, Reports: s, Events: happened(), Version: "v1.2.3", Token: []byte(token), Now: func() time.Time { return noon },
		Reload: func(context.Context) (api.Reloaded, error) {
			return api.Reloaded{Changed: []string{"publish.keys"}, NeedsRestart: []string{}}, nil
		},
		Settings: func() []api.Setting { return []api.Setting{{Key: "rtmp.address", Value: ":1935"}} },
		Mint: func(scope string, until time.Time) (string, error) {
			if strings.Contains(scope, "..") {
				return "", errors.New("no such scope")
			}
			return scope + until.Format("@15:04:05"), nil
		},
	})
}

// happened are two events.
func happened() *monitor.Events {
	e := new(monitor.Events)
	e.Observe(stream.Event{Kind: stream.EventStart, Time: noon, Name: stream.Name{App: "live", Key: "show"}})
	e.Observe(stream.Event{Kind: stream.EventEnd, Time: noon.Add(time.Hour), Name: stream.Name{App: "live", Key: "other"}, Lasted: time.Hour, Cause: stream.ErrKicked})
	return e
}

// ask returns the answer to a request with the token.
func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	s := new(studio)
	h := open(s)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/api/v1/streams", "", 200, `{"streams":[{"app":"live","name":"show",`},
		{"GET", "/api/v1/streams/live/show", "", 200, `"repairs":{"clock jumped back":2}`},
		{"GET", "/api/v1/streams/live/show/history", "", 200, `{"samples":[{"time":"2026-01-02T12:00:00Z","bitrate":2600000,"frameRate":29.97,"viewers":3}]}`},
		{"GET", "/api/v1/streams/live/other", "", 404, "there is no stream live/other"},
		{"GET", "/api/v1/streams/live/other/history", "", 404, "there is no stream live/other"},
		{"GET", "/api/v1/config", "", 200, `{"settings":[{"key":"rtmp.address","value":":1935"}]}`},
		{"GET", "/api/v1/events", "", 200, `{"events":[{"time":"2026-01-02T13:00:00Z","stream":"live/other","kind":"end","text":"the stream has ended, after 1h0m0s: an operator`},
		{"GET", "/api/v1/events?stream=live/show", "", 200, `{"events":[{"time":"2026-01-02T12:00:00Z","stream":"live/show","kind":"start","text":"viewers can watch"}]}`},
		{"GET", "/api/v1/events?limit=0", "", 422, "expected number >= 1"},
		{"DELETE", "/api/v1/streams/live/show/publisher", "", 204, ""},
		{"DELETE", "/api/v1/streams/live/show", "", 204, ""},
		{"DELETE", "/api/v1/streams/live/other", "", 404, "there is no stream live/other"},
		{"POST", "/api/v1/tokens", `{"scope":"live/show","lifetime":60}`, 201, `{"token":"live/show@12:01:00","expires":"2026-01-02T12:01:00Z","prefix":"/t/live/show@12:01:00"}`},
		{"POST", "/api/v1/tokens", `{"scope":"*"}`, 201, `"expires":"2026-01-03T00:00:00Z"`},
		{"POST", "/api/v1/tokens", `{"scope":"live/show","lifetime":0}`, 422, "expected number >= 1"},
		{"POST", "/api/v1/tokens", `{"scope":"live"}`, 422, "expected string to match pattern"},
		{"POST", "/api/v1/tokens", `{"scope":"../x"}`, 422, "no such scope"},
		{"POST", "/api/v1/tokens", `{"scope":"live/show","more":1}`, 422, "unexpected property"},
		{"POST", "/api/v1/tokens", `{"scope":`, 400, ""},
		{"POST", "/api/v1/tokens", `{"scope":"live/` + strings.Repeat("x", 70<<10) + `"}`, 413, ""},
		{"POST", "/api/v1/reload", "", 200, `{"changed":["publish.keys"],"needsRestart":[]}`},
		{"PUT", "/api/v1/streams", "", 405, ""},
		{"GET", "/api/v1/nothing", "", 404, ""},
	} {
		answer := ask(h, c.method, c.path, c.body)
		if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.says) {
			t.Errorf("%s %s %.60s: %d %s", c.method, c.path, c.body, answer.Code, answer.Body)
		}
		if answer.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s may be cached", c.method, c.path)
		}
	}
	if want := []string{"kick", "end"}; !slices.Equal(s.done, want) {
		t.Errorf("done: %q", s.done)
	}
}

// TestNobodyElse asks for every operation of the document without the token, with a wrong one and with one
// in another place.
func TestNobodyElse(t *testing.T) {
	s := new(studio)
	h := open(s)
	operations := 0
	for path, methods := range document(t, h).Paths {
		for method := range methods {
			operations++
			path := strings.NewReplacer("{app}", "live", "{name}", "show").Replace(path)
			for _, header := range []string{"", "Bearer", "Bearer ", "Bearer x" + token, "Bearer " + token[1:], "Basic " + token, token, "Bearer " + token + "0"} {
				r := httptest.NewRequest(strings.ToUpper(method), path+"?token="+token, strings.NewReader(`{"scope":"*"}`))
				r.Header.Set("Authorization", header)
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), token) {
					t.Errorf("%s %s with %q: %d %s", method, path, header, w.Code, w.Body)
				}
			}
		}
	}
	if operations < 7 || len(s.done) != 0 {
		t.Errorf("%d operations, done: %q", operations, s.done)
	}
}

// A description is what the tests need of the API's.
type description struct {
	OpenAPI string                                `json:"openapi"`
	Paths   map[string]map[string]json.RawMessage `json:"paths"`
}

func document(t *testing.T, h http.Handler) (d description) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return d
}
