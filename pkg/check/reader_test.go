package check

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestReadSeconds(t *testing.T) {
	for text, want := range map[string]seconds{
		"4":               {4 * time.Second, time.Second},
		"2.00000":         {2 * time.Second, 10 * time.Microsecond},
		"0.2":             {200 * time.Millisecond, 100 * time.Millisecond},
		"1.0000000019":    {time.Second + time.Nanosecond, time.Nanosecond},
		"1795362667.2271": {1795362667*time.Second + 227100*time.Microsecond, 100 * time.Microsecond},
	} {
		if got, err := readSeconds(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".5", "-1", "1e3", "+1", "two", "9223372036854775807", "1.2.3"} {
		if got, err := readSeconds(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestReadDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT2S": 2 * time.Second, "PT2.5S": 2500 * time.Millisecond, "PT1M0.25S": time.Minute + 250*time.Millisecond, "PT0S": 0,
		"P1DT1H": 25 * time.Hour, "P1Y2M": (365 + 60) * 24 * time.Hour, "PT1795362667.227S": 1795362667*time.Second + 227*time.Millisecond,
	} {
		if got, err := readDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "2S", "PT2", "P2S", "PT1D", "PT1.5M", "-PT1S", "PTS", "P400Y", "PT9999999999S", "PT1H1"} {
		if got, err := readDuration(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		ticks     uint64
		timescale uint32
		want      time.Duration
	}{
		{180000, 90000, 2 * time.Second},
		{161582643830430, 90000, 1795362709227 * time.Millisecond},
		{1, 3, 333333333},
		{math.MaxUint64, 1, 9_000_000_000 * time.Second},
		{math.MaxUint64, math.MaxUint32, 4294967297 * time.Second},
		{5, 0, 0},
	} {
		got := scale(c.ticks, c.timescale)
		if off := got - c.want; max(off, -off) > time.Millisecond {
			t.Errorf("%d/%d is %s", c.ticks, c.timescale, got)
		}
	}
}

func TestTemplates(t *testing.T) {
	s := &stream{base: "http://origin.example/live/index.mpd", rep: &representation{ID: "v0", Bandwidth: "9"}}
	l := listing{number: 7, time: 90000}
	for text, want := range map[string]string{
		"$RepresentationID$/t$Time$.m4s": "http://origin.example/live/v0/t90000.m4s",
		"n$Number%05d$-$Bandwidth$.m4s":  "http://origin.example/live/n00007-9.m4s",
		"/a$$b.m4s":                      "http://origin.example/a$b.m4s",
		"$Number":                        "",
		"$Number%0999d$":                 "",
		"$Nothing$":                      "",
	} {
		if got, _ := s.fill(text, l); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestSameCodec(t *testing.T) {
	for _, c := range []struct {
		said, is string
		want     bool
	}{
		{"avc1.64001F", "avc1.64001f", true},
		{"avc1.64001E", "avc1.64001f", false},
		{"mp4a.40.5", "mp4a.40.2", true},
		{"mp4a.40.34", "mp4a.40.2", false},
		{"av01.0.04M.08.0.110.01.01.01.0", "av01.0.04M.08", true},
		{"opus", "Opus", true},
		{"hev1.1.6.L93.B0", "hvc1.1.6.L93.B0", false},
	} {
		if got := sameCodec(c.said, c.is); got != c.want {
			t.Errorf("%s for %s: %t", c.said, c.is, got)
		}
	}
}

func TestCodecs(t *testing.T) {
	if got := hevc([]byte{1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93}); got != "1.6.L93.B0" {
		t.Errorf("HEVC: %s", got)
	}
	if got := av1([]byte{0x81, 0x04, 0x0c, 0}); got != "av01.0.04M.08" {
		t.Errorf("AV1: %s", got)
	}
}

// A delta, merged, is the whole playlist, also when the discontinuity in front
// has left it.
func TestMerge(t *testing.T) {
	read := func(lines ...string) *playlist {
		n := sink(func(f fault) { t.Errorf("%+v", f) }).at("http://origin.example/")
		return readPlaylist(n.url, readLines([]byte("#EXTM3U\n#EXT-X-VERSION:9\n"+strings.Join(lines, "\n")+"\n"), n), n)
	}
	known := read("#EXT-X-MEDIA-SEQUENCE:5", "#EXT-X-DISCONTINUITY-SEQUENCE:1", `#EXT-X-MAP:URI="i"`, "#EXTINF:2,", "5",
		"#EXT-X-DISCONTINUITY", `#EXT-X-MAP:URI="j"`, "#EXTINF:2,", "6", "#EXTINF:2,", "7")
	for name, delta := range map[string]*playlist{
		"with the tag":    read("#EXT-X-MEDIA-SEQUENCE:6", "#EXT-X-DISCONTINUITY-SEQUENCE:1", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2", "#EXTINF:2,", "8", "#EXT-X-DISCONTINUITY", "#EXTINF:2,", "9"),
		"without the tag": read("#EXT-X-MEDIA-SEQUENCE:6", "#EXT-X-DISCONTINUITY-SEQUENCE:2", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2", "#EXTINF:2,", "8", "#EXT-X-DISCONTINUITY", "#EXTINF:2,", "9"),
	} {
		whole := merge(known, delta)
		if whole == nil {
			t.Errorf("%s: nothing", name)
			continue
		}
		for i, want := range []struct {
			uri string
			msn uint64
			dsn uint64
		}{{"6", 6, 2}, {"7", 7, 2}, {"8", 8, 2}, {"9", 9, 3}} {
			if s := whole.segments[i]; s.uri != want.uri || s.msn != want.msn || s.dsn != want.dsn || s.init.uri != "j" {
				t.Errorf("%s: segment %d is %+v", name, i, s)
			}
		}
	}
	if merge(known, read("#EXT-X-MEDIA-SEQUENCE:6", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3", "#EXTINF:2,", "9")) != nil {
		t.Error("a delta of unknown segments was merged")
	}
}
