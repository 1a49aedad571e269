package stream_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/stream"
)

// TestSoundAheadOfThePicture has the times of audio ahead of those of video, by more
// than players buffer. Equal numbers are of the same time: nobody can play sound
// before its picture. Silence comes first, and sound that has no picture is dropped.
func TestSoundAheadOfThePicture(t *testing.T) {
	for _, ahead := range []int{1500, 3000, 5000, 9000} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			r := judged(t, 50, func(r *rig) {
				r.publishKnown(video(1), audio(48000))
				r.play(source{fps: 25, gop: 50, rate: 48000, sound: ahead}, 0, 50_000)
			})
			r.verify()
			r.verifyNumbers(30 * time.Millisecond)
			for id, all := range r.listed {
				if len(all) < 24 || slices.ContainsFunc(all, func(s live.Segment) bool { return s.Gap || s.Period.Sequence != 0 }) {
					t.Errorf("%v: %s", id, r.shape(id))
				}
			}
			if told := len(r.warned) > 0; r.target != 2*time.Second || told != (ahead > 2000) {
				t.Errorf("target duration %v, warned of %q", r.target, r.warned)
			}
		})
	}
}

// TestSoundAheadOfWhatHappens has the picture pause, change or be away meanwhile.
func TestSoundAheadOfWhatHappens(t *testing.T) {
	events := map[string]func(r *rig, s source){
		"the picture pauses": func(r *rig, s source) {
			r.play(source{rate: 48000, sound: s.sound}, 20_000, 23_000)
			r.play(s, 23_000, 60_000)
		},
		"the picture is away for long": func(r *rig, s source) {
			r.play(source{rate: 48000, sound: s.sound}, 20_000, 32_000)
			r.play(s, 32_000, 60_000)
		},
		"another picture": func(r *rig, s source) {
			r.declare(video(2))
			r.play(s, 20_000, 60_000)
		},
		"a return": func(r *rig, s source) {
			r.close()
			r.at(24_000)
			r.publishKnown(video(1), audio(48000))
			r.play(s, 24_000, 60_000)
		},
	}
	for name, happens := range events {
		for _, ahead := range []int{1500, 9000} {
			t.Run(fmt.Sprintf("%s, %d", name, ahead), func(t *testing.T) {
				r := judged(t, 60, func(r *rig) {
					s := source{fps: 25, gop: 50, rate: 48000, sound: ahead}
					r.publishKnown(video(1), audio(48000))
					r.play(s, 0, 20_000)
					happens(r, s)
				})
				r.verify()
				for id, all := range r.listed {
					if last := all[len(all)-1]; last.Gap || last.Period.Sequence == 0 || last.Period.Sequence > 2 {
						t.Errorf("%v: %s", id, r.shape(id))
					}
					r.listed[id] = all[len(all)-6:]
				}
				r.verifyNumbers(100 * time.Millisecond)
			})
		}
	}
}

// TestSoundAheadGoesOnAlone has the picture go for good.
func TestSoundAheadGoesOnAlone(t *testing.T) {
	for _, ahead := range []int{1500, 9000} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			r := judged(t, 60, func(r *rig) {
				r.publishKnown(video(1), audio(48000))
				r.play(source{fps: 25, gop: 50, rate: 48000, sound: ahead}, 0, 20_000)
				r.play(source{rate: 48000, sound: ahead}, 20_000, 60_000)
			})
			r.verify()
			if all := r.listed[a0]; len(all) < 28 || slices.ContainsFunc(all, func(s live.Segment) bool { return s.Gap }) {
				t.Errorf("sound %s", r.shape(a0))
			}
		})
	}
}

// TestSoundOfAnotherKindAhead has the configuration of sound change that is far ahead of
// the picture.
func TestSoundOfAnotherKindAhead(t *testing.T) {
	for _, ahead := range []int{0, 5000} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			r := judged(t, 60, func(r *rig) {
				r.publishKnown(video(1), audio(48000))
				r.play(source{fps: 25, gop: 50, rate: 48000, sound: ahead}, 0, 20_520)
				r.declare(audio(44100))
				r.play(source{fps: 25, gop: 50, rate: 44100, sound: ahead, begun: 13}, 20_520, 60_000)
			})
			r.verify()
			if all := r.listed[a0]; len(all) < 28 || slices.ContainsFunc(all, func(s live.Segment) bool { return s.Gap }) {
				t.Errorf("sound %s", r.shape(a0))
			}
		})
	}
}

// TestEndOfSound has the publisher go behind a key frame, with sound that is behind the
// picture or ahead of it: no part is longer than promised.
func TestEndOfSound(t *testing.T) {
	for _, sound := range []int{-700, 0, 3000} {
		for _, end := range []int{19_950, 20_050} {
			t.Run(fmt.Sprint(sound, end), func(t *testing.T) {
				judged(t, 30, func(r *rig) {
					s := source{fps: 25, gop: 50, rate: 48000, sound: sound}
					r.publishKnown(video(1), audio(48000))
					r.play(s, 0, end)
					r.close()
					r.at(23_000)
					r.publishKnown(video(1), audio(48000))
					r.play(s, 23_000, 30_000)
				})
			})
		}
	}
}

// TestSoundAheadIsBounded has so much sound wait for the picture that it takes the memory
// of the stream.
func TestSoundAheadIsBounded(t *testing.T) {
	r := newRig(t, lingering, func(c *stream.Config) { c.Limits.Cutting = 1 << 20 })
	r.publishKnown(video(1), audio(48000))
	r.play(source{fps: 25, gop: 50, rate: 48000, sound: 8000}, 0, 1000)
	frame, sent := make([]byte, 30<<10), 0
	var err error
	for ; err == nil && sent < 100; sent++ {
		err = r.pub.WriteFrame(media.Frame{Track: a0, Key: true, Time: uint32(9000 + sent*1024/48), Data: frame})
	}
	if !errors.Is(err, stream.ErrTooLarge) || sent < 30 || sent > 40 {
		t.Errorf("%d frames of 30 KiB: %v", sent, err)
	}
}

// TestAJumpBackIsNotSoundAhead has the clock of both tracks jump back: the first picture
// behind that is earlier than the sound before it.
func TestAJumpBackIsNotSoundAhead(t *testing.T) {
	for _, jump := range []int{3000, 4500, 8000} {
		r := newRig(t, lingering)
		r.publishKnown(video(1), audio(48000))
		r.play(steady, 0, 10_000)
		r.play(source{fps: 25, gop: 50, rate: 48000, ahead: -jump}, 10_000, 20_000)
		r.close()
		r.verify()
		if n := r.lines("far ahead of the picture"); n != 0 {
			t.Errorf("back by %d ms: warned of %q", jump, r.warned)
		}
	}
}
