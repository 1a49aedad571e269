package segment_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// at returns a time in ms after epoch.
func at(ms int) time.Duration { return epoch*time.Second + time.Duration(ms)*time.Millisecond }

var continueCases = []struct {
	name string
	now  int    // ms
	then string // of video with a key frame every two seconds from then on
}{
	// Numbers 10 to 12 began every two seconds, and the last one ended at 6000. One
	// number is for what viewers may have seen the beginning of, and others are for the
	// time since.
	{"at once", 6000, "14@6000 15@8000 16@10000"},
	{"a moment later", 6040, "14@6040 15@8040 16@10040"},
	{"a segment later", 8000, "15@8000 16@10000 17@12000"},
	{"ten seconds later", 16000, "19@16000 20@18000 21@20000"},
	{"in the past", 5000, "14@6000 15@8000 16@10000"},
}

func TestContinue(t *testing.T) {
	for _, c := range continueCases {
		cutter := segment.New(config)
		past := segment.Past{
			TargetDuration: 2 * time.Second, PartTarget: 240 * time.Millisecond, ChunkTarget: 240 * time.Millisecond,
			Number: 10, Starts: []time.Duration{at(0), at(2000), at(4000)}, End: at(6000),
		}
		if next := cutter.Continue(past); next != 14 {
			t.Errorf("%s: number %d comes next", c.name, next)
		}
		cutter.SetTracks([]media.Track{video})
		var placed []segment.Placed
		from := max(c.now, 6000)
		for ms := 0; ms < 4080; ms += 40 {
			placed = cutter.Push(frame(video, from+ms, ms%2000 == 0), placed)
		}
		if got := starts(cutter.Flush(placed), v0); got != c.then {
			t.Errorf("%s: segments begin at %s, want %s", c.name, got, c.then)
		}
		if cutter.TargetDuration() != past.TargetDuration || cutter.PartTarget() != past.PartTarget || cutter.ChunkTarget() != past.ChunkTarget {
			t.Errorf("%s: promises %v, %v, %v", c.name, cutter.TargetDuration(), cutter.PartTarget(), cutter.ChunkTarget())
		}
	}
}

// TestContinueWithAnotherTarget asks for longer segments than were promised: key frames
// still cut, as the promise stays.
func TestContinueWithAnotherTarget(t *testing.T) {
	longer := config
	longer.Target = 4 * time.Second
	cutter := segment.New(longer)
	cutter.Continue(segment.Past{
		TargetDuration: 2 * time.Second, PartTarget: 240 * time.Millisecond, ChunkTarget: 240 * time.Millisecond,
		Number: 10, Starts: []time.Duration{at(0)}, End: at(2000),
	})
	cutter.SetTracks([]media.Track{video})
	var placed []segment.Placed
	for ms := 0; ms < 6080; ms += 40 {
		placed = cutter.Push(frame(video, 2000+ms, ms%2000 == 0), placed)
	}
	if got, want := starts(cutter.Flush(placed), v0), "12@2000 13@4000 14@6000 15@8000"; got != want {
		t.Errorf("segments begin at %s, want %s", got, want)
	}
}

// TestContinueWithAnyPast goes on with random pasts: what they promised and where
// they cut stays, numbers are not used again, and the boundaries that are new leave
// no hole and no segment that is too long.
func TestContinueWithAnyPast(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 11))
		past := segment.Past{
			TargetDuration: time.Duration(1+r.IntN(10)) * time.Second,
			PartTarget:     time.Duration(100+r.IntN(900)) * time.Millisecond,
			Number:         uint64(r.IntN(1 << 30)),
		}
		past.ChunkTarget = past.PartTarget
		limit := past.TargetDuration + 499*time.Millisecond
		end := r.IntN(1000)
		for range 1 + r.IntN(300) {
			past.Starts = append(past.Starts, at(end))
			end += 100 + r.IntN(int(limit.Milliseconds())-100)
		}
		past.End = at(end)
		now := end + r.IntN(2)*r.IntN(300_000)

		cutter := segment.New(config)
		next := cutter.Continue(past)
		checkBoundaries(t, seed, cutter, past, next)

		cutter.SetTracks([]media.Track{video, audio})
		var placed []segment.Placed
		from, gop := now+r.IntN(2)*r.IntN(5000), 40*(1+r.IntN(200))
		for ms := 0; ms < 60_000; ms += 40 {
			placed = cutter.Push(frame(video, from+ms, ms%gop == 0), placed)
			placed = cutter.Push(frame(audio, from+ms, true), placed)
		}
		placed = cutter.Flush(placed)
		checkGoesOn(t, seed, placed, next, limit)
		if cutter.TargetDuration() != past.TargetDuration || cutter.PartTarget() != past.PartTarget {
			t.Fatalf("seed %d: promises %v and %v", seed, cutter.TargetDuration(), cutter.PartTarget())
		}
	}
}

// checkBoundaries checks those of the past, of which the newest are known.
func checkBoundaries(t *testing.T, seed uint64, cutter *segment.Cutter, past segment.Past, next uint64) {
	t.Helper()
	behind := past.Number + uint64(len(past.Starts))
	for n := cutter.Oldest(); n < behind; n++ {
		if began, known := cutter.Boundary(n); !known || began != past.Starts[n-past.Number] {
			t.Fatalf("seed %d: number %d began at %v (%t), not %v", seed, n, began, known, past.Starts[n-past.Number])
		}
	}
	if _, known := cutter.Boundary(behind); known || next != behind+1 {
		t.Fatalf("seed %d: %d comes next behind %d", seed, next, behind-1)
	}
}

// checkGoesOn checks the segments behind the past.
func checkGoesOn(t *testing.T, seed uint64, placed []segment.Placed, next uint64, limit time.Duration) {
	t.Helper()
	begun := map[media.TrackID]segment.Placed{}
	for _, p := range placed {
		first, any := begun[p.Track]
		scale := map[media.TrackID]uint32{v0: video.Timescale, a0: audio.Timescale}[p.Track]
		switch {
		case p.Number < next || !any && p.Cut != segment.Segment:
			t.Fatalf("seed %d: %+v, where %d comes next", seed, p, next)
		case any && (p.DTS-first.DTS).Duration(scale) > limit && p.Number == first.Number:
			t.Fatalf("seed %d: %+v is too long after %+v", seed, p, first)
		case any && p.Cut == segment.Segment && p.Number != first.Number+1:
			t.Fatalf("seed %d: %+v after %+v", seed, p, first)
		}
		if p.Cut == segment.Segment {
			begun[p.Track] = p
		}
	}
	if len(begun) != 2 {
		t.Fatalf("seed %d: %d tracks go on", seed, len(begun))
	}
}
