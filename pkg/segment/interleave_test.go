package segment_test

import (
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// TestSoundAheadOfThePicture has sound wait for the picture, which is seconds behind, for as
// long as that goes on or would have gone on, and come evenly with it. What has waited
// when the picture is back is still as far ahead.
func TestSoundAheadOfThePicture(t *testing.T) {
	const ahead = 5000
	var order segment.Interleaver
	newest := map[media.TrackID]int{v0: -1, a0: -1}
	take := func(track media.Track, ms int) {
		for _, s := range order.Take(frame(track, ms, true), track.Timescale) {
			at := millis(segment.Placed{Sample: s})
			if at <= newest[s.Track] {
				t.Fatalf("%v goes back to %d", s.Track, at)
			}
			newest[s.Track] = at
		}
	}
	ms := 0
	check := func(until int, pictures bool) {
		t.Helper()
		for ; ms < until; ms += 20 {
			if pictures && ms%40 == 0 {
				take(video, ms)
			}
			take(audio, ms+ahead)
			if far := newest[a0] - ms; far > 520 || ms > ahead && far < 440 {
				t.Fatalf("at %d there is sound of %d", ms, newest[a0])
			}
		}
	}
	check(10_000, true)
	check(24_000, false)
	check(30_000, true)
	if frames := int64((ahead - 500) / 20); order.Bytes() < frames-2 || order.Bytes() > frames+2 {
		t.Errorf("%d bytes wait", order.Bytes())
	}
	order.Drop(a0)
	if order.Bytes() != 0 {
		t.Errorf("%d bytes wait when nothing does", order.Bytes())
	}
}

// TestSoundWaitsForSomeTime has sound that is further ahead than anybody waits.
func TestSoundWaitsForSomeTime(t *testing.T) {
	var order segment.Interleaver
	if n := len(order.Take(frame(video, 0, true), video.Timescale)); n != 1 {
		t.Fatalf("%d samples", n)
	}
	first := -1
	for ms := 0; ms < 15_000 && first < 0; ms += 20 {
		if len(order.Take(frame(audio, 60_000+ms, true), audio.Timescale)) > 0 {
			first = ms
		}
	}
	if first != 12_000 {
		t.Errorf("the first is due when %v have come", time.Duration(first)*time.Millisecond)
	}
}
