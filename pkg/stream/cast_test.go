package stream_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/store"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

func lingering(c *stream.Config) { c.Linger = time.Minute }

func backup(c *stream.Config) {
	lingering(c)
	c.Conflict, c.Failover = stream.Backup, time.Second
}

// TestReturns has a publisher go away and come back. What is listed must not
// change meanwhile, the gap must fill the hole, and a new period begin.
func TestReturns(t *testing.T) {
	again := source{fps: 25, gop: 50, rate: 48000}
	cases := []struct {
		name    string
		tracks  []media.Track // of the second time, if not the same
		source  source
		away    int // ms
		video   string
		audio   string
		headers int    // of video
		warned  string // that the broadcaster is told
	}{
		{
			name: "after 5 s", source: again, away: 5000,
			video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap2.00 gap0.89 2.00 2.00 1.00",
			audio: "p0 2.01 2.01 1.00 gap0.10 | p1 gap2.00 gap2.00 gap0.89 2.01 2.01 1.00", headers: 1,
		},
		{
			name: "at once", source: again, away: 100,
			video: "p0 2.00 2.00 1.00 gap0.10 | p1 2.00 2.00 1.00",
			audio: "p0 2.01 2.01 1.00 gap0.09 | p1 2.01 2.01 1.00", headers: 1,
		},
		{
			name: "after longer than the window", source: again, away: 45000,
			video: "p0 2.00 2.00 1.00 gap0.11 | p1" + strings.Repeat(" gap2.00", 22) + " gap0.89 2.00 2.00 1.00",
			audio: "p0 2.01 2.01 1.00 gap0.10 | p1" + strings.Repeat(" gap2.00", 22) + " gap0.89 2.01 2.01 1.00", headers: 1,
		},
		{
			name: "with another size", tracks: []media.Track{video(2), audio(48000)}, source: again, away: 5000,
			video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap2.00 gap0.89 2.00 2.00 1.00",
			audio: "p0 2.01 2.01 1.00 gap0.10 | p1 gap2.00 gap2.00 gap0.89 2.01 2.01 1.00", headers: 2,
		},
		{
			name: "without audio", tracks: []media.Track{video(1)}, source: source{fps: 25, gop: 50}, away: 5000,
			video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap2.00 gap0.89 2.00 2.00 1.00",
			audio: "p0 2.01 2.01 1.00 gap0.10 | p1 gap2.00 gap2.00 gap0.89 2.01 2.01 0.75", headers: 1, warned: "viewers get silence",
		},
		{
			name: "with longer groups", source: source{fps: 25, gop: 500, rate: 48000}, away: 5000,
			video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap2.00 gap0.89 2.44 2.44 0.12",
			audio: "p0 2.01 2.01 1.00 gap0.10 | p1 gap2.00 gap2.00 gap0.89 2.45 2.43 0.13", headers: 1, warned: "too far apart",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, lingering)
			r.publish(video(1), audio(48000))
			r.play(source{fps: 25, gop: 50, rate: 48000}, 0, 5000)
			r.close()
			if s := r.snapshot(); s.Ended || !s.Away || s.Rendition(v0).Hint != "" {
				t.Fatalf("ended %v, away %v, hint %q", s.Ended, s.Away, s.Rendition(v0).Hint)
			}
			r.at(5000 + c.away)
			tracks := c.tracks
			if tracks == nil {
				tracks = []media.Track{video(1), audio(48000)}
			}
			r.publish(tracks...)
			r.play(c.source, 5000+c.away, 10000+c.away)
			if r.snapshot().Away {
				t.Error("still away")
			}
			r.close()
			r.verify()
			if got := r.shape(v0); got != c.video {
				t.Errorf("video %s, want %s", got, c.video)
			}
			if got := r.shape(a0); got != c.audio {
				t.Errorf("audio %s, want %s", got, c.audio)
			}
			headers := map[string]bool{}
			for _, seg := range r.listed[v0] {
				headers[seg.Header.Name] = true
			}
			if text := strings.Join(r.warned, " "); (text == "") != (c.warned == "") || !strings.Contains(text, c.warned) || r.lines(text) == 0 {
				t.Errorf("the broadcaster is told %q, want %q", r.warned, c.warned)
			}
			if len(headers) != c.headers {
				t.Errorf("%d headers of video, want %d", len(headers), c.headers)
			}
		})
	}
}

