package timeline_test

import (
	"strings"
	"testing"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// A sending is a frame that comes so many ms after start.
type sending struct {
	sent int
	media.Frame
}

// regular returns frames of both tracks at 25 frames a second, whose raw times
// change says what becomes of.
func regular(seconds int, change func(sent int, f *media.Frame)) []sending {
	var all []sending
	for i := range seconds * 25 {
		sent := i * 40
		for _, id := range []media.TrackID{v0, a0} {
			f := media.Frame{Track: id, Time: 1000 + uint32(sent), Key: true}
			change(sent, &f)
			all = append(all, sending{sent, f})
		}
	}
	return all
}

// slowAudio has frames of 40 ms, as regular does.
var slowAudio = media.Track{ID: a0, Codec: media.AAC, Timescale: 25600, FrameTicks: 1024}

var repairCases = []struct {
	repair timeline.Repair
	count  uint64
	change func(sent int, f *media.Frame)
}{
	{timeline.JumpedForward, 1, func(sent int, f *media.Frame) {
		if sent >= 2000 {
			f.Time += 1e6
		}
	}},
	{timeline.JumpedBack, 1, func(sent int, f *media.Frame) {
		if sent >= 2000 {
			f.Time -= 1500
		}
	}},
	{timeline.NotIncreasing, 2, func(sent int, f *media.Frame) {
		if f.Track == v0 && (sent == 2000 || sent == 3000) {
			f.Time -= 40
		}
	}},
	{timeline.OffsetReplaced, 3, func(sent int, f *media.Frame) {
		f.Offset = map[int]int32{0: -2001, 40: 5001, 80: 1 << 30, 120: -2000, 160: 5000}[sent]
		if f.Track == a0 {
			f.Offset = 1e6 // means nothing
		}
	}},
	{timeline.AudioMissing, 1, func(sent int, f *media.Frame) {
		if f.Track == a0 && sent >= 2000 {
			f.Time += 80
		}
	}},
	{timeline.AudioRepeated, 1, func(sent int, f *media.Frame) {
		if f.Track == a0 && sent >= 2000 {
			f.Time -= 80
		}
	}},
	{timeline.OtherClock, 1, func(_ int, f *media.Frame) {
		if f.Track == a0 {
			f.Time += 1e8
		}
	}},
	{timeline.RanAhead, 1, func(sent int, f *media.Frame) {
		if f.Track == a0 && sent >= 2000 {
			f.Time += uint32(min((sent-1960)/40, 5) * 2200)
		}
	}},
}

func TestEachRepairIsCounted(t *testing.T) {
	for _, c := range repairCases {
		p := newPublisher(video, slowAudio)
		for _, s := range regular(10, c.change) {
			p.at(s.sent, s.Frame)
		}
		got := p.clock.Repairs()
		if got[c.repair] != c.count {
			t.Errorf("%q is counted %d times, want %d", c.repair, got[c.repair], c.count)
		}
		got[c.repair] = 0
		if c.repair == timeline.RanAhead {
			got[timeline.AudioMissing] = 0 // on its way there
		}
		for r, n := range got {
			if n != 0 {
				t.Errorf("%q: %q is counted %d times", c.repair, timeline.Repair(r), n)
			}
		}
	}
}

func TestRepairsHaveNames(t *testing.T) {
	names := map[string]bool{}
	for r := range len(timeline.Counts{}) {
		name := timeline.Repair(r).String()
		if names[name] || strings.HasPrefix(name, "repair") {
			t.Errorf("repair %d is called %q", r, name)
		}
		names[name] = true
	}
	if got := timeline.Repair(200).String(); got != "repair 200" {
		t.Errorf("an unknown repair is called %q", got)
	}
}
