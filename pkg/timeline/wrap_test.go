package timeline_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// A recording is what publishers send, the first of whom has the raw time 0 in
// the middle.
type recording struct {
	name   string
	tracks []media.Track
	frames []sending
	leaves []int // frames in front of which a publisher leaves
}

// captured reads the times of a capture of an encoder: a line has the track, the
// time and the composition offset of a frame.
func captured(t *testing.T, name string, sampling uint32) recording {
	f, err := os.Open(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	sound := audio
	sound.Timescale = sampling
	r := recording{name: name, tracks: []media.Track{video, sound}}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var s sending
		var track string
		if _, err := fmt.Sscan(lines.Text(), &track, &s.Time, &s.Offset); err != nil {
			t.Fatal(err)
		}
		s.Track, _ = media.ParseTrackID(track)
		s.sent = int(s.Time)
		s.Time -= 4000
		r.frames = append(r.frames, s)
	}
	return r
}

// invented has an hour of an encoder that is 200 ppm too fast, with B frames. It
// goes away for ten seconds where its time is 0.
func invented() recording {
	r := recording{name: "an hour", tracks: []media.Track{video, audio}}
	const half = 1800000
	for v, a := 0, 0; v < 30*3600; {
		vt, at := (v*1000+15)/30, (a*1024*1000+22050)/44100
		s := sending{Frame: media.Frame{Track: v0, Time: uint32(vt - half), Offset: int32(v % 3 * 40)}, sent: vt - vt/5000}
		v++
		if at < vt {
			s = sending{Frame: media.Frame{Track: a0, Time: uint32(at - half)}, sent: at - at/5000}
			v, a = v-1, a+1
		}
		if gone := s.Time + 10000; gone < 10000 {
			continue
		}
		if n := len(r.frames); n > 0 && int32(r.frames[n-1].Time) < 0 && int32(s.Time) >= 0 {
			r.leaves = append(r.leaves, n)
		}
		r.frames = append(r.frames, s)
	}
	return r
}

// stamp stamps a recording whose raw times are that much later.
func (r *recording) stamp(by uint32) ([]media.Sample, timeline.Counts) {
	p := newPublisher(r.tracks...)
	samples := make([]media.Sample, len(r.frames))
	for i, s := range r.frames {
		if slices.Contains(r.leaves, i) {
			p.clock.Resume()
		}
		s.Time += by
		samples[i] = p.at(s.sent, s.Frame)
	}
	return samples, p.clock.Repairs()
}

// TestTimeMayCrossAnything has the same frames with raw times that cross the
// ends of 24, 31 and 32 bits: nothing of what comes out differs.
func TestTimeMayCrossAnything(t *testing.T) {
	for _, r := range []recording{captured(t, "avc-aac-bframes", 48000), captured(t, "gst-avc-aac", 44100), invented()} {
		want, repairs := r.stamp(123456789)
		for _, by := range []uint32{0, 1 << 24, 1 << 31} {
			got, counts := r.stamp(by)
			for i := range want {
				if g, w := got[i], want[i]; g.DTS != w.DTS || g.Offset != w.Offset || g.Length != w.Length {
					t.Errorf("%s, crossing %d: frame %d is %+v, want %+v", r.name, by, i, g, w)
					break
				}
			}
			if counts != repairs {
				t.Errorf("%s, crossing %d: repairs %v, want %v", r.name, by, counts, repairs)
			}
		}
		t.Logf("%s: %d frames, repairs %v", r.name, len(want), repairs)
	}
}