// TestGapsAreDatedLikeMedia has an encoder with B-frames come back: each segment, and
// each gap, is shown when the one before it ends.
func TestGapsAreDatedLikeMedia(t *testing.T) {
	r := newRig(t, lingering)
	for _, from := range []int{0, 11_000} {
		r.publish(video(1))
		for ms := from; ms < from+6000; ms += 40 {
			r.at(ms)
			f := media.Frame{Track: v0, Key: (ms-from)%2000 == 0, Time: uint32(ms), Offset: 80, Data: []byte{0, 0, 0, 1, 0x65}}
			if err := r.pub.WriteFrame(f); err != nil {
				t.Fatal(err)
			}
			r.observe()
		}
		r.close()
	}
	all := r.listed[v0]
	if len(all) != 10 || !all[4].Gap {
		t.Fatalf("%d segments", len(all))
	}
	for i, seg := range all[1:] {
		before := all[i]
		if ends, at := before.End()+before.Offset, seg.Start+seg.Offset; at != ends {
			t.Errorf("%s is shown %d ticks after %s ends", describe(seg), at-ends, describe(before))
		}
	}
}

// TestReturnsWithoutAFrame has a publisher come back and leave without having sent
// anything.
func TestReturnsWithoutAFrame(t *testing.T) {
	r := newRig(t, lingering)
	r.publish(video(1), audio(48000))
	r.play(source{fps: 25, gop: 50, rate: 48000}, 0, 5000)
	r.close()
	r.publish(video(1), audio(48000))
	r.close()
	r.publish(video(1), audio(48000))
	r.play(source{fps: 25, gop: 50, rate: 48000}, 6000, 11000)
	r.close()
	r.verify()
	if got, want := r.shape(v0), "p0 2.00 2.00 1.00 gap0.11 | p1 gap0.89 2.00 2.00 1.00"; got != want {
		t.Errorf("video %s, want %s", got, want)
	}
}

// TestNobodyReturns waits for a publisher in vain.
func TestNobodyReturns(t *testing.T) {
	r := newRig(t, lingering)
	r.publish(video(1))
	r.play(source{fps: 25, gop: 50}, 0, 5000)
	r.close()
	r.at(5000 + 59_000)
	r.registry.Check()
	if r.snapshot().Ended {
		t.Error("ended early")
	}
	r.at(5000 + 61_000)
	r.registry.Check()
	if s := r.snapshot(); !s.Ended || s.Away {
		t.Error("not ended")
	}
	r.observe()
	r.verifyRetired()
}

// TestNothingNewIsNews has a publisher go, or fall silent. Manifests tell how long ago
// there was something to play, so they are to be written anew as time goes by.
func TestNothingNewIsNews(t *testing.T) {
	for name, cease := range map[string]func(*rig){"it goes": (*rig).close, "it is silent": func(*rig) {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, lingering)
			r.publish(video(1))
			r.play(source{fps: 25, gop: 50}, 0, 5000)
			cease(r)
			news := 0
			for ms := 8250; ms < 18_250; ms += 250 {
				before := r.snapshot().Published
				r.at(ms)
				r.registry.Check()
				if at := r.snapshot().Published; at.After(before) {
					news++
				}
				if old := r.now.Sub(r.snapshot().Published); old >= 2*time.Second {
					t.Errorf("at %d ms: %v old", ms, old)
				}
			}
			if news != 5 {
				t.Errorf("news %d times in 10 s", news)
			}
		})
	}
}

// TestSilence has a publisher send nothing for a while, without a word: viewers
// are promised nothing more, and what comes then goes on where it was.
func TestSilence(t *testing.T) {
	r := newRig(t, lingering)
	r.publish(video(1))
	r.play(source{fps: 25, gop: 50}, 0, 5000)
	hint := r.snapshot().Rendition(v0).Hint
	r.at(5000 + 3100)
	r.registry.Check()
	s := r.snapshot()
	if !s.Away || hint == "" || s.Rendition(v0).Hint != hint || s.Rendition(v0).Growing == nil {
		t.Errorf("away %v, hint %q after %q, growing %v", s.Away, s.Rendition(v0).Hint, hint, s.Rendition(v0).Growing)
	}
	for ms := 5000; ms < 9000; ms += 40 { // a burst: what the network held
		r.send(v0, ms, ms%2000 == 0)
	}
	r.close()
	r.verify()
	if got := r.shape(v0); got != "p0 2.00 2.00 2.00 2.00 1.00" || r.snapshot().Away == false {
		t.Errorf("video %s", got)
	}
}

