package stream_test

import (
	"strings"
	"testing"

	"sluice/pkg/media"
)

// TestTracksThatComeLate has tracks begin at different times. Who comes when there is
// only one of them does not get the other later.
func TestTracksThatComeLate(t *testing.T) {
	pictures, sound := source{fps: 25, gop: 50}, source{rate: 48000}
	both := []media.Track{video(1), audio(48000)}
	from := func(ms int) source { return source{fps: 25, gop: 50, rate: 48000, begun: ms / 40} }
	cases := []struct {
		name         string
		tracks       []media.Track
		metadata     media.Metadata
		play         func(r *rig)
		video, audio string
	}{
		{
			name: "sound 0.8 s after the picture, and silence in front of it", tracks: both,
			play: func(r *rig) {
				r.play(pictures, 0, 800)
				r.play(from(800), 800, 6000)
			},
			video: "p0 2.00 2.00 2.00", audio: "p0 2.01 2.01 1.99",
		},
		{
			name: "and it is not declared before", tracks: []media.Track{video(1)}, metadata: media.Metadata{HasAudio: true},
			play: func(r *rig) {
				r.play(pictures, 0, 800)
				r.declare(audio(48000))
				r.play(from(800), 800, 6000)
			},
			video: "p0 2.00 2.00 2.00", audio: "p0 2.01 2.01 1.99",
		},
		{
			name: "sound after more than can be waited", tracks: both,
			play: func(r *rig) {
				r.play(pictures, 0, 2400)
				r.play(from(2400), 2400, 8000)
			},
			video: "p0 2.00 2.00 | p1 2.00 2.00", audio: "p1 2.01 2.01",
		},
		{
			name: "sound that never comes", tracks: both,
			play:  func(r *rig) { r.play(pictures, 0, 6000) },
			video: "p0 2.00 2.00 2.00", audio: "",
		},
		{
			name: "only sound, though a picture is declared", tracks: both,
			play:  func(r *rig) { r.play(sound, 0, 15_000) },
			video: "", audio: "p0 2.01 2.01 2.01 2.01 2.01 2.01 2.01 0.98",
		},
		{
			name: "another picture while sound is awaited", tracks: both,
			play: func(r *rig) {
				r.play(pictures, 0, 400)
				r.declare(video(2))
				r.play(from(400), 400, 6000)
			},
			video: "p0 2.00 | p1 2.00 2.00", audio: "p1 2.01 2.01",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, lingering)
			r.publish(c.tracks...)
			r.pub.WriteMetadata(c.metadata)
			c.play(r)
			r.close()
			r.verify()
			if got := r.shape(v0); got != c.video {
				t.Errorf("video %s, want %s", got, c.video)
			}
			if got := r.shape(a0); got != c.audio {
				t.Errorf("audio %s, want %s", got, c.audio)
			}
		})
	}
}

// TestPublisherThatIsGoneBeforeItsFirstSound leaves the playlists as they were: with
// sound.
func TestPublisherThatIsGoneBeforeItsFirstSound(t *testing.T) {
	r := newRig(t, lingering)
	steady := source{fps: 25, gop: 50, rate: 48000}
	r.watch = func() {
		if spans := r.snapshot().Spans(); len(spans) > 0 && len(spans[len(spans)-1].Tracks) != 2 {
			t.Fatal("a track has gone")
		}
	}
	both := []media.Track{video(1), audio(48000)}
	r.publish(both...)
	r.play(steady, 0, 5000)
	r.close()
	r.at(6000)
	r.publish(both...)
	r.play(source{fps: 25, gop: 50}, 6000, 6200)
	r.close()
	r.watch()
	r.at(7000)
	r.publish(both...)
	r.play(steady, 7000, 12_000)
	r.close()
	r.verify()
	if got, want := r.shape(v0), "p0 2.00 2.00 1.00 gap0.11 | p1 gap1.89 2.00 2.00 1.00"; got != want {
		t.Errorf("video %s, want %s", got, want)
	}
	if got, want := r.shape(a0), "p0 2.01 2.01 1.00 gap0.10 | p1 gap1.89 2.01 2.01 1.00"; got != want {
		t.Errorf("audio %s, want %s", got, want)
	}
}

// TestSoundBehindThePictureOfAReturn is the same when viewers are there, who are shown
// each part at once. That nobody was there before is no silence, however long it was.
func TestSoundBehindThePictureOfAReturn(t *testing.T) {
	for _, c := range []struct {
		at, late             int // ms: when the picture begins, and how much later the sound
		video, audioFollowed string
	}{
		{6000, 800, "gap0.11 | p1 gap0.89 2.00 2.00 2.00", "gap0.89 2.01 2.01 1.99"},
		{20_000, 120, "gap0.11 | p1 " + strings.Repeat("gap2.00 ", 7) + "gap0.89 2.00 2.00 2.00", "gap0.89 2.01 2.01 1.99"}, // an encoder with B-frames
	} {
		r := newRig(t, lingering)
		steady := source{fps: 25, gop: 50, rate: 48000}
		both := []media.Track{video(1), audio(48000)}
		r.publish(both...)
		r.play(steady, 0, 5000)
		r.close()
		r.publish(both...)
		sound := c.at + c.late
		r.play(source{fps: 25, gop: 50}, c.at, sound)
		steady.begun = c.late / 40
		r.play(steady, sound, c.at+6000)
		r.close()
		r.verify()
		if got, want := r.shape(v0), "p0 2.00 2.00 1.00 "+c.video; got != want {
			t.Errorf("video %s, want %s", got, want)
		}
		if got := r.shape(a0); !strings.HasSuffix(got, c.audioFollowed) {
			t.Errorf("audio %s, want %s at the end", got, c.audioFollowed)
		}
		if text := "fallen silent"; r.lines(text) != 0 {
			t.Errorf("the log says that a track has %s", text)
		}
	}
}
