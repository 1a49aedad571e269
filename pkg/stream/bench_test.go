package stream_test

import (
	"testing"

	"sluice/pkg/media"
)

// BenchmarkWriteFrame writes video of 30 frames a second and 10 KB each, and
// audio, as they come from a publisher. An operation is one frame.
func BenchmarkWriteFrame(b *testing.B) {
	r := newRig(b)
	r.quiet = true
	r.publish(video(1), audio(48000))
	picture, sound := make([]byte, 10_000), make([]byte, 341)
	b.ReportAllocs()
	b.SetBytes(4130) // 30 pictures and 46.875 frames of sound a second
	videos, sounds := 0, 0
	for b.Loop() {
		v, a := videos*1000/30, sounds*1024/48
		f := media.Frame{Track: v0, Key: videos%60 == 0, Time: uint32(v), Data: picture}
		if a < v {
			f = media.Frame{Track: a0, Key: true, Time: uint32(a), Data: sound}
			sounds++
		} else {
			videos++
		}
		r.at(min(a, v))
		if err := r.pub.WriteFrame(f); err != nil {
			b.Fatal(err)
		}
		r.reap()
	}
}

// reap removes what is due, so that the store stays small.
func (r *rig) reap() {
	for name, at := range r.calendar {
		if !at.After(r.now) {
			delete(r.calendar, name)
			_ = r.disk.Remove(name)
		}
	}
	r.disk.puts = r.disk.puts[:0]
}
