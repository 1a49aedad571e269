package push

import (
	"testing"
	"time"
)

// events returns the first n samples of a clip in a loop.
func events(c *Clip, n int) (all []event) {
	for e := range c.play(true) {
		if all = append(all, e); len(all) == n {
			break
		}
	}
	return all
}

func TestPlayOnce(t *testing.T) {
	clip := open(t, "clip.flv")
	var pictures, sounds int
	var last time.Duration
	for e := range clip.play(false) {
		want := &clip.pictures[min(pictures, len(clip.pictures)-1)]
		if e.video {
			pictures++
		} else {
			want = &clip.sounds[sounds]
			sounds++
		}
		if e.sample != want || e.dts != want.dts || e.pts != want.pts || e.dts < last {
			t.Fatalf("after %v: %v, want %v", last, e.dts, want.dts)
		}
		last = e.dts
	}
	if pictures != len(clip.pictures) || sounds != len(clip.sounds) {
		t.Errorf("%d pictures and %d sounds", pictures, sounds)
	}
}

// TestLoopGoesOn follows an hour of the demo clip.
func TestLoopGoesOn(t *testing.T) {
	clip, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	var now, picture, sound time.Duration
	for i, e := range events(clip, 360*(300+468)) {
		if e.dts < now {
			t.Fatalf("sample %d of %v comes after %v", i, e.dts, now)
		}
		now = e.dts
		if !e.video {
			if step := e.dts - sound; sound > 0 && step != clip.audio.frame {
				t.Fatalf("sound of %v comes %v after the one before", e.dts, step)
			}
			away := (e.dts - e.sample.dts + clip.period/2) % clip.period
			if away -= clip.period / 2; away.Abs() > clip.audio.frame/2+1 {
				t.Fatalf("sound of %v is %v away from the pictures", e.dts, away)
			}
			sound = e.dts
			continue
		}
		if step := e.dts - picture; picture > 0 && (step < 33*time.Millisecond || step > 34*time.Millisecond) {
			t.Fatalf("picture of %v comes %v after the one before", e.dts, step)
		}
		if millis(e.pts)-millis(e.dts) != millis(e.sample.pts)-millis(e.sample.dts) {
			t.Fatalf("picture of %v: the composition time has changed", e.dts)
		}
		picture = e.dts
	}
	if now < 59*time.Minute || now-picture > time.Second || now-sound > time.Second {
		t.Errorf("at %v the last picture is of %v, the last sound of %v", now, picture, sound)
	}
}

func TestLoopsOfOneTrack(t *testing.T) {
	for _, name := range []string{"silent.flv", "dark.flv", "clip.mp4"} {
		clip := open(t, name)
		last := map[bool]event{}
		for i, e := range events(clip, 10_000) {
			before, ok := last[e.video]
			if step := e.dts - before.dts; ok && (step <= 0 || step > 100*time.Millisecond) {
				t.Fatalf("%s: sample %d comes %v after the one before", name, i, step)
			}
			last[e.video] = e
		}
	}
}

func TestLoopKeepsAGap(t *testing.T) {
	clip := *open(t, "clip.flv")
	clip.sounds = clip.sounds[:len(clip.sounds)/2] // sound ends in the middle
	for _, e := range events(&clip, 2*(len(clip.pictures)+len(clip.sounds))) {
		if away := (e.dts - e.sample.dts) % clip.period; away != 0 {
			t.Fatalf("sample of %v comes at %v", e.sample.dts, e.dts)
		}
	}
}

func TestMillis(t *testing.T) {
	for d, want := range map[time.Duration]uint32{
		0: 0, 499 * time.Microsecond: 0, 500 * time.Microsecond: 1,
		(1<<32)*time.Millisecond + 5*time.Millisecond: 5,
	} {
		if got := millis(d); got != want {
			t.Errorf("%v is %d ms", d, got)
		}
	}
}
