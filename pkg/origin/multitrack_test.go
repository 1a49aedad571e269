package origin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/pkg/obs"
)

// OBS is sent to the host that the page was asked at, as a person at that page is.
func TestMultitrackIsForTheHostOfTheURL(t *testing.T) {
	s := newSet(t)
	for host, want := range map[string]string{
		"tv":             "rtmp://tv:1936/live/{stream_key}",
		"tv:8080":        "rtmp://tv:1936/live/{stream_key}",
		"[2001:db8::2]":  "rtmp://[2001:db8::2]:1936/live/{stream_key}",
		"[::1]:8080":     "rtmp://[::1]:1936/live/{stream_key}",
		"192.0.2.1:8080": "rtmp://192.0.2.1:1936/live/{stream_key}",
		"":               "Bad Request: the host to publish at is not known",
		"a;b":            `Bad Request: "a;b" is no host to publish at`,
	} {
		r := httptest.NewRequest(http.MethodGet, "/live/show/obs.json", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		var c obs.Configuration
		switch err := json.Unmarshal(w.Body.Bytes(), &c); {
		case strings.HasPrefix(want, "Bad Request"):
			if w.Code != http.StatusBadRequest || strings.TrimSpace(w.Body.String()) != want {
				t.Errorf("%q: %d %s", host, w.Code, w.Body)
			}
		case err != nil || len(c.Ingest) != 1 || c.Ingest[0].URL != want || c.Ingest[0].Key != "show":
			t.Errorf("%q: %v, %s", host, err, w.Body)
		}
	}
}

func TestMultitrackIsWhatWasAskedFor(t *testing.T) {
	s := newStudio(t)
	got := s.get("/live/show/obs.json?ladder=1280x720@50:3000,360p25:600&encoder=qsv&audio=128,64&token=a")
	var c obs.Configuration
	if err := json.Unmarshal([]byte(got.body), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Video) != 2 || c.Video[1].Width != 640 || c.Video[1].Type != "obs_qsv11_v2" || len(c.Audio.Live) != 2 {
		t.Error(got.body)
	}
	if c.Video[0].Settings["keyint_sec"] != 3.0 { // as long as the studio's segments
		t.Error(c.Video[0].Settings)
	}
	if other := s.get("/live/show/obs.json?encoder=qsv"); other.header.Get("Etag") == got.header.Get("Etag") {
		t.Error("another text has the same tag")
	}
}

func TestMultitrackMistakes(t *testing.T) {
	s := newStudio(t)
	for query, want := range map[string]string{
		"ladder=853x480:1200": `Bad Request: ladder: rung 1, "853x480:1200": the width, 853, is odd`,
		"encoder=<b>":         `Bad Request: encoder: "<b>" is not x264, `,
		"audio=1":             `Bad Request: audio: "1" is not a bit rate`,
	} {
		got := s.get("/live/show/obs.json?" + query)
		if got.status != http.StatusBadRequest || !strings.HasPrefix(got.body, want) || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	for _, path := range []string{"/api/show/obs.json", "/live/.show/obs.json", "/live/sh%20ow/obs.json"} {
		if got := s.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
