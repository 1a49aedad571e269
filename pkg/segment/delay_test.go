package segment_test

import (
	"testing"

	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// TestTracksThatReorder has two tracks of video whose key frames are shown together and decoded by
// delays of their own, of which either is heard first.
func TestTracksThatReorder(t *testing.T) {
	other := media.Track{ID: media.TrackID{Kind: media.Video, Index: 1}, Timescale: media.VideoTimescale}
	for _, delays := range [][2]int{{0, 0}, {80, 80}, {0, 80}, {80, 0}} {
		for _, first := range []int{0, 1} {
			cutter := segment.New(config)
			cutter.SetTracks([]media.Track{video, other})
			var placed []segment.Placed
			push := func(n, i int) {
				s := frame([]media.Track{video, other}[n], 200+40*i-delays[n], i%50 == 0)
				s.Offset = media.Ticks(90 * delays[n])
				placed = cutter.Push(s, placed)
			}
			push(first, 0)
			push(1-first, 0)
			for i := range 200 { // the other one is late from here on
				push(0, i+1)
				if i >= 5 {
					push(1, i-4)
				}
			}
			for _, p := range placed {
				if p.Cut == segment.Segment && !p.Key {
					t.Errorf("delays %v, %d first: %v begins segment %d with no key frame", delays, first, p.Track, p.Number)
				}
			}
		}
	}
}
