package stream_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// heard returns how many frames of sound viewers get, and how many of silence.
func (r *rig) heard() (sent, silent int) {
	r.t.Helper()
	for _, seg := range r.listed[a0] {
		if seg.Gap {
			continue
		}
		samples, _, err := cmaf.ReadSegment(r.read(a0, seg), a0)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, s := range samples {
			if bytes.Equal(s.Data, silence) {
				silent++
			} else {
				sent++
			}
		}
	}
	return sent, silent
}

// TestSilenceStandsIn has sound stop for six seconds, and for good, while pictures go on:
// there is silence instead, without a gap and in the same period.
func TestSilenceStandsIn(t *testing.T) {
	for _, back := range []int{10_000, 16_000} {
		r := newRig(t)
		r.publish(video(1), audio(48000))
		r.play(steady, 0, 4000)
		r.play(source{fps: 25, gop: 50}, 4000, back)
		r.play(steady, back, 16_000)
		r.close()
		r.verify()
		if got := r.shape(a0) + r.shape(v0); strings.Contains(got, "gap") || strings.Contains(got, "p1") {
			t.Errorf("sound %s, pictures %s", r.shape(a0), r.shape(v0))
		}
		sent, silent := r.heard()
		if want := (16_000 - back + 4000) * 48 / 1024; sent < want-1 || sent > want+2 {
			t.Errorf("%d frames of sound, want %d", sent, want)
		}
		if want := (back - 4000) * 48 / 1024; silent > want || silent < want-12 {
			t.Errorf("%d frames of silence, want %d", silent, want)
		}
		if len(r.warned) != 1 || !strings.Contains(r.warned[0], "silence") {
			t.Errorf("the broadcaster is told %q", r.warned)
		}
		if got := r.lines("heard again"); got != (16_000-back)/6000 {
			t.Errorf("the log says %d times that it is heard again", got)
		}
	}
}

// TestLateSoundIsHeard has sound come in bursts, behind the pictures of two seconds.
// Silence takes its place once, until that is known of the publisher.
func TestLateSoundIsHeard(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 2000)
	for from := 2000; from < 30_000; from += 2000 {
		r.play(source{fps: 25, gop: 50}, from, from+2000)
		for ms := from; ms < from+2000; ms += 20 {
			r.send(a0, ms, true)
		}
	}
	r.close()
	sent, silent := r.heard()
	if silent == 0 || silent > 90 || sent < 1400 {
		t.Errorf("%d frames of sound and %d of silence", sent, silent)
	}
}

// TestPauseIsNotSilence has a publisher send nothing at all for a while.
func TestPauseIsNotSilence(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 5000)
	r.play(steady, 7900, 12_000)
	r.close()
	r.verify()
	if _, silent := r.heard(); silent != 0 || len(r.warned) != 0 {
		t.Errorf("%d frames of silence, and %q", silent, r.warned)
	}
}

// TestSilenceOfABackup has the sound stop of one who stood by.
func TestSilenceOfABackup(t *testing.T) {
	r := newRig(t, backup)
	r.publish(video(1), audio(48000))
	first := r.pub
	r.publish(video(1), audio(48000)) // stands by
	r.pub, first = first, r.pub
	r.play(steady, 0, 4000)
	r.close()
	r.pub = first
	r.play(steady, 4000, 8000)
	r.play(source{fps: 25, gop: 50}, 8000, 20_000)
	r.close()
	if _, silent := r.heard(); silent < 500 {
		t.Errorf("%d frames of silence: %s", silent, r.shape(a0))
	}
}

// late plays pictures from one time to another, and with them the sound of so many
// milliseconds before.
func (r *rig) late(from, to, by int) {
	r.t.Helper()
	for ms := from; ms < to; ms += 40 {
		r.play(source{fps: 25, gop: 50, begun: ms % 2000 / 40}, ms, ms+40)
		if ms-by >= from {
			r.send(a0, ms-by, true)
			r.send(a0, ms-by+20, true)
		}
	}
}

