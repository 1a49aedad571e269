package stream_test

import (
	"fmt"
	"math"
	"testing"

	"sluice/pkg/media"
)

func TestAFullDiskLeavesGaps(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 6000)
	r.disk.full = true
	r.play(steady, 6000, 12000)
	r.disk.full = false
	r.play(steady, 12000, 16000)
	r.close()
	r.verify()
	r.verifyRetired()
	if got, want := r.shape(v0), "p0 2.00 2.00 gap2.00 | p1 gap2.00 | p2 gap2.00 | p3 2.00 2.00 2.00"; got != want {
		t.Errorf("video %s, want %s", got, want)
	}
	if n := r.lines("segments are not stored: viewers get gaps"); n != 1 {
		t.Errorf("the log says %d times that segments are not stored", n)
	}
	if n := r.lines(`"lost":6,"in":"4s","message":"segments were not stored"`); n != 1 {
		t.Errorf("the log says %d times how many were not: %s", n, &r.log)
	}
}

// TestTheLogIsToldOnceOfLosses has a disk take every third segment for a while.
func TestTheLogIsToldOnceOfLosses(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.quiet = true
	const minute = 60_000
	for at := 0; at < 12*minute; at += 2000 {
		r.disk.full = at >= minute && at < 9*minute && at%6000 != 0
		r.play(steady, at, at+2000)
	}
	lost := r.registry.Vitals()[0].Lost
	if lost < 300 || lost > 330 { // of 480
		t.Errorf("%d are lost", lost)
	}
	over := fmt.Sprintf(`"lost":%d,"in":"7m`, lost)
	for text, want := range map[string]int{"segments are not stored: viewers get gaps": 1, "segments are still not stored": 1, "segments are stored again": 1, over: 1} {
		if n := r.lines(text); n != want {
			t.Errorf("%d times %s", n, text)
		}
	}
	r.close()
	if n := r.lines("segments were not stored"); n != 0 {
		t.Error("it is over twice")
	}
}

// TestAStoreThatRefusesForLong has few periods, and few lines of the log, come of that.
// All that is published behind it is there.
func TestAStoreThatRefusesForLong(t *testing.T) {
	for _, tracks := range [][]string{{"v0"}, {"a0"}, {"v0", "a0"}} {
		r := newRig(t)
		r.publish(video(1), audio(48000))
		r.play(steady, 0, 6000)
		r.disk.refuse(math.MaxInt, tracks...)
		r.play(steady, 6000, 306_000)
		r.disk.refuse(0, tracks...)
		r.play(steady, 306_000, 330_000)
		r.close()
		r.verify()
		if n := r.lines("\n"); n == 0 || n > 60 {
			t.Errorf("%v: %d lines of the log", tracks, n)
		}
		if n := r.lines("period begins"); n > 6+300/10 {
			t.Errorf("%v: %d periods", tracks, n)
		}
		for id, all := range r.listed {
			if n := len(all); all[n-1].Gap || all[n-5].Gap || all[n-1].Period != all[n-5].Period {
				t.Errorf("%v: %v ends with %s", tracks, id, describeAll(all[n-5:]))
			}
		}
	}
}

func TestVideoWithoutKeyFramesIsReportedOnce(t *testing.T) {
	for _, s := range []source{{fps: 25}, {fps: 25, rate: 48000}} {
		r := newRig(t)
		r.publish(video(1), audio(48000))
		r.play(s, 0, 9000)
		if n := r.lines("key frames (IDR) are missing or too far apart"); n != 0 {
			t.Errorf("reported after 9 s")
		}
		r.play(s, 9000, 40000)
		if n := r.lines("key frames (IDR) are missing or too far apart"); n != 1 {
			t.Errorf("reported %d times", n)
		}
		r.close()
		r.verify()
		if n := r.frameCount(a0); s.rate > 0 && n < 1800 {
			t.Errorf("%d frames of audio alone", n)
		}
		if n := r.frameCount(v0); n > 0 {
			t.Errorf("%d frames of video came out", n)
		}
	}
}

// TestTheBroadcasterIsToldOnceOfKeyFrames has segments cut without a key frame, and
// none for longer than they may last, both at a time.
func TestTheBroadcasterIsToldOnceOfKeyFrames(t *testing.T) {
	for _, gop := range []int{50, 300, 400, 1000} {
		r := newRig(t)
		r.publish(video(1))
		r.play(source{fps: 25, gop: gop}, 0, 40_000)
		want := 1
		if gop == 50 {
			want = 0
		}
		if len(r.warned) != want || r.lines("key frames") != want {
			t.Errorf("one in %d frames: told %q", gop, r.warned)
		}
		r.close()
		r.verify()
	}
}

func TestAudioBeforeVideoIsBounded(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	for range 3000 { // time stands still, for the publisher and for us
		if err := r.pub.WriteFrame(media.Frame{Track: a0, Key: true, Data: make([]byte, 8000)}); err != nil {
			t.Fatal(err)
		}
	}
	if r.lines("period begins") != 1 {
		t.Error("24 MB of audio wait for video")
	}
}

func TestAudioThatWaitedIsNotInTheFuture(t *testing.T) {
	r := newRig(t)
	r.pubWithVideo()
	r.play(source{rate: 48000}, 0, 14000)
	r.close()
	all := r.listed[a0]
	last := all[len(all)-1]
	if end := last.End().Time(48000); end.After(r.now.Add(50e6)) || end.Before(r.now.Add(-50e6)) {
		t.Errorf("audio ends at %v, and now it is %v", end, r.now)
	}
	if n := r.frameCount(a0); n != int(r.frames) {
		t.Errorf("%d of %d frames are there", n, r.frames)
	}
}

// pubWithVideo publishes a stream that announces video and sends none.
func (r *rig) pubWithVideo() {
	r.publish(audio(48000))
	r.pub.WriteMetadata(media.Metadata{HasVideo: true, HasAudio: true})
}

func TestEmptyAndUndeclaredFramesAreDropped(t *testing.T) {
	r := newRig(t)
	r.publish(video(1))
	for _, f := range []media.Frame{{Track: v0, Key: true}, {Track: a0, Key: true, Data: []byte{1}}} {
		if err := r.pub.WriteFrame(f); err != nil {
			t.Errorf("%v: %v", f.Track, err)
		}
	}
	r.close()
	if len(r.disk.puts) != 0 {
		t.Errorf("stored %v", r.disk.puts)
	}
}

func TestAShortSteadyStreamIsStoredWhole(t *testing.T) {
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 4567)
	r.close()
	r.verify()
	if n := r.frameCount(v0) + r.frameCount(a0); n != int(r.frames) {
		t.Errorf("%d of %d frames are stored", n, r.frames)
	}
}

// TestTracksThatBeginTogether lets ticks of a rate that divides no millisecond
// fall on all sides of the boundary.
func TestTracksThatBeginTogether(t *testing.T) {
	for ms := range 60 {
		for _, order := range [][]media.TrackID{{v0, a0}, {a0, v0}} {
			r := newRig(t)
			r.publish(video(1), audio(22050))
			r.at(ms)
			for _, id := range order {
				r.send(id, 5000, true)
			}
			r.close()
			if n := r.frameCount(v0) + r.frameCount(a0); n != 2 {
				t.Fatalf("%d ms after noon, %v first: %d of 2 frames are stored", ms, order[0], n)
			}
		}
	}
}
