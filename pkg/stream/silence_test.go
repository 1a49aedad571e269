package stream_test

import (
	"bytes"
	"strings"
	"testing"

	"sluice/pkg/cmaf"
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