// TestSoundThatComesTooLate has sound fall behind the picture by more than a segment:
// silence goes on in its place, and everything else as if nothing were. Who comes so
// late from the beginning has none.
func TestSoundThatComesTooLate(t *testing.T) {
	for _, c := range []struct{ from, by int }{{4000, 2200}, {4000, 4500}, {0, 3000}} {
		r := newRig(t)
		r.publish(video(1), audio(48000))
		r.play(steady, 0, c.from)
		r.late(c.from, 40_000, c.by)
		s := r.snapshot()
		if got := s.Renditions[0]; got.Segments[len(got.Segments)-1].Period.Sequence != 0 || len(s.Spans()) != 1 {
			t.Errorf("%+v: %d periods, pictures %s", c, len(s.Spans()), r.shape(v0))
		}
		if strings.Contains(r.shape(a0), "gap") || c.from == 0 && r.shape(a0) != "" {
			t.Errorf("%+v: sound %s", c, r.shape(a0))
		}
		if len(r.warned) != 1 {
			t.Errorf("%+v: the broadcaster is told %q", c, r.warned)
		}
		r.close()
		r.verify()
	}
}

// TestSilenceBehindABurst has sound come late once, and stop later.
func TestSilenceBehindABurst(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 4000)
	r.play(source{fps: 25, gop: 50}, 4000, 6400)
	for ms := 4000; ms < 6400; ms += 20 {
		r.send(a0, ms, true)
	}
	r.play(source{fps: 25, gop: 50, rate: 48000, begun: 10}, 6400, 14_000)
	r.play(source{fps: 25, gop: 50}, 14_000, 40_000)
	r.close()
	if _, silent := r.heard(); silent < 1000 {
		t.Errorf("%d frames of silence: %s", silent, r.shape(a0))
	}
}

// TestDropout has sound miss for less than a second, now and then: silence fills that,
// as no frame may be longer than a part.
func TestDropout(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	for ms := 0; ms < 20_000; ms += 2000 {
		r.play(steady, ms, ms+1000)
		r.play(source{fps: 25, gop: 50, begun: 25}, ms+1000, ms+1800)
		r.play(source{fps: 25, gop: 50, rate: 48000, begun: 45}, ms+1800, ms+2000)
	}
	r.close()
	r.verify()
	if _, silent := r.heard(); silent < 10*36 || silent > 10*38 {
		t.Errorf("%d frames of silence", silent)
	}
	for _, seg := range r.listed[a0] {
		for _, part := range seg.Parts {
			if length := part.Duration.Duration(48000); length > 260*time.Millisecond {
				t.Errorf("a part of %v", length)
			}
		}
	}
}

// TestSoundThatIsSentTwice has frames of audio come twice for a while, one by one or many
// at a time, as they do from an encoder that sends on two ways.
func TestSoundThatIsSentTwice(t *testing.T) {
	for _, batch := range []int{1, 2, 5, 12} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			r := newRig(t, lingering)
			r.publishKnown(video(1), audio(48000))
			r.play(steady, 0, 8000)
			var batched []media.Frame
			frames := 0
			for ms := 8000; ms < 20_000; ms += 40 {
				r.at(ms)
				r.send(v0, ms, ms%2000 == 0)
				for ; 8000+frames*1024/48 < ms+40; frames++ {
					r.frames++
					data := binary.BigEndian.AppendUint64([]byte{0, 0, 0, 9, 0x65}, r.frames)
					batched = append(batched, media.Frame{Track: a0, Key: true, Time: uint32(8000 + frames*1024/48), Data: data})
					if len(batched) < batch {
						continue
					}
					for _, f := range slices.Concat(batched, batched) {
						if err := r.pub.WriteFrame(f); err != nil {
							t.Fatal(err)
						}
					}
					batched = nil
				}
			}
			r.play(steady, 20_000, 30_000)
			r.close()
			r.verify()
			if got, want := r.shape(v0), "p0"+strings.Repeat(" 2.00", 15); got != want {
				t.Errorf("video %s", got)
			}
			if got := r.frameCount(a0); got < 1404-batch || got > 1410 {
				t.Errorf("%d frames of audio in 30 s", got)
			}
			if got := r.registry.Vitals()[0].Repairs[timeline.AudioRepeated]; got != uint64(frames/batch*batch) {
				t.Errorf("%d of %d frames are counted", got, frames)
			}
			if n := r.lines("audio sent twice"); n != 1 {
				t.Errorf("the log says so %d times", n)
			}
		})
	}
}
