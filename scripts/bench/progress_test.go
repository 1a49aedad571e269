package main

import (
	"testing"
	"time"
)

// TestListedIn reads which segments are listed.
func TestListedIn(t *testing.T) {
	for _, c := range []struct {
		text string
		want segments
	}{
		{"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2.0,\n7.ts\n#EXTINF:2.0,\n8.ts\n", segments{7, 9}},
		{"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n", segments{0, 0}},
		{`<MPD><S t="4000" d="2000"/><S t="6000" d="2000"/></MPD>`, segments{2, 4}},
	} {
		if got, err := listedIn([]byte(c.text)); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"", "#EXTM3U\n", "<MPD></MPD>"} {
		if got, err := listedIn([]byte(text)); err == nil {
			t.Errorf("%q lists %v", text, got)
		}
	}
}

// TestWent knows a stream that does not go on, and one of which nothing is removed.
func TestWent(t *testing.T) {
	before := map[string]segments{"a": {10, 15}, "b": {10, 15}}
	for _, c := range []struct {
		name string
		b    segments
		ok   bool
	}{
		{"steady", segments{20, 25}, true},
		{"a segment late", segments{18, 23}, true},
		{"stands still", segments{10, 15}, false},
		{"is slow", segments{14, 19}, false},
		{"grows", segments{10, 25}, false},
	} {
		err := went(before, map[string]segments{"a": {20, 25}, "b": c.b}, 20*time.Second)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
