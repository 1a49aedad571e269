package main

import (
	"strings"
	"testing"
)

// A book tells a violation with what came before it, and counts the others.
func TestBook(t *testing.T) {
	var out strings.Builder
	b := newBook(&out, []string{"known/rule"})
	b.event("kill", "for a second")
	for range 5 {
		b.broken("new/rule", "index.mpd", "it is %s", "wrong")
	}
	b.broken("known/rule", "index.mpd", "as ever")
	b.saw("segments", 7)
	b.table()
	text := out.String()
	if b.failed() != 5 {
		t.Errorf("%d violations", b.failed())
	}
	if n := strings.Count(text, "VIOLATION  new/rule at index.mpd: it is wrong\n"); n != toldPerRule {
		t.Errorf("told %d times", n)
	}
	for _, want := range []string{"after 0.00  kill", "1, allowed", "segments"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// Addresses are told by kind, or each segment would be another violation.
func TestPlace(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:1/live/film/v0/387c833b30a3edf5/n870835784.m4s": "/live/film/v0/*/n*.m4s",
		"http://127.0.0.1:1/live/film/v0/p161599118934240.m4s":            "/live/film/v0/p*.m4s",
		"http://127.0.0.1:1/live/film/v0/index.m3u8":                      "/live/film/v0/index.m3u8",
	} {
		if got := place(address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}
