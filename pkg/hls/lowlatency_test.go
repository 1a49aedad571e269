package hls_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

var low = live.Targets{Segment: 2 * time.Second, Part: 250 * time.Millisecond}

func onAir(headers ...*live.Header) *studio {
	s := newStudio(20*time.Second, low)
	s.begin(0, noon.Add(451*time.Millisecond), headers...)
	return s
}

var lowCases = []struct {
	name string
	make func() *studio
}{
	{"ll-first", func() *studio { return onAir(hd, lc).play(partsOfGroup) }},
	{"ll-growing", func() *studio { return onAir(hd, lc).play(12*partsOfGroup + 4) }},
	{"ll-segment-end", func() *studio { return onAir(hd, lc).play(4 * partsOfGroup) }},
	{"ll-period", func() *studio {
		s := onAir(hd, lc).play(3 * partsOfGroup)
		s.begin(1, noon.Add(8*time.Second), sd, lc2)
		return s.play(2)
	}},
	{"ll-ended", func() *studio {
		s := onAir(hd, lc).play(12*partsOfGroup + 2)
		s.finish(v0)
		s.finish(a0)
		s.End(noon.Add(time.Minute))
		return s
	}},
	{"ll-gap", func() *studio {
		s := onAir(hd, lc).play(2*partsOfGroup + 3)
		for range 2 {
			s.finish(v0)
			s.finish(a0)
			s.gap(v0, groupFrames*frame)
			s.gap(a0, 94*audioFrame)
		}
		return s.play(1)
	}},
	{"ll-audio", func() *studio {
		s := onAir(lc)
		for range 3 {
			s.playAudio(s.lines[a0].time().Add(2*time.Second), true)
		}
		s.playAudio(s.lines[a0].time().Add(time.Second), false)
		return s
	}},
	{"ll-late-audio", func() *studio { // a rendition that was away for a period
		s := onAir(hd, lc).play(partsOfGroup)
		s.begin(1, noon.Add(4*time.Second), sd)
		s.play(partsOfGroup)
		s.begin(2, noon.Add(8*time.Second), hd, lc)
		return s.play(partsOfGroup + 1)
	}},
}

func TestLowLatencyPlaylists(t *testing.T) {
	for _, c := range lowCases {
		t.Run(c.name, func(t *testing.T) {
			s := c.make().Snapshot()
			for name, text := range map[string][]byte{
				"index.m3u8":    hls.Multivariant(s, hls.CMAF, ""),
				"v0/index.m3u8": hls.Media(s, v0, hls.CMAF).Bytes(),
				"a0/index.m3u8": hls.Media(s, a0, hls.CMAF).Bytes(),
				"v0/ts.m3u8":    hls.Media(s, v0, hls.TS).Bytes(),
			} {
				golden(t, filepath.Join("testdata", c.name, name), text)
			}
			if delta := hls.MediaDelta(s, v0); !bytes.Equal(delta, hls.Media(s, v0, hls.CMAF).Bytes()) {
				golden(t, filepath.Join("testdata", c.name, "v0", "delta.m3u8"), delta)
			} else if c.name == "ll-growing" {
				t.Error("nothing is left out in the update")
			}
		})
	}
}

// TestPromisesNeverChange goes through the life of a presentation: "the same
// attributes in all Media Playlists" (RFC 8216bis 6.2.4), from the first
// playlist to the last.
func TestPromisesNeverChange(t *testing.T) {
	promises := regexp.MustCompile(`(?m)^#EXT-X-(VERSION|TARGETDURATION|SERVER-CONTROL|PART-INF):.*$`)
	const want = `#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=6,PART-HOLD-BACK=0.75000,CAN-SKIP-UNTIL=12
#EXT-X-PART-INF:PART-TARGET=0.25000`
	s := onAir(hd, lc)
	check := func() {
		t.Helper()
		for _, id := range []media.TrackID{v0, a0} {
			for _, text := range [][]byte{hls.Media(s.Snapshot(), id, hls.CMAF).Bytes(), hls.MediaDelta(s.Snapshot(), id)} {
				if got := string(bytes.Join(promises.FindAll(text, -1), []byte("\n"))); text != nil && got != want {
					t.Fatalf("%s promises\n%s\nnot\n%s", id, got, want)
				}
			}
		}
	}
	for range 100 {
		s.play(1)
		check()
	}
	s.End(noon.Add(time.Minute))
	check()
	if text := hls.Media(s.Snapshot(), v0, hls.TS).Bytes(); bytes.Contains(text, []byte("PART")) || bytes.Contains(text, []byte("SERVER-CONTROL")) {
		t.Errorf("a playlist of MPEG-TS makes promises:\n%s", text)
	}
}

