package timeline_test

import (
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// second has a publisher of video and audio send for a second, from the raw time
// 5000 on.
func second() *publisher {
	p := newPublisher(video, audio)
	for i := range 26 {
		p.at(i*40, media.Frame{Track: v0, Time: 5000 + uint32(i*40), Key: i == 0})
		p.at(i*40, media.Frame{Track: a0, Time: 5000 + uint32(i*1024*1000/44100)})
	}
	return p
}

var resumeCases = []struct {
	name string
	raw  uint32  // time of the first frame after the return
	sent int     // when it comes, in ms after start
	want float64 // where it is put
}{
	{"its clock ran on", 12000, 7000, 7000},
	{"its clock ran on and the frame is late", 12000, 8500, 7000},
	{"its clock ran on and the frame is early", 12000, 5500, 7000},
	{"its clock ran on for an hour", 3605000, 3600000, 3600000},
	{"its clock was set anew", 17, 7000, 7000},
	{"its clock was set anew, near its old time, much later", 6040, 600000, 600000},
	{"its clock was set anew, far ahead", 1 << 31, 7000, 7000},
	{"another publisher takes over at once", 777777, 1010, 1040},
	{"it sends again what it has sent", 5000, 1010, 1040},
	{"the frame is as old as the last", 6000, 1010, 1040},
}

func TestResume(t *testing.T) {
	for _, c := range resumeCases {
		p := second()
		p.clock.Resume()
		v := p.at(c.sent, media.Frame{Track: v0, Time: c.raw, Key: true})
		a := p.at(c.sent, media.Frame{Track: a0, Time: c.raw + 30})
		if got := ms(v.DTS, 90000); got != c.want {
			t.Errorf("%s: at %v ms, want %v", c.name, got, c.want)
		}
		if apart := ms(a.DTS, 44100) - ms(v.DTS, 90000); apart < 29.9 || apart > 30.1 {
			t.Errorf("%s: audio that was sent for 30 ms later comes %v ms later", c.name, apart)
		}
		if n := p.clock.Repairs(); n != (timeline.Counts{}) {
			t.Errorf("%s: repairs %v", c.name, n)
		}
	}
}

func TestResumeBeforeAnythingCame(t *testing.T) {
	p := newPublisher(video)
	p.clock.Resume()
	if got := ms(p.at(70, media.Frame{Track: v0, Time: 99}).DTS, 90000); got != 70 {
		t.Errorf("the first frame is at %v ms", got)
	}
	p.clock.Resume()
	p.clock.Resume()
	if got := ms(p.at(5070, media.Frame{Track: v0, Time: 5100}).DTS, 90000); got != 5071 {
		t.Errorf("the first frame after a return is at %v ms", got)
	}
}

// TestTheOtherTrackDoesNotGoBack has a publisher whose audio begins before its
// video and before where audio had come to.
func TestTheOtherTrackDoesNotGoBack(t *testing.T) {
	p := second()
	last := p.at(1040, media.Frame{Track: a0, Time: 6040}).DTS
	p.clock.Resume()
	v := p.at(1050, media.Frame{Track: v0, Time: 40000, Key: true})
	for i := range 100 {
		raw := 39500 + uint32(i*1024*1000/44100)
		a := p.at(1050+i*23, media.Frame{Track: a0, Time: raw})
		if a.DTS <= last {
			t.Fatalf("audio goes back by %d", last-a.DTS)
		}
		last = a.DTS
		off := ms(a.DTS, 44100) - ms(v.DTS, 90000) - float64(int(raw)-40000)
		if frame := 1024.0 / 44.1; raw > 40000 && (off < -frame || off > frame) {
			t.Errorf("audio sent for %d ms is %v ms off", raw-40000, off)
		}
	}
}

// TestATrackThatIsGoneDoesNotMatter has publishers of video and audio, and then
// one of audio alone, in the wrong unit.
func TestATrackThatIsGoneDoesNotMatter(t *testing.T) {
	alone := newPublisher(audio)
	p := second()
	p.clock.Resume()
	for i := range 100 {
		f := media.Frame{Track: a0, Time: uint32(i * 480)}
		want := ms(alone.at(60000+i*10, f).DTS, 44100)
		if got := ms(p.at(60000+i*10, f).DTS, 44100); got != want {
			t.Fatalf("frame %d is at %v ms, and at %v when there was no other track", i, got, want)
		}
	}
}

func TestForetellingBeginsAnew(t *testing.T) {
	p := second()
	p.clock.Resume()
	for i := range 10 {
		s := p.at(2000+i*20, media.Frame{Track: v0, Time: uint32(7000 + i*20)})
		if want := map[bool]media.Ticks{true: 1800}[i >= 6]; s.Length != want {
			t.Errorf("after frame %d the next is foretold after %d ticks, want %d", i, s.Length, want)
		}
	}
}

func TestAnotherSamplingRate(t *testing.T) {
	p := second()
	other := audio
	other.Timescale = 48000
	before := p.at(1021, media.Frame{Track: a0, Time: 6021}).DTS.Time(44100)
	p.clock.Resume()
	p.clock.SetTrack(other)
	if after := p.at(1022, media.Frame{Track: a0, Time: 0}).DTS.Time(48000); after.Sub(before) < 21*time.Millisecond {
		t.Errorf("%v comes after %v", after, before)
	}
}
