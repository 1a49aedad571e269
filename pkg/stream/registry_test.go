package stream_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/stream"
)

func TestNames(t *testing.T) {
	cases := []struct {
		app, key string
		ok       bool
	}{
		{"live", "show", true},
		{"a", "0", true},
		{"live", "Show_1.hd~x-y", true},
		{"live", strings.Repeat("x", 100), true},
		{"live", strings.Repeat("x", 101), false},
		{"", "show", false},
		{"live", "", false},
		{"live", "..", false},
		{"-", "show", false},
		{"live", ".hidden", false},
		{"live", "a/b", false},
		{"live", "a b", false},
		{"live", "a%2fb", false},
		{"live", "show$Time$", false},
		{"live", "schön", false},
		{"live", "a\x00", false},
		{"live", "taken", true},
	}
	for _, c := range cases {
		_, err := newRig(t).registry.Publish(t.Context(), stream.Name{App: c.app, Key: c.key}, &quiet{})
		if ok := err == nil; ok != c.ok || !ok && !errors.Is(err, stream.ErrBadName) {
			t.Errorf("%q/%q: %v", c.app, c.key, err)
		}
	}
	if _, err := newRig(t).registry.Publish(t.Context(), stream.Name{App: "taken", Key: "show"}, &quiet{}); !errors.Is(err, stream.ErrReserved) {
		t.Errorf("a reserved application: %v", err)
	}
}

func TestAStreamStaysForAWhile(t *testing.T) {
	r := newRig(t)
	r.publish(video(1))
	r.play(source{fps: 25, gop: 50}, 0, 5000)
	r.close()
	if s := r.snapshot(); !s.Ended || len(r.registry.List()) != 1 {
		t.Error("an ended stream is not there")
	}
	r.now = r.now.Add(time.Minute)
	r.registry.Check()
	if !r.snapshot().Ended {
		t.Error("gone too early")
	}
	for name, at := range r.calendar {
		if at.Before(r.now.Add(5 * time.Second)) {
			t.Errorf("%s is removed at %v, while somebody may still play it", name, at)
		}
	}
	r.now = r.now.Add(time.Millisecond)
	r.registry.Check()
	s := r.snapshot()
	if len(r.registry.List()) != 0 || len(s.Spans()) != 0 {
		t.Error("people are told of it yet")
	}
	if _, ok := s.Rendition(v0).Find(func(s *live.Segment) bool { return s.Name == r.listed[v0][0].Name }); !ok {
		t.Error("what was listed cannot be had any more")
	}
	for _, at := range r.calendar {
		if at.After(r.now) {
			r.now = at
		}
	}
	r.now = r.now.Add(time.Millisecond)
	r.registry.Check()
	if _, ok := r.registry.Lookup(show.App, show.Key); ok {
		t.Error("still there")
	}
}

// TestAnEndedStreamStaysUntilTheNext has somebody publish under its name: it is there
// until there is something to play of the next, but for no longer than without that.
func TestAnEndedStreamStaysUntilTheNext(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 5000)
	r.close()
	first := r.presentation()
	r.publish(video(1), audio(48000))
	if r.presentation() != first {
		t.Error("gone when somebody publishes")
	}
	r.at(64_000)
	if r.presentation() != first {
		t.Error("gone too early")
	}
	r.at(66_000)
	if r.presentation() == first {
		t.Error("it stays for good")
	}
	r.at(10_000)
	r.play(steady, 10_000, 10_500)
	if r.presentation() != first {
		t.Error("gone when something comes")
	}
	r.play(source{fps: 25, gop: 50, rate: 48000, begun: 12}, 10_500, 14_000)
	if s := r.snapshot(); s.Ended || len(s.Spans()) == 0 || r.presentation().Earlier() != first {
		t.Error("the next one is not there, or the first one lost")
	}
	r.close()
}

// TestAnEndedStreamStaysBehindNothing has publishers come that send nothing.
func TestAnEndedStreamStaysBehindNothing(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 10_000)
	r.close()
	first := r.presentation()
	for range 3 {
		r.publish()
		if r.presentation() != first {
			t.Fatal("gone when somebody comes")
		}
		r.close()
		r.registry.Check()
		if r.presentation() != first {
			t.Fatal("gone when he has left")
		}
	}
}

