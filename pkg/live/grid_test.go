package live_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// ntsc is video of 29.97 frames a second, whose times are in milliseconds.
var ntsc = &live.Header{Name: "n", Track: media.Track{ID: v0, Timescale: 90000, FrameRate: media.Ratio{Num: 30000, Den: 1001}}}

var gridCases = []struct {
	name    string
	lengths []int  // of segments, in ticks
	want    string // number, start and length of each grid
}{
	{"regular", []int{180180, 180180, 180180}, "0+0/180180"},
	{"to the millisecond, the frames tell better", []int{180090, 180180, 180270, 180180}, "0+0/180180"},
	{"lost frames do not", []int{171000, 171000}, "0+0/171000"},
	{"a little early", []int{180180, 135180, 180180}, "0+0/180180"},
	{"too early", []int{180180, 135000, 180180}, "0+0/180180 2+315180/135000"},
	{"a little late", []int{180180, 267570, 180180}, "0+0/180180"},
	{"too late", []int{180180, 267660, 180180}, "0+0/180180 2+447840/267660"},
	{
		"one odd segment does not change what is usual",
		[]int{180180, 180180, 180180, 180180, 360360, 180180},
		"0+0/180180 5+1081080/180180",
	},
}

// TestGrids publishes segments of which each is seen growing before it is
// complete.
func TestGrids(t *testing.T) {
	for _, c := range gridCases {
		p := presentation(time.Minute)
		period := &live.Period{Headers: []*live.Header{ntsc, audio}}
		at := media.Ticks(0)
		var before []live.Grid
		for i, length := range c.lengths {
			cut(p, period, uint64(i), at, media.Ticks(length), 60)
			at += media.Ticks(length)
			now := p.Snapshot().Grids
			if len(before) > 0 && before[0].Length != 0 && !slices.Equal(before, now[:len(before)]) {
				t.Errorf("%s: %+v became %+v", c.name, before, now)
			}
			before = now
		}
		if got := grids(p.Snapshot()); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// cut publishes a segment of video, and audio that has no say in the matter.
func cut(p *live.Presentation, period *live.Period, number uint64, at, length media.Ticks, frames int) {
	seg := live.Segment{Number: number, Period: period, Header: period.Headers[0], Start: at, Duration: length / 8, Frames: frames / 8}
	other := live.Segment{Number: number, Period: period, Header: audio, Start: 7 * media.Ticks(number), Duration: 48000, Frames: 1}
	p.Grow(a0, live.Growing{Segment: other}, "", noon)
	p.Grow(v0, live.Growing{Segment: seg}, "", noon)
	seg.Duration, seg.Frames = length, frames
	targets := live.Targets{Segment: 2 * time.Second}
	p.Add(v0, seg, targets, noon)
	p.Add(a0, other, targets, noon)
}

// grids returns the grids of a snapshot: "0+0/180000 2+314000/180000".
func grids(s *live.Snapshot) string {
	var all []string
	for _, g := range s.Grids {
		all = append(all, fmt.Sprintf("%d+%d/%d", g.Number, g.Start, g.Length))
	}
	return strings.Join(all, " ")
}

// TestGridOfADriftingClock publishes for a day from an encoder whose clock is
// wrong. What a grid learned of it makes the next one better.
func TestGridOfADriftingClock(t *testing.T) {
	p := presentation(time.Minute)
	period := &live.Period{Headers: []*live.Header{ntsc, audio}}
	var at media.Ticks
	starts := map[uint64]bool{}
	for number := range uint64(24 * 1800) {
		cut(p, period, number, at, 180180+18+media.Ticks(number%3), 60) // 105 ppm
		at += 180180 + 18 + media.Ticks(number%3)
		for _, g := range p.Snapshot().Grids {
			starts[g.Number] = true
			if off := at - g.At(number+1); g.Number <= number && len(p.Snapshot().Grids) == 1 && off > g.Length/2+200 {
				t.Fatalf("number %d is %d ticks off", number, off)
			}
		}
	}
	if len(starts) < 2 || len(starts) > 3 {
		t.Errorf("%d grids", len(starts))
	}
}

// TestGridsGoWithTheirSegments checks what a new period begins with, and that
// what is no longer listed is forgotten.
func TestGridsGoWithTheirSegments(t *testing.T) {
	p := presentation(8 * time.Second)
	before := &live.Period{Headers: []*live.Header{ntsc, audio}}
	for number := range uint64(4) {
		cut(p, before, number, media.Ticks(number)*180180, 180180, 60)
	}
	after := &live.Period{Sequence: 1, Headers: []*live.Header{video, audio}}
	p.Grow(v0, live.Growing{Segment: live.Segment{Number: 9, Period: after, Header: video, Start: 9_000_000, Offset: 6000, Duration: 90}}, "", noon)
	if got := grids(p.Snapshot()); got != "0+0/180180 9+9006000/180180" {
		t.Errorf("a new period that is not yet complete: %s", got)
	}
	for number := range uint64(6) {
		cut(p, after, 9+number, 9_000_000+media.Ticks(number)*180180, 180180, 60)
	}
	if got := grids(p.Snapshot()); got != "9+9006000/180180" {
		t.Errorf("after a window: %s", got)
	}
}
