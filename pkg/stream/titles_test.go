package stream_test

import (
	"testing"

	"sluice/pkg/media"
)

// TestTitles has a publisher say what its sound is called before it declares it, after that,
// and while it is on air already, which is too late: nothing of a period changes.
func TestTitles(t *testing.T) {
	title := media.Title{Language: "pt-BR", Name: "comentário"}
	named := media.Metadata{HasVideo: true, HasAudio: true, Titles: map[media.TrackID]media.Title{a0: title}}
	for _, c := range []struct {
		name                 string
		before, after, later media.Metadata
		want                 media.Title
	}{
		{"before", named, media.Metadata{}, media.Metadata{}, title},
		{"after", media.Metadata{}, named, named, title},
		{"on air", media.Metadata{}, media.Metadata{}, named, media.Title{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, lingering)
			r.publish(video(1))
			r.pub.WriteMetadata(c.before)
			r.declare(audio(48000))
			r.pub.WriteMetadata(c.after)
			steady := source{fps: 25, gop: 50, rate: 48000}
			r.play(steady, 0, 5000)
			r.pub.WriteMetadata(c.later)
			r.play(steady, 5000, 10_000)
			r.close()
			r.verify()
			spans := r.snapshot().Spans()
			if len(spans) != 1 {
				t.Fatalf("%d periods", len(spans))
			}
			for _, l := range spans[0].Tracks {
				want := media.Title{}
				if l.Header.Track.ID == a0 {
					want = c.want
				}
				if got := l.Header.Track.Title; got != want {
					t.Errorf("%v is called %+v, want %+v", l.Header.Track.ID, got, want)
				}
			}
		})
	}
}
