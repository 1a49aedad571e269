package stream_test

import (
	"slices"
	"testing"
)

var steady = source{fps: 25, gop: 50, rate: 48000}

var scenarios = []struct {
	name  string
	run   func(r *rig)
	video string // shape of all that was listed
	audio string
	whole bool // all frames are stored
}{
	{
		name: "audio and video",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 7000)
		},
		video: "p0 2.00 2.00 2.00 1.00",
		audio: "p0 2.01 2.01 2.01 1.00",
	},
	{
		name: "video alone",
		run: func(r *rig) {
			r.publish(video(1))
			r.play(source{fps: 25, gop: 50}, 0, 5000)
		},
		video: "p0 2.00 2.00 1.00",
	},
	{
		name: "audio alone",
		run: func(r *rig) {
			r.publish(audio(48000))
			r.play(source{rate: 48000}, 0, 5000)
		},
		audio: "p0 2.01 2.01 1.00",
	},
	{
		name: "audio is declared and has no frames",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(source{fps: 25, gop: 50}, 0, 5000)
		},
		video: "p0 2.00 2.00 1.00",
	},
	{
		name: "audio begins later",
		run: func(r *rig) {
			r.publish(video(1))
			r.play(source{fps: 25, gop: 50}, 0, 6000)
			r.declare(audio(48000))
			r.play(steady, 6000, 10000)
		},
		video: "p0 2.00 2.00 2.00 2.00 | p1 2.00",
		audio: "p1 2.01",
	},
	{
		name: "video begins later",
		run: func(r *rig) {
			r.publish(audio(48000))
			r.play(source{rate: 48000}, 0, 5000)
			r.declare(video(1))
			r.play(steady, 5000, 9000)
		},
		video: "p1 2.00 2.00",
		audio: "p0 2.01 2.01 1.00 | p1 2.00 2.00",
	},
	{
		name: "audio sends one frame and falls silent",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 20)
			r.play(source{fps: 25, gop: 50}, 40, 16040)
		},
	},
	{
		name: "video changes its configuration",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			r.declare(video(2))
			r.play(steady, 5000, 9000)
			r.declare(video(2)) // a repetition changes nothing
			r.play(steady, 9000, 11000)
		},
		video: "p0 2.00 2.00 1.00 | p1 2.00 2.00 2.00",
	},
	{
		name: "audio changes its sampling rate",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			r.declare(audio(8000))
			r.play(source{fps: 25, gop: 50, rate: 8000}, 5000, 11000)
		},
		video: "p0 2.00 2.00 1.00 | p1 2.00 2.00 2.00",
	},
	{
		name: "the publisher pauses",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			r.play(steady, 13000, 17000)
		},
		video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap2.00 gap2.00 gap1.89 2.00 2.00",
	},
	{
		name: "the publisher pauses and begins again at zero",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			again := steady
			again.ahead = -13000
			r.play(again, 13000, 17000)
		},
		video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap2.00 gap2.00 gap1.89 2.00 2.00",
	},
	{
		name: "a pause that no jump of the clock shows",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			r.play(steady, 7900, 11900)
		},
		video: "p0 2.00 2.00 1.00 gap0.11 | p1 gap2.00 gap0.79 2.00 2.00",
	},
	{
		name: "audio falls silent and comes back",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 4000)
			r.play(source{fps: 25, gop: 50}, 4000, 10000)
			r.play(steady, 10000, 16000)
		},
	},
	{
		name: "video falls silent and comes back",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			r.play(source{rate: 48000}, 5000, 10000)
			r.play(steady, 10000, 16000)
		},
	},
	{
		name: "video falls silent for good",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 5000)
			r.play(source{rate: 48000}, 5000, 30000)
		},
	},
	{
		name: "a low frame rate",
		run: func(r *rig) {
			r.publish(video(1))
			r.play(source{fps: 25, gop: 50}, 0, 4000)
			for ms := 4000; ms < 20000; ms += 1500 {
				r.at(ms)
				r.send(v0, ms, (ms-4000)%3000 == 0)
			}
		},
	},
	{
		name: "irregular groups of pictures",
		run: func(r *rig) {
			r.publish(video(1), audio(22050))
			keys := []int{0, 600, 2200, 2400, 5200, 7000, 9200, 9800}
			for ms, next := 0, 0; ms < 12000; ms += 40 {
				for ; next*1024*1000/22050 <= ms; next++ {
					r.at(next * 1024 * 1000 / 22050)
					r.send(a0, next*1024*1000/22050, true)
				}
				r.at(ms)
				r.send(v0, ms, slices.Contains(keys, ms))
			}
		},
		whole: true,
	},
	{
		name: "a group of pictures that breaks the promise",
		run: func(r *rig) {
			r.publish(video(1), audio(48000))
			r.play(steady, 0, 2000)
			r.play(source{fps: 25, gop: 250, rate: 48000}, 2000, 12000)
		},
		video: "p0 2.00 2.44 2.44 2.44 2.44 0.24",
	},
}

func TestScenarios(t *testing.T) {
	for _, c := range scenarios {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			c.run(r)
			r.close()
			t.Logf("video %s", r.shape(v0))
			t.Logf("audio %s", r.shape(a0))
			r.verify()
			r.verifyRetired()
			if n := r.frameCount(v0) + r.frameCount(a0); c.whole && n != int(r.frames) {
				t.Errorf("%d of %d frames are stored", n, r.frames)
			}
			if got := r.shape(v0); c.video != "" && got != c.video {
				t.Errorf("video: %s, want %s", got, c.video)
			}
			if got := r.shape(a0); c.audio != "" && got != c.audio {
				t.Errorf("audio: %s, want %s", got, c.audio)
			}
		})
	}
}
