package stream_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// TestVideoPauses has video pause while audio goes on, anywhere in its group of
// pictures, and go on anywhere in one. It is back with all frames, if the last one
// before the pause can last until then, or else with the first key frame. What is
// missing is listed as gaps, but for half a second, and equal numbers are of the same
// time. None of the pauses begins behind a part in the middle of a group.
func TestVideoPauses(t *testing.T) {
	for _, from := range []int{8000, 8400, 9000, 9960} {
		for _, length := range []int{500, 1000, 2000, 2900, 4000, 4600, 5000, 7000, 9000} {
			for _, begun := range []int{0, 10, 25, 49} {
				t.Run(fmt.Sprintf("from %d for %d, then %d of a group", from, length, begun), func(t *testing.T) {
					r := newRig(t, lingering)
					r.publish(video(1), audio(48000))
					r.play(steady, 0, from)
					r.play(source{rate: 48000}, from, from+length)
					r.play(source{fps: 25, gop: 50, rate: 48000, begun: begun}, from+length, from+length+12_000)
					r.close()
					r.verify()
					r.verifyPause(from+length+(50-begun)%50*40, from/40+12_000/40)
				})
			}
		}
	}
}

// verifyPause checks what is listed of video that was back with a key frame at a time,
// and had so many frames altogether.
func (r *rig) verifyPause(key, frames int) {
	r.t.Helper()
	const most = 500 * time.Millisecond
	r.verifyNumbers(most)
	for id, all := range r.listed {
		for i, seg := range all[1:] {
			if hole := seg.Start.Time(seg.Timescale()).Sub(all[i].End().Time(seg.Timescale())); hole > most {
				r.t.Errorf("%v: %v between %s and %s", id, hole, describe(all[i]), describe(seg))
			}
		}
	}
	var back live.Segment
	for _, seg := range r.listed[v0] {
		if seg.Period.Sequence == 1 && !seg.Gap && back.Period == nil {
			back = seg
		}
	}
	switch {
	case back.Period == nil && r.frameCount(v0) != frames:
		r.t.Errorf("%d of %d frames are there: %s", r.frameCount(v0), frames, r.shape(v0))
	case back.Period != nil && !back.Start.Time(90000).Equal(noon.Add(time.Duration(key)*time.Millisecond)):
		r.t.Errorf("back with %s, and there was a key frame at %d: %s", describe(back), key, r.shape(v0))
	}
}

// TestEncoderPauses has both tracks pause, for less than a segment, anywhere in one.
// There is sound throughout, of silence where there was none, in parts as long as
// promised. Numbers stay where the manifests say that they are.
func TestEncoderPauses(t *testing.T) {
	for _, from := range []int{20_000, 20_400, 21_000, 21_960} {
		for _, length := range []int{150, 280, 600, 1000, 1500} {
			t.Run(fmt.Sprintf("at %d for %d", from, length), func(t *testing.T) {
				r := newRig(t, lingering)
				r.publishKnown(video(1), audio(48000))
				r.play(steady, 0, from)
				r.play(source{fps: 25, gop: 50, rate: 48000, begun: from / 40}, from+length, 40_000)
				r.close()
				r.verify()
				r.verifyNumbers(100 * time.Millisecond)
				for _, seg := range r.listed[a0] {
					for _, part := range seg.Parts {
						if d := part.Duration.Duration(48000); d > r.snapshot().Targets.Part {
							t.Errorf("a part of %v in %s", d, describe(seg))
						}
					}
				}
			})
		}
	}
}

// TestEncoderPausesAndItsClockJumps has both tracks pause for longer than anything waits,
// and the publisher's clock be another one then.
func TestEncoderPausesAndItsClockJumps(t *testing.T) {
	for _, jump := range []int{0, 30_000, -30_000} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			r := judged(t, 40, func(r *rig) {
				r.publishKnown(video(1), audio(48000))
				r.play(steady, 0, 15_300)
				r.play(source{fps: 25, gop: 50, begun: 32, rate: 48000, ahead: jump}, 19_300, 40_000)
			})
			r.verify()
			if len(r.warned) > 0 {
				t.Errorf("warned of %q", r.warned)
			}
		})
	}
}