func TestPartTargetIsRoundedUp(t *testing.T) {
	cases := []struct {
		target time.Duration
		want   string
	}{
		{time.Second, "PART-HOLD-BACK=3.00000,CAN-SKIP-UNTIL=12\n#EXT-X-PART-INF:PART-TARGET=1.00000\n"},
		{200_200_000, "PART-HOLD-BACK=0.60060,CAN-SKIP-UNTIL=12\n#EXT-X-PART-INF:PART-TARGET=0.20020\n"},
		{233_566_667, "PART-HOLD-BACK=0.70071,CAN-SKIP-UNTIL=12\n#EXT-X-PART-INF:PART-TARGET=0.23357\n"},
	}
	for _, c := range cases {
		s := newStudio(20*time.Second, live.Targets{Segment: 2 * time.Second, Part: c.target})
		s.begin(0, noon, hd)
		s.part(v0, 18000, true)
		s.finish(v0)
		if text := hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes(); !strings.Contains(string(text), c.want) {
			t.Errorf("%v:\n%s", c.target, text)
		}
	}
}

// TestWithoutParts shows that a playlist stays a low-latency one when its
// segments have no parts, and an ordinary one when none were promised.
func TestWithoutParts(t *testing.T) {
	s := onAir(hd)
	s.add(v0, live.Segment{Number: 1000, Period: s.period, Header: hd, Name: "whole", Start: 1, Duration: 180000, Size: 1})
	text := string(hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes())
	if !strings.Contains(text, "PART-INF") || strings.Contains(text, "EXT-X-PART:") {
		t.Errorf("promised parts:\n%s", text)
	}
	s = onAir(hd)
	s.targets.Part = 0
	s.play(partsOfGroup + 1)
	text = string(hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes())
	if strings.Contains(text, "PART") || strings.Contains(text, "SERVER-CONTROL") || string(hls.MediaDelta(s.Snapshot(), v0)) != text {
		t.Errorf("promised none:\n%s", text)
	}
}

// TestGrowingWithoutKeyFrame shows that EXT-X-INDEPENDENT-SEGMENTS counts the
// segment that grows.
func TestGrowingWithoutKeyFrame(t *testing.T) {
	s := onAir(hd).play(partsOfGroup)
	const tag = "#EXT-X-INDEPENDENT-SEGMENTS\n"
	if text := hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes(); !bytes.Contains(text, []byte(tag)) {
		t.Errorf("not there:\n%s", text)
	}
	s.part(v0, 18000, false)
	if text := hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes(); bytes.Contains(text, []byte(tag)) {
		t.Errorf("still there:\n%s", text)
	}
}

