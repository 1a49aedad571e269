package stream_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// observeGrowth notes what grows, and that nothing in it changes.
func (r *rig) observeGrowth(rendition *live.Rendition) {
	if hint := rendition.Hint; hint != "" && !slices.Contains(r.hints[rendition.ID], hint) {
		r.hints[rendition.ID] = append(r.hints[rendition.ID], hint)
	}
	before, now := r.growing[rendition.ID], rendition.Growing
	r.growing[rendition.ID] = now
	if before == nil {
		return
	}
	var next live.Growing
	switch n := len(rendition.Segments); {
	case now != nil && now.Number == before.Number:
		next = *now
	case n > 0 && rendition.Segments[n-1].Number == before.Number:
		next.Segment = rendition.Segments[n-1]
		if next.Gap { // it could not be stored
			return
		}
		next.Chunks = [][]byte{r.read(rendition.ID, next.Segment)}
	default:
		return
	}
	if len(next.Parts) < len(before.Parts) || !slices.Equal(next.Parts[:len(before.Parts)], before.Parts) {
		r.t.Fatalf("%v: parts %+v became %+v", rendition.ID, before.Parts, next.Parts)
	}
	if !beginsWith(next.Chunks, before.Chunks) {
		r.t.Fatalf("%v: bytes of %s changed", rendition.ID, describe(next.Segment))
	}
}

// beginsWith reports whether the bytes of some chunks begin with those of others.
func beginsWith(all, first [][]byte) bool {
	var ahead []byte // of all, in the same chunk
	for _, chunk := range first {
		for len(chunk) > 0 {
			if len(ahead) == 0 {
				if len(all) == 0 {
					return false
				}
				ahead, all = all[0], all[1:]
			}
			n := min(len(chunk), len(ahead))
			if !bytes.Equal(chunk[:n], ahead[:n]) {
				return false
			}
			chunk, ahead = chunk[n:], ahead[n:]
		}
	}
	return true
}

// verifyParts checks that parts make up their segments: in time, in bytes and
// in samples.
func (r *rig) verifyParts(id media.TrackID, all []live.Segment) {
	r.t.Helper()
	for _, seg := range all {
		if seg.Gap {
			continue
		}
		data, at, offset, frames := r.read(id, seg), seg.Start, int64(0), 0
		for _, part := range seg.Parts {
			if part.Start != at || part.Offset != offset || part.Duration <= 0 || part.Size <= 0 {
				r.t.Fatalf("%v: %s has a part %+v at %d, byte %d", id, describe(seg), part, at, offset)
			}
			samples, end, err := cmaf.ReadSegment(data[part.Offset:part.Offset+part.Size], id)
			if err != nil || samples[0].DTS != part.Start || end != part.End() ||
				part.Independent != slices.ContainsFunc(samples, func(s media.Sample) bool { return s.Key }) {
				r.t.Fatalf("%v: %s: part %+v holds %d samples to %d: %v", id, describe(seg), part, len(samples), end, err)
			}
			at, offset, frames = part.End(), offset+part.Size, frames+len(samples)
		}
		if at != seg.End() || offset != seg.Size || frames != seg.Frames {
			r.t.Fatalf("%v: the parts of %s end at %d, byte %d, frame %d", id, describe(seg), at, offset, frames)
		}
	}
}

// unkept returns the hints that named a part which never came. The last one of
// all was still open when the publisher left.
func (r *rig) unkept(id media.TrackID) []string {
	var names, unkept []string
	for _, seg := range r.listed[id] {
		for _, part := range seg.Parts {
			names = append(names, part.Name())
		}
	}
	for _, hint := range r.hints[id][:max(len(r.hints[id])-1, 0)] {
		if !slices.Contains(names, hint) {
			unkept = append(unkept, hint)
		}
	}
	return unkept
}

// TestPartsComeWithTheirLastFrame looks at the stream after each frame: a part
// is there as soon as its last frame is, the name of the next one is known and
// proves true, and parts keep their target.
func TestPartsComeWithTheirLastFrame(t *testing.T) {
	for _, s := range []source{
		{fps: 30, gop: 60, rate: 48000},
		{fps: 25, gop: 50, rate: 48000},
		{fps: 50, gop: 100, rate: 22050},
		{fps: 30, gop: 60},
		{rate: 48000},
	} {
		r := newRig(t)
		var tracks []media.Track
		if s.fps > 0 {
			tracks = append(tracks, video(1))
		}
		if s.rate > 0 {
			tracks = append(tracks, audio(uint32(s.rate)))
		}
		r.publish(tracks...)
		r.play(s, 0, 20_000)
		snapshot := r.snapshot()
		for _, rendition := range snapshot.Renditions {
			for _, seg := range rendition.Segments[2:] {
				for i, part := range seg.Parts {
					length := part.Duration.Duration(seg.Timescale())
					if length > snapshot.Targets.Part {
						t.Errorf("%+v: part %d of %s lasts %v, more than %v", s, i, describe(seg), length, snapshot.Targets.Part)
					}
					if i < len(seg.Parts)-1 && length*100 < snapshot.Targets.Part*85 {
						t.Errorf("%+v: part %d of %s lasts %v, less than 85 %% of %v", s, i, describe(seg), length, snapshot.Targets.Part)
					}
				}
			}
			if len(r.hints[rendition.ID]) < 70 {
				t.Errorf("%+v: %v had %d hints in 20 s", s, rendition.ID, len(r.hints[rendition.ID]))
			}
		}
		r.close()
		r.verify()
		for id := range r.hints {
			if broken := r.unkept(id); len(broken) > 0 {
				t.Errorf("%+v: %v was promised parts that did not come: %v", s, id, broken)
			}
		}
	}
}

// TestAge checks what a part lacks when it is published: nothing, its last
// frame has just come.
func TestAge(t *testing.T) {
	s := source{fps: 30, gop: 60, rate: 48000}
	r := newRig(t)
	r.publish(video(1), audio(48000))
	r.play(s, 0, 10_000)
	late := map[media.TrackID]int{}
	total := map[media.TrackID]int{}
	edges := map[media.TrackID]media.Ticks{}
	for _, rendition := range r.snapshot().Renditions {
		edges[rendition.ID] = rendition.Growing.End()
	}
	r.watch = func() {
		for _, rendition := range r.snapshot().Renditions {
			g := rendition.Growing
			if g == nil || len(g.Parts) == 0 {
				continue
			}
			end := g.Parts[len(g.Parts)-1].End()
			if end == edges[rendition.ID] {
				continue
			}
			edges[rendition.ID] = end
			total[rendition.ID]++
			frame := time.Second / 30
			if rendition.ID == a0 {
				frame = 1024 * time.Second / 48000
			}
			if age := r.now.Sub(end.Time(g.Timescale()).Add(-frame)); age > 2*time.Millisecond {
				late[rendition.ID]++
				t.Logf("%v: the last frame of a part that ends at %v is %v old", rendition.ID, end.Time(g.Timescale()).Sub(noon), age)
			}
		}
	}
	r.play(s, 10_000, 30_000)
	for id, n := range total {
		if n < 70 || late[id] > 0 {
			t.Errorf("%v: %d of %d parts were late", id, late[id], n)
		}
	}
}
