package hls_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// between segments: 1000 and 1001 are finished, with nine parts each.
func between() *studio { return onAir(hd, lc).play(2 * partsOfGroup) }

// within a segment: there are four parts of 1002 too.
func within() *studio { return between().play(4) }

// afterGap: 1002 has no parts, and 1003 has one.
func afterGap() *studio {
	s := between()
	s.gap(v0, groupFrames*frame)
	s.part(v0, partFrames*frame, true)
	return s
}

// before the end of a gap: nobody can see it yet.
func inGap() *studio {
	s := between()
	s.gap(v0, groupFrames*frame)
	return s
}

func over() *studio {
	s := within()
	s.End(noon.Add(time.Minute))
	return s
}

// withTarget is the state within a segment with another part target.
func withTarget(part time.Duration) func() *studio {
	return func() *studio {
		s := newStudio(20*time.Second, live.Targets{Segment: 2 * time.Second, Part: part})
		s.begin(0, noon, hd, lc)
		return s.play(2*partsOfGroup + 4)
	}
}

var judgeCases = []struct {
	name  string
	make  func() *studio
	query string // %d stands for the number 1000
	want  hls.Verdict
}{
	{"no directive", within, "", hls.Ready},
	{"update only", within, "_HLS_skip=YES", hls.Ready},

	{"segment long gone", within, "_HLS_msn=3", hls.Ready},
	{"last finished segment", within, "_HLS_msn=1001", hls.Ready},
	{"growing segment", within, "_HLS_msn=1002", hls.Wait},
	{"one ahead", within, "_HLS_msn=1003", hls.Wait},
	{"two ahead of the growing one", within, "_HLS_msn=1004", hls.Wait},
	{"three ahead", within, "_HLS_msn=1005", hls.TooFar},
	{"the largest number", within, "_HLS_msn=9223372036854775807", hls.TooFar},
	{"one ahead of the finished", between, "_HLS_msn=1002", hls.Wait},
	{"two ahead of the finished", between, "_HLS_msn=1003", hls.Wait},
	{"three ahead of the finished", between, "_HLS_msn=1004", hls.TooFar},

	{"part of a segment long gone", within, "_HLS_msn=3&_HLS_part=500", hls.Ready},
	{"part of an older segment", within, "_HLS_msn=1000&_HLS_part=8", hls.Ready},
	{"behind the parts of an older segment", within, "_HLS_msn=1000&_HLS_part=9", hls.Ready},
	{"behind the parts of the last finished segment, while the next grows", within, "_HLS_msn=1001&_HLS_part=9", hls.Ready},
	{"last part", within, "_HLS_msn=1002&_HLS_part=3", hls.Ready},
	{"next part", within, "_HLS_msn=1002&_HLS_part=4", hls.Wait},
	{"as many parts ahead as may be", within, "_HLS_msn=1002&_HLS_part=15", hls.Wait},
	{"one more", within, "_HLS_msn=1002&_HLS_part=16", hls.TooFar},
	{"the largest part", within, "_HLS_msn=1002&_HLS_part=9223372036854775807", hls.TooFar},
	{"first part of the next segment", within, "_HLS_msn=1003&_HLS_part=0", hls.Wait},
	{"as many parts ahead, over a boundary", within, "_HLS_msn=1003&_HLS_part=11", hls.Wait},
	{"one more, over a boundary", within, "_HLS_msn=1003&_HLS_part=12", hls.TooFar},
	{"as many parts ahead, over two boundaries", within, "_HLS_msn=1004&_HLS_part=10", hls.Wait},
	{"one more, over two boundaries", within, "_HLS_msn=1004&_HLS_part=11", hls.TooFar},
	{"first part three segments ahead", within, "_HLS_msn=1005&_HLS_part=0", hls.TooFar},
	{"the largest part of the next segment", within, "_HLS_msn=1003&_HLS_part=9223372036854775807", hls.TooFar},

	{"last part of the finished", between, "_HLS_msn=1001&_HLS_part=8", hls.Ready},
	{"behind the parts of the finished: first of the next", between, "_HLS_msn=1001&_HLS_part=9", hls.Wait},
	{"far behind the parts of the finished: first of the next", between, "_HLS_msn=1001&_HLS_part=999", hls.Wait},
	{"first part of what begins", between, "_HLS_msn=1002&_HLS_part=0", hls.Wait},
	{"as many parts of what begins", between, "_HLS_msn=1002&_HLS_part=11", hls.Wait},
	{"one more of what begins", between, "_HLS_msn=1002&_HLS_part=12", hls.TooFar},

	{"part of a gap", afterGap, "_HLS_msn=1002&_HLS_part=0", hls.Ready},
	{"far part of a gap", afterGap, "_HLS_msn=1002&_HLS_part=7", hls.Ready},
	{"gap", afterGap, "_HLS_msn=1002", hls.Ready},
	{"behind the parts before a gap", afterGap, "_HLS_msn=1001&_HLS_part=9", hls.Ready},
	{"part after a gap", afterGap, "_HLS_msn=1003&_HLS_part=0", hls.Ready},
	{"second part after a gap", afterGap, "_HLS_msn=1003&_HLS_part=1", hls.Wait},
	{"part of a gap that is not over", inGap, "_HLS_msn=1002&_HLS_part=0", hls.Wait},
	{"gap that is not over", inGap, "_HLS_msn=1002", hls.Wait},

	{"0.3 s: ten parts", withTarget(300 * time.Millisecond), "_HLS_msn=1002&_HLS_part=13", hls.Wait},
	{"0.3 s: eleven", withTarget(300 * time.Millisecond), "_HLS_msn=1002&_HLS_part=14", hls.TooFar},
	{"0.35 s: 8.57 parts", withTarget(350 * time.Millisecond), "_HLS_msn=1002&_HLS_part=11", hls.Wait},
	{"0.35 s: nine", withTarget(350 * time.Millisecond), "_HLS_msn=1002&_HLS_part=12", hls.TooFar},
	{"1 s: three parts", withTarget(time.Second), "_HLS_msn=1002&_HLS_part=6", hls.Wait},
	{"1 s: four", withTarget(time.Second), "_HLS_msn=1002&_HLS_part=7", hls.TooFar},
	{"no parts promised", withTarget(0), "_HLS_msn=9999&_HLS_part=7", hls.Ready},

	{"ended", over, "_HLS_msn=1002&_HLS_part=8", hls.Ready},
	{"ended, far ahead", over, "_HLS_msn=9999", hls.Ready},
	{"nothing yet", func() *studio { return onAir(hd) }, "_HLS_msn=1000", hls.Ready},
}