// TestReports shows that a playlist reports on all others of the multivariant
// playlist, and for the time of a window on those that were.
func TestReports(t *testing.T) {
	second := *sd
	second.Name, second.Track.ID.Index = "second", 1
	v1 := second.Track.ID
	s := newStudio(20*time.Second, low)
	s.begin(0, noon, hd, &second, lc)
	for id, parts := range map[media.TrackID]int{v0: 3, v1: 2, a0: 0} {
		timescale := media.Ticks(s.lines[id].header.Track.Timescale)
		s.part(id, timescale/5, true)
		s.finish(id)
		for range parts {
			s.part(id, timescale/5, true)
		}
	}
	const reportV0 = "#EXT-X-RENDITION-REPORT:URI=\"../v0/index.m3u8\",LAST-MSN=1001,LAST-PART=2\n"
	const reportV1 = "#EXT-X-RENDITION-REPORT:URI=\"../v1/index.m3u8\",LAST-MSN=1001,LAST-PART=1\n"
	const reportA0 = "#EXT-X-RENDITION-REPORT:URI=\"../a0/index.m3u8\",LAST-MSN=1000,LAST-PART=0\n"
	reports := regexp.MustCompile(`(?m)^#EXT-X-RENDITION-REPORT:.*\n`)
	check := func(id media.TrackID, want string) {
		t.Helper()
		if got := string(bytes.Join(reports.FindAll(hls.Media(s.Snapshot(), id, hls.CMAF).Bytes(), -1), nil)); got != want {
			t.Errorf("%s reports\n%snot\n%s", id, got, want)
		}
	}
	check(v0, reportV1+reportA0)
	check(v1, reportV0+reportA0)
	check(a0, reportV0+reportV1)

	s.begin(1, noon.Add(time.Second), hd, lc) // without v1, once it plays
	check(v0, reportV1+reportA0)
	add := func(seconds media.Ticks) {
		for _, id := range []media.TrackID{v0, a0} {
			line := s.lines[id]
			start, length := line.at, seconds*media.Ticks(line.header.Track.Timescale)
			line.at += length
			s.add(id, live.Segment{
				Number: line.number, Period: s.period, Header: line.header, Name: "whole", Start: start, Duration: length, Size: 1,
			})
		}
	}
	s.finish(v0)
	s.finish(a0)
	add(1)
	check(v0, reportV1+"#EXT-X-RENDITION-REPORT:URI=\"../a0/index.m3u8\",LAST-MSN=1001\n")
	for range 10 {
		add(2)
	}
	check(v0, "#EXT-X-RENDITION-REPORT:URI=\"../a0/index.m3u8\",LAST-MSN=1011\n")
}

// TestSkipBoundary counts the segments that an update leaves out: those that end
// more than six target durations before the last finished one does.
func TestSkipBoundary(t *testing.T) {
	cases := []struct {
		seconds []float64 // of each segment
		want    string    // EXT-X-SKIP, "" for the whole playlist
	}{
		{[]float64{2, 2, 2, 2, 2, 2, 2}, ""},
		{[]float64{2, 2, 2, 2, 2, 2, 2, 2}, "SKIP:SKIPPED-SEGMENTS=1\n"},
		{[]float64{2, 2, 2, 2, 2, 2, 2, 2, 2}, "SKIP:SKIPPED-SEGMENTS=2\n"},
		{[]float64{2, 2.1, 2, 2, 2, 2, 2}, "SKIP:SKIPPED-SEGMENTS=1\n"},
		{[]float64{2.2, 2.1, 2, 2, 2, 2, 1.9}, ""},
	}
	for _, c := range cases {
		s := newStudio(time.Minute, low)
		s.begin(0, noon, hd)
		for _, seconds := range c.seconds {
			s.part(v0, media.Ticks(seconds*90000), true)
			s.finish(v0)
		}
		s.part(v0, 18000, true) // what grows does not count
		update := string(hls.MediaDelta(s.Snapshot(), v0))
		if c.want == "" && strings.Contains(update, "SKIP:") || !strings.Contains(update, c.want) {
			t.Errorf("%v:\n%s", c.seconds, update)
		}
	}
}

// BenchmarkLowLatency writes the playlist of what has a new part, and the update of it, with
// windows of three lengths. The parts, and the segments that some end, are published
// beforehand.
func BenchmarkLowLatency(b *testing.B) {
	for _, playlist := range []struct {
		name  string
		write func(*live.Snapshot)
	}{
		{"whole", func(s *live.Snapshot) { hls.Media(s, v0, hls.CMAF) }},
		{"update", func(s *live.Snapshot) { hls.MediaDelta(s, v0) }},
	} {
		for _, window := range []time.Duration{10 * time.Second, 30 * time.Second, 3 * time.Hour} {
			b.Run(playlist.name+"/"+window.String(), func(b *testing.B) {
				s := newStudio(window, low)
				s.begin(0, noon, hd, lc)
				s.play((int(window/(2*time.Second))+5)*partsOfGroup + 4)
				var news [64]*live.Snapshot
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if i%len(news) == 0 {
						b.StopTimer()
						for k := range news {
							news[k] = s.play(1).Snapshot()
						}
						b.StartTimer()
					}
					playlist.write(news[i%len(news)])
				}
			})
		}
	}
}