// TestAStallIsNotTheEndOfThePicture has nothing come of a publisher for some seconds, and
// then sound first.
func TestAStallIsNotTheEndOfThePicture(t *testing.T) {
	r := newRig(t, lingering)
	r.publishKnown(video(1), audio(48000))
	r.play(steady, 0, 9300)
	hint := func() string { return r.snapshot().Rendition(v0).Hint }
	before := hint()
	for ms := 9300; ms < 13_500; ms += 250 {
		r.at(ms)
		r.registry.Check()
	}
	r.send(a0, 9301, true)
	if now := hint(); before == "" || now != before || len(r.warned) > 0 {
		t.Errorf("%q was promised, and then %q; warned of %q", before, now, r.warned)
	}
}

// TestAPictureThatIsAwayIsNotPromised has video pause behind a part, so that the next one
// was hinted at. Players ask for that over and over.
func TestAPictureThatIsAwayIsNotPromised(t *testing.T) {
	r := newRig(t, lingering)
	r.publishKnown(video(1), audio(48000))
	r.play(steady, 0, 20_500)
	hint := func() string { return r.snapshot().Rendition(v0).Hint }
	if hint() == "" {
		t.Fatal("nothing was hinted at")
	}
	r.play(source{rate: 48000}, 20_500, 22_000)
	if hint() == "" {
		t.Error("the hint has gone when the picture may be back yet")
	}
	r.play(source{rate: 48000}, 22_000, 24_500)
	if h := hint(); h != "" {
		t.Errorf("%s is promised yet", h)
	}
	if r.snapshot().Rendition(a0).Hint == "" {
		t.Error("nothing is promised of the sound")
	}
	r.play(steady, 26_000, 32_000)
	if hint() == "" {
		t.Error("nothing is promised when the picture is back")
	}
	r.close()
	r.verify()
}

// TestWhoeverWaitsWhenThePublisherGoes has a publisher go at each frame of a segment. What
// was hinted at is there then, or is waited for until somebody comes back or nobody can any
// more: Shaka Player asks over and over for a part that is not found.
func TestWhoeverWaitsWhenThePublisherGoes(t *testing.T) {
	seen := map[hls.Verdict]int{}
	for end := 20_000; end < 22_000; end += 40 {
		r := newRig(t, lingering)
		r.publishKnown(video(1), audio(48000))
		r.play(steady, 0, end)
		hints := make(map[media.TrackID]string)
		for _, id := range []media.TrackID{v0, a0} {
			hints[id] = r.snapshot().Rendition(id).Hint
		}
		r.close()
		for id, hint := range hints {
			_, verdict := hls.FindPart(r.snapshot(), id, hint)
			if seen[verdict]++; hint == "" || verdict != hls.Ready && verdict != hls.Wait {
				t.Errorf("left at %d ms: %s, %q: verdict %d", end, id, hint, verdict)
			}
			if next := r.snapshot().Rendition(id).Hint; next != "" && next != hint {
				t.Errorf("left at %d ms: %s, %q is promised, behind %q", end, id, next, hint)
			}
		}
		r.at(end + 3000)
		r.publish(video(1), audio(48000))
		r.play(source{fps: 25, gop: 50, rate: 48000}, end+3000, end+6000)
		for id, hint := range hints {
			if _, verdict := hls.FindPart(r.snapshot(), id, hint); verdict == hls.Wait {
				t.Errorf("left at %d ms: %s, %q is waited for in vain", end, id, hint)
			}
		}
		r.close()
		r.verify()
	}
	if seen[hls.Ready] < 20 || seen[hls.Wait] < 5 {
		t.Errorf("of all hints %d came, %d did not", seen[hls.Ready], seen[hls.Wait])
	}
}