// A rival is a publisher in real time.
type rival struct {
	*stream.Publication
	name  string
	mu    sync.Mutex
	told  error
	clock time.Time
}

func (v *rival) Warn(string, string) {}

func (v *rival) Publisher() stream.Publisher { return stream.Publisher{Encoder: v.name} }

func (v *rival) End(cause error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.told = cause
}

// send sends video for some time, a key frame every second, until an error.
func (v *rival) send(length time.Duration) error {
	for i := 0; time.Duration(i)*40*time.Millisecond < length; i++ {
		f := media.Frame{Track: v0, Key: i%25 == 0, Time: uint32(time.Since(v.clock).Milliseconds()), Data: []byte{0, 0, 0, 1, 0x65}}
		if err := v.WriteFrame(f); err != nil {
			return err
		}
		time.Sleep(40 * time.Millisecond)
	}
	return nil
}

// arena is a registry on which rivals meet.
func arena(conflict stream.Conflict) *stream.Registry {
	return stream.NewRegistry(stream.Environment{
		Config: stream.Config{
			Segment: segment.Config{Target: time.Second, Max: 10 * time.Second, Part: 200 * time.Millisecond, Chunk: 200 * time.Millisecond},
			Window:  20 * time.Second, Linger: time.Minute, Keep: time.Minute, Conflict: conflict, Failover: time.Second,
		},
		Store: store.NewMemory(), Retire: calendar{}, Log: zerolog.Nop(), Now: time.Now,
	})
}

func enter(ctx context.Context, r *stream.Registry) (*rival, error) {
	v := &rival{clock: time.Now()}
	pub, err := r.Publish(ctx, show, v)
	if err != nil {
		return nil, err
	}
	v.Publication = pub
	err = v.WriteTrack(video(1))
	return v, err
}

// TestConflicts has two publishers want the same name. The first one goes on
// sending, or is silent, or is gone.
func TestConflicts(t *testing.T) {
	cases := []struct {
		conflict stream.Conflict
		first    string // what it does meanwhile
		err      error  // what the second one gets
		within   time.Duration
		told     error // the first one is
	}{
		{stream.Reject, "sends", stream.ErrNameInUse, 50 * time.Millisecond, nil},
		{stream.Reject, "is silent", nil, 1500 * time.Millisecond, stream.ErrTakenOver},
		{stream.Reject, "closes", nil, 0, nil},
		{stream.TakeOver, "sends", nil, 0, stream.ErrTakenOver},
		{stream.TakeOver, "is silent", nil, 0, stream.ErrTakenOver},
		{stream.TakeOver, "closes", nil, 0, nil},
		{stream.Backup, "sends", nil, 0, nil},
		{stream.Backup, "is silent", nil, 0, nil},
	}
	for _, c := range cases {
		t.Run(string(c.conflict)+", the first one "+c.first, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := arena(c.conflict)
				first, err := enter(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if err := first.send(3 * time.Second); err != nil {
					t.Fatal(err)
				}
				var sending sync.WaitGroup
				defer sending.Wait()
				defer first.Close(io.EOF)
				switch c.first {
				case "sends":
					sending.Go(func() { _ = first.send(10 * time.Second) })
				case "closes":
					_ = first.Close(io.EOF)
				}
				before := time.Now()
				_, err = enter(t.Context(), r)
				if !errors.Is(err, c.err) || time.Since(before) > c.within {
					t.Errorf("%v after %v, want %v within %v", err, time.Since(before), c.err, c.within)
				}
				first.mu.Lock()
				defer first.mu.Unlock()
				if !errors.Is(first.told, c.told) {
					t.Errorf("the first one is told %v, want %v", first.told, c.told)
				}
				if err := first.WriteFrame(media.Frame{}); (err != nil) != (c.told != nil || c.first == "closes") {
					t.Errorf("the first one writes on with %v", err)
				}
			})
		})
	}
}

// TestInPlaceOfOneWhoSentNothing has somebody get the name of a publisher that has sent
// nothing: the stream has not ended with that one.
func TestInPlaceOfOneWhoSentNothing(t *testing.T) {
	for _, conflict := range []stream.Conflict{stream.TakeOver, stream.Reject, stream.Backup} {
		r := newRig(t, lingering, func(c *stream.Config) { c.Conflict = conflict })
		r.publish(video(1), audio(48000))
		r.at(3000)
		r.publish(video(1), audio(48000))
		r.play(steady, 3000, 13_000)
		if s := r.snapshot(); s.Ended || len(s.Renditions) != 2 || len(s.Renditions[0].Segments) < 4 {
			t.Errorf("%s: on air, and ended %t: %s", conflict, s.Ended, r.shape(v0))
		}
	}
}