func TestJudge(t *testing.T) {
	for _, c := range judgeCases {
		d, err := hls.ParseDirectives(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Judge(c.make().Snapshot(), v0); got != c.want {
			t.Errorf("%s: %s is %d, want %d", c.name, c.query, got, c.want)
		}
	}
}

// TestHeldRequestsAreAnsweredInTime asks, in every state of a presentation, for
// what a player asks for next, and follows the request to its answer: it is
// ready with the very state in which the playlist has got what it waits for.
func TestHeldRequestsAreAnsweredInTime(t *testing.T) {
	s := between()
	for range 3 * partsOfGroup {
		number, parts := s.Snapshot().Rendition(v0).Edge()
		part := hls.Directives{Held: true, Segment: number, ByPart: true, Part: uint64(parts)}
		whole := hls.Directives{Held: true, Segment: s.lines[v0].number}
		text := hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes()
		if part.Judge(s.Snapshot(), v0) != hls.Wait || whole.Judge(s.Snapshot(), v0) != hls.Wait {
			t.Fatalf("ready before anything came: part %d of segment %d", parts, number)
		}
		s.play(1)
		if part.Judge(s.Snapshot(), v0) != hls.Ready || bytes.Equal(hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes(), text) {
			t.Fatalf("part %d of segment %d is there, and the request is held", parts, number)
		}
		finished := s.lines[v0].number > whole.Segment
		if got := whole.Judge(s.Snapshot(), v0); (got == hls.Ready) != finished {
			t.Fatalf("segment %d is finished: %v; judged %d", whole.Segment, finished, got)
		}
	}
}

func TestFindPart(t *testing.T) {
	s := within()
	r := s.Snapshot().Rendition(v0)
	first, grown := r.Segments[0], r.Growing.Parts
	cases := []struct {
		name string
		want hls.Verdict
		in   uint64
	}{
		{first.Parts[0].Name(), hls.Ready, 1000},
		{first.Parts[8].Name(), hls.Ready, 1000},
		{grown[0].Name(), hls.Ready, 1002},
		{grown[3].Name(), hls.Ready, 1002},
		{r.Hint, hls.Wait, 0},
		{live.PartName(grown[3].End() + 21021), hls.Never, 0},
		{live.PartName(grown[3].Start + 1), hls.Never, 0},
		{live.PartName(0), hls.Never, 0},
		{"p0" + grown[3].Name()[1:], hls.Never, 0},
		{"p+" + grown[3].Name()[1:], hls.Never, 0},
		{grown[3].Name()[1:], hls.Never, 0},
		{"p", hls.Never, 0},
		{"", hls.Never, 0},
		{fmt.Sprint("p", uint64(math.MaxUint64)), hls.Never, 0},
	}
	for _, c := range cases {
		found, verdict := hls.FindPart(s.Snapshot(), v0, c.name)
		if verdict != c.want || found.Segment.Number != c.in || verdict == hls.Ready && found.Part.Name() != c.name {
			t.Errorf("%q: %d in %d (%+v)", c.name, verdict, found.Segment.Number, found.Part)
		}
		if (found.Growing != nil) != (c.in == 1002) {
			t.Errorf("%q: growing is %v", c.name, found.Growing)
		}
	}
	if _, verdict := hls.FindPart(s.Snapshot(), media.TrackID{Kind: media.Video, Index: 7}, grown[0].Name()); verdict != hls.Never {
		t.Errorf("a part of a rendition that is not there: %d", verdict)
	}
}

// TestPartsStayToBeHad asks for parts whose segment left the playlist.
func TestPartsStayToBeHad(t *testing.T) {
	s := between()
	name := s.Snapshot().Rendition(v0).Segments[0].Parts[3].Name()
	s.play(10 * partsOfGroup)
	if number := s.Snapshot().Rendition(v0).Segments[0].Number; number <= 1000 {
		t.Fatalf("segment %d is listed", number)
	}
	if found, verdict := hls.FindPart(s.Snapshot(), v0, name); verdict != hls.Ready || found.Part.Name() != name {
		t.Errorf("%s: %d", name, verdict)
	}
}

// TestHintsThatDoNotComeTrue follows a request for a hinted part to a state in
// which it cannot come any more.
func TestHintsThatDoNotComeTrue(t *testing.T) {
	cases := map[string]func(*studio){
		"something else came": func(s *studio) {
			s.finish(v0)
			s.begin(1, noon.Add(time.Minute), sd)
			s.part(v0, 21021, true)
		},
		"the segment ended": func(s *studio) {
			s.lines[v0].growing.Duration-- // not where the hint said
			s.finish(v0)
		},
		"the presentation ended": func(s *studio) { s.End(noon.Add(time.Minute)) },
	}
	for name, change := range cases {
		s := within()
		hint := s.Snapshot().Rendition(v0).Hint
		if _, verdict := hls.FindPart(s.Snapshot(), v0, hint); verdict != hls.Wait {
			t.Fatalf("%s is not waited for", hint)
		}
		change(s)
		if _, verdict := hls.FindPart(s.Snapshot(), v0, hint); verdict != hls.Never {
			t.Errorf("%s: %s is %d", name, hint, verdict)
		}
	}
	s := within()
	for range 3 * partsOfGroup {
		hint := s.Snapshot().Rendition(v0).Hint
		s.play(1)
		if _, verdict := hls.FindPart(s.Snapshot(), v0, hint); verdict != hls.Ready {
			t.Fatalf("%s came and is %d", hint, verdict)
		}
	}
}

// TestHush has nothing heard of the publisher for a while, or for good: nothing is hinted at,
// but whoever read the hint before waits for the part, which may come.
func TestHush(t *testing.T) {
	s := within()
	hint := s.Snapshot().Rendition(v0).Hint
	s.Hush(noon.Add(time.Minute))
	text := hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes()
	if bytes.Contains(text, []byte("PRELOAD-HINT")) {
		t.Errorf("hinted at:\n%s", text)
	}
	if _, verdict := hls.FindPart(s.Snapshot(), v0, hint); verdict != hls.Wait {
		t.Errorf("%s is %d", hint, verdict)
	}
	s.play(1)
	if _, verdict := hls.FindPart(s.Snapshot(), v0, hint); verdict != hls.Ready {
		t.Errorf("%s came and is %d", hint, verdict)
	}
}
