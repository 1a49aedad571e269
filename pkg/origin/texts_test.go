package origin_test

import (
	"net/http"
	"strings"
	"testing"
)

// Which encodings clients say that they take.
func TestAcceptEncoding(t *testing.T) {
	s, _, _ := onAir(t)
	for field, want := range map[string]string{
		"":                       "",
		"identity":               "",
		"gzip":                   "gzip",
		"GZIP":                   "gzip",
		"x-gzip":                 "gzip",
		"deflate, br":            "",
		"deflate, gzip;q=1.0, *": "gzip",
		"br;q=1, gzip ; Q=0.001": "gzip",
		"gzip;q=0":               "",
		"gzip;q=0.000, *":        "",
		"*, gzip;q=0":            "",
		"*":                      "gzip",
		"*;q=0":                  "",
		"gzip;q=x":               "",
		"gzip;q=NaN":             "",
		"gzip;q=-1":              "",
		"gzip;q=2":               "",
		"gzipped":                "",
		",,gzip,,":               "gzip",
		";;;,=;q":                "",
	} {
		got := s.do(request{http.MethodGet, "/live/show/index.mpd", map[string]string{"Accept-Encoding": field}})
		if got.status != http.StatusOK || got.header.Get("Content-Encoding") != want || got.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %d\n%s", field, got.status, headers(got.header))
		}
	}
}

// An entity tag changes with the text.
func TestTagsOfTexts(t *testing.T) {
	s, _, _ := onAir(t)
	const path = "/live/show/v0/index.m3u8"
	before := s.get(path)
	s.add(v0, 2)
	if after := s.get(path); after.header.Get("ETag") == before.header.Get("ETag") {
		t.Error("a later playlist has the tag of an earlier one")
	}
	stale := s.do(request{http.MethodGet, path, map[string]string{"If-None-Match": before.header.Get("ETag")}})
	if stale.status != http.StatusOK || !strings.Contains(stale.body, "#EXTM3U") {
		t.Errorf("%d for what has changed", stale.status)
	}
}