// TestPublishEndsWithItsContext gives up while another one may be alive.
func TestPublishEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := arena(stream.Reject)
		if _, err := enter(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := enter(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestBackAndForth has two publishers fail in turn, many times. Whoever is there
// goes on air at its next key frame, a second after the other one fell silent.
func TestBackAndForth(t *testing.T) {
	r := newRig(t, backup)
	r.publish(video(1))
	first := r.pub
	r.publish(video(1)) // stands by
	second := r.pub
	ms := 0
	for round := range 20 {
		on, off := first, second
		if round%2 == 1 {
			on, off = off, on
		}
		for range 150 { // both for 2 s, then one for 4 s
			r.at(ms)
			for i, pub := range []*stream.Publication{on, off} {
				if i == 1 && ms%6000 >= 2000 {
					continue
				}
				r.pub = pub
				r.send(v0, ms+1000*i, ms%1000 == 0)
			}
			ms += 40
		}
	}
	_ = off(first, second)
	r.registry.Check()
	r.observe()
	r.verify()
	periods := map[uint64]bool{}
	var gaps time.Duration
	for _, seg := range r.listed[v0] {
		periods[seg.Period.Sequence] = true
		if seg.Gap {
			gaps += seg.Length()
		}
	}
	if len(periods) != 20 || gaps > 20*2*time.Second {
		t.Errorf("%d periods, gaps of %v: %s", len(periods), gaps, r.shape(v0))
	}
}

func off(pubs ...*stream.Publication) (err error) {
	for _, pub := range pubs {
		err = errors.Join(err, pub.Close(io.EOF))
	}
	return err
}

// TestBackupGoesOnWhenTheFirstCloses stands by for one who leaves with a word.
func TestBackupGoesOnWhenTheFirstCloses(t *testing.T) {
	r := newRig(t, backup)
	r.publish(video(1))
	first := r.pub
	r.play(source{fps: 25, gop: 25}, 0, 3000)
	r.publish(video(3))
	second := r.pub
	r.play(source{fps: 25, gop: 25}, 3000, 3200) // dropped: it stands by
	r.pub = first
	r.close()
	r.pub = second
	r.play(source{fps: 25, gop: 25}, 3200, 6200)
	r.close()
	r.verify()
	if got := r.shape(v0); got != "p0 2.00 1.00 gap0.10 | p1 gap0.10 2.00 1.00" {
		t.Errorf("video %s", got)
	}
	if _, err := r.registry.Publish(t.Context(), show, r); err != nil {
		t.Error("the name is not free:", err)
	}
}

// TestAnybodyAtAnyTime lets publishers come and go, all at once, under all ways
// to settle their conflicts. The race detector is one judge; viewers' numbers are
// the other.
func TestAnybodyAtAnyTime(t *testing.T) {
	for _, conflict := range []stream.Conflict{stream.Reject, stream.TakeOver, stream.Backup} {
		synctest.Test(t, func(t *testing.T) {
			r := arena(conflict)
			var all sync.WaitGroup
			for i := range 8 {
				dice := rand.New(rand.NewPCG(uint64(i), 1))
				all.Go(func() {
					for range 40 {
						time.Sleep(time.Duration(dice.IntN(3000)) * time.Millisecond)
						v, err := enter(t.Context(), r)
						if err != nil {
							continue
						}
						err = v.send(time.Duration(dice.IntN(4000)) * time.Millisecond)
						time.Sleep(time.Duration(dice.IntN(4)) * time.Second)
						_ = v.Close(err)
					}
				})
			}
			done := make(chan struct{})
			go func() { all.Wait(); close(done) }()
			seen := map[uint64]live.Segment{}
			for open := true; open; {
				select {
				case <-done:
					open = false
				case <-time.After(100 * time.Millisecond):
				}
				r.Check()
				p, ok := r.Lookup(show.App, show.Key)
				if !ok {
					continue
				}
				rendition := p.Snapshot().Rendition(v0)
				for i := 0; rendition != nil && i < len(rendition.Segments); i++ {
					seg := rendition.Segments[i]
					if old, known := seen[seg.Number]; known && !equal(old, seg) || seg.Number != rendition.Segments[0].Number+uint64(i) {
						t.Fatalf("%s, %s: %s became %s", conflict, p.Snapshot().Published, describe(old), describe(seg))
					}
					seen[seg.Number] = seg
				}
			}
			if len(seen) < 30 {
				t.Errorf("%s: %d segments", conflict, len(seen))
			}
		})
	}
}

// TestVitals has a publisher whose clock jumps: the log names the repair once, and
// the vitals count it.
func TestVitals(t *testing.T) {
	r := newRig(t, lingering)
	r.publish(video(1))
	for i, ahead := range []int{0, -100_000, 50_000, 7} {
		r.play(source{fps: 25, gop: 50, ahead: ahead}, 3000*i, 3000*(i+1))
	}
	all := r.registry.Vitals()
	if len(all) != 1 || all[0].Name != show || !all[0].Publishing || all[0].Publishers != 1 || all[0].Periods != 1 ||
		all[0].Repairs[timeline.JumpedBack] != 2 || all[0].Repairs[timeline.JumpedForward] != 1 {
		t.Errorf("%+v", all)
	}
	if n := r.lines("clock jumped back"); n != 1 {
		t.Errorf("%d lines of the log", n)
	}
	r.close()
	r.verify()
	if all := r.registry.Vitals(); all[0].Publishing {
		t.Error("nobody publishes")
	}
}

// TestOperator has an operator send a publisher away, whose stream goes on with the next one, and
// end the stream.
func TestOperator(t *testing.T) {
	r := newRig(t, lingering)
	if err := r.registry.Kick(show); !errors.Is(err, stream.ErrNoStream) {
		t.Errorf("kick without a stream: %v", err)
	}
	tracks := []media.Track{video(1), audio(48000)}
	r.publish(tracks...)
	r.play(source{fps: 25, gop: 50, rate: 48000}, 0, 5000)
	if err := r.registry.Kick(show); err != nil {
		t.Fatal(err)
	}
	if s := r.snapshot(); s.Ended || !s.Away || len(r.told) != 1 || !errors.Is(r.told[0], stream.ErrKicked) {
		t.Fatalf("kicked: ended %v, away %v, told %v", s.Ended, s.Away, r.told)
	}
	if err := r.pub.WriteFrame(media.Frame{Track: v0, Key: true, Time: 5000, Data: []byte{1}}); !errors.Is(err, stream.ErrKicked) {
		t.Errorf("a frame of who was kicked: %v", err)
	}
	if err := r.registry.Kick(show); !errors.Is(err, stream.ErrNoStream) {
		t.Errorf("kick without a publisher: %v", err)
	}
	r.at(6000)
	r.publish(tracks...)
	r.play(source{fps: 25, gop: 50, rate: 48000}, 6000, 11000)
	if err := r.registry.End(show); err != nil {
		t.Fatal(err)
	}
	if s := r.snapshot(); !s.Ended || len(r.told) != 2 {
		t.Fatalf("ended %v, told %v", s.Ended, r.told)
	}
	r.verify()
	if err := r.registry.End(show); !errors.Is(err, stream.ErrNoStream) {
		t.Errorf("end of what has ended: %v", err)
	}
	r.publish(tracks...) // the name is free
	r.close()
}

// TestVitalsOfTracks has an encoder with B-frames and irregular groups, whose sound is ahead.
func TestVitalsOfTracks(t *testing.T) {
	r := newRig(t, lingering)
	r.publish(video(1), audio(48000))
	sounds := 0 // so far
	for ms, n := 0, 0; ms < 9000; ms, n = ms+40, n+1 {
		r.at(ms)
		if err := r.pub.WriteFrame(media.Frame{Track: v0, Key: n%50 == 0 || n == 75, Time: uint32(ms), Offset: 80, Data: []byte{0, 0, 0, 1, 0x65}}); err != nil {
			t.Fatal(err)
		}
		for ; sounds*64/3 < ms+320; sounds++ {
			r.send(a0, sounds*64/3, true)
		}
	}
	all := r.registry.Vitals()
	if len(all) != 1 || len(all[0].Tracks) != 2 {
		t.Fatalf("%+v", all)
	}
	picture, sound := all[0].Tracks[0], all[0].Tracks[1]
	if picture.ID != v0 || picture.Shortest != time.Second || picture.Longest != 2*time.Second || picture.Delay != 80*time.Millisecond {
		t.Errorf("picture: %+v", picture)
	}
	if sound.ID != a0 || (sound.Skew-320*time.Millisecond).Abs() > 50*time.Millisecond {
		t.Errorf("sound is ahead by %v", sound.Skew)
	}
	r.close()
}
