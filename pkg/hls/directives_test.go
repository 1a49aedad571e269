package hls_test

import (
	"math"
	"strings"
	"testing"

	"sluice/pkg/hls"
)

var directiveCases = []struct {
	query string
	want  hls.Directives
	ok    bool
}{
	{"", hls.Directives{}, true},
	{"token=a%zz;b&x&=&&", hls.Directives{}, true},
	{"_HLS_msn=7", hls.Directives{Held: true, Segment: 7}, true},
	{"_HLS_msn=0", hls.Directives{Held: true}, true},
	{"_HLS_msn=7&_HLS_part=0", hls.Directives{Held: true, Segment: 7, ByPart: true}, true},
	{"t=1&_HLS_part=3&_HLS_skip=YES&_HLS_msn=7", hls.Directives{Held: true, Segment: 7, ByPart: true, Part: 3, Skip: true}, true},
	{"_HLS%5Fmsn=7", hls.Directives{Held: true, Segment: 7}, true},
	{"_HLS_skip=YES", hls.Directives{Skip: true}, true},
	{"_HLS_skip=v2", hls.Directives{}, true},
	{"_HLS_msn=%31%32", hls.Directives{Held: true, Segment: 12}, true},
	{"_HLS_msn=%zz", hls.Directives{}, false},
	{"_HLS_skip=yes", hls.Directives{}, true},
	{"_HLS_skip=v3", hls.Directives{}, true},
	{"_HLS_skip", hls.Directives{}, true},
	{"_HLS_new=1&_hls_msn=x", hls.Directives{}, true},
	{"_HLS_msn=9223372036854775807", hls.Directives{Held: true, Segment: math.MaxInt64}, true},
	{"_HLS_msn=9223372036854775808", hls.Directives{}, false},
	{"_HLS_msn=7&_HLS_part=9223372036854775808", hls.Directives{}, false},
	{"_HLS_msn=" + strings.Repeat("9", 1000), hls.Directives{}, false},
	{"_HLS_msn", hls.Directives{}, false},
	{"_HLS_msn=", hls.Directives{}, false},
	{"_HLS_msn=x", hls.Directives{}, false},
	{"_HLS_msn=-1", hls.Directives{}, false},
	{"_HLS_msn=+1", hls.Directives{}, false},
	{"_HLS_msn=1.5", hls.Directives{}, false},
	{"_HLS_msn=0x10", hls.Directives{}, false},
	{"_HLS_msn=1_0", hls.Directives{}, false},
	{"_HLS_part=1", hls.Directives{}, false},
	{"_HLS_part=1&_HLS_skip=YES", hls.Directives{}, false},
	{"_HLS_msn=7&_HLS_part=-1", hls.Directives{}, false},
	{"_HLS_msn=7&_HLS_msn=7", hls.Directives{}, false},
	{"_HLS_msn=7&_HLS_part=1&_HLS_part=2", hls.Directives{}, false},
	{"_HLS_skip=YES&_HLS_skip=YES", hls.Directives{}, false},
}

func TestParseDirectives(t *testing.T) {
	for _, c := range directiveCases {
		got, err := hls.ParseDirectives(c.query)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%.80q: %+v, %v", c.query, got, err)
		}
	}
}

func FuzzParseDirectives(f *testing.F) {
	for _, c := range directiveCases {
		f.Add(c.query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		d, err := hls.ParseDirectives(query)
		if err != nil && d != (hls.Directives{}) || d.ByPart && !d.Held || d.Segment > math.MaxInt64 || d.Part > math.MaxInt64 {
			t.Errorf("%q: %+v, %v", query, d, err)
		}
	})
}