// TestNumbersRiseBehindWithdrawal has somebody publish when nobody is told of the stream
// before any more, and some of it can be had yet.
func TestNumbersRiseBehindWithdrawal(t *testing.T) {
	r := newRig(t, lingering)
	for at := range 3 {
		r.publish(video(1), audio(48000))
		r.play(steady, 7000*at, 7000*at+6000)
		r.close()
	}
	old := r.snapshot().Renditions[0].Segments
	last, ms := old[len(old)-1], 20_000
	for ; !r.snapshot().Withdrawn; ms += 250 {
		r.at(ms)
		r.registry.Check()
	}
	r.seen = nil
	r.publish(video(1), audio(48000))
	r.play(steady, ms, ms+6000)
	now := r.snapshot().Renditions[0].Segments[0]
	if now.Period.Sequence != last.Period.Sequence+1 || now.Number <= last.Number {
		t.Errorf("period %d, number %d; before %d, %d", now.Period.Sequence, now.Number, last.Period.Sequence, last.Number)
	}
}

// TestNumbersAndTimesRiseOverPublishers has a publisher that sends faster than
// real time, one that sends nothing, and one for which the clock stepped back.
func TestNumbersAndTimesRiseOverPublishers(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	for ms := 0; ms < 60000; ms += 40 {
		r.send(v0, ms, ms%2000 == 0)
	}
	r.close()
	r.publish(video(1))
	r.close()
	r.now = noon.Add(-time.Hour)
	r.publish(video(1), audio(48000))
	for ms := 0; ms < 10000; ms += 40 {
		r.send(v0, ms, ms%2000 == 0)
	}
	r.close()
	r.verify()
	all := r.listed[v0]
	if len(all) != 35 {
		t.Errorf("%d segments", len(all))
	}
	for i, seg := range all[1:] {
		if seg.Number != all[i].Number+1 || seg.Start < all[i].End() || seg.Period.Sequence-all[i].Period.Sequence > 1 {
			t.Errorf("%s and then %s", describe(all[i]), describe(seg))
		}
	}
	if last := all[len(all)-1]; last.Period.Sequence != 1 {
		t.Errorf("the last one is %s", describe(last))
	}
}

// TestFasterThanRealTime has a publisher whose media end in the future. The
// next one is dated by the clock again, and viewers still get what the first
// one's playlists list.
func TestFasterThanRealTime(t *testing.T) {
	r := newRig(t)
	r.at(-3) // names are times: those of the next one are others
	r.publish(video(1))
	for ms := 0; ms < 60000; ms += 40 {
		r.send(v0, ms, ms%2000 == 0)
	}
	r.close()
	r.at(0)
	first := r.presentation()
	if n := r.lines("faster than real time"); n != 1 {
		t.Errorf("the log says %d times that the publisher is too fast", n)
	}
	r.publish(video(1))
	r.play(source{fps: 25, gop: 50}, 0, 5000)
	r.close()
	second := r.presentation()
	seg := second.Snapshot().Rendition(v0).Segments[0]
	if start := seg.Start.Time(seg.Timescale()); start.After(noon.Add(3 * time.Second)) {
		t.Errorf("dated %v, at %v", start, noon)
	}
	if second.Earlier() != first || first.Earlier() != nil {
		t.Error("the first presentation is not to be had any more")
	}
	r.publish(video(1))
	r.play(source{fps: 25, gop: 50}, 5000, 10_000)
	if r.presentation().Earlier() != second || second.Earlier() != nil {
		t.Error("the second presentation is not to be had, or keeps the first")
	}
	r.close()
}

func TestNumbersRiseOverARestart(t *testing.T) {
	before := newRig(t)
	before.publish(audio(48000)) // cut the most often
	before.play(source{rate: 48000}, 0, 600_000)
	before.close()
	after := newRig(t)
	after.at(600_000)
	after.publish(audio(48000))
	after.play(source{rate: 48000}, 600_000, 610_000)
	after.close()
	all := before.listed[a0]
	if last, next := all[len(all)-1].Number, after.listed[a0][0].Number; next <= last || next > 1<<31 {
		t.Errorf("number %d and, behind a restart, %d", last, next)
	}
}
