package stream_test

import (
	"bytes"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/media"
)

// TestStoredBytesFollowEachOther reads segments with another's eyes: in every
// period each chunk's tfdt is that of the chunk before it and its durations.
func TestStoredBytesFollowEachOther(t *testing.T) {
	for _, c := range scenarios {
		r := newRig(t)
		c.run(r)
		r.close()
		for _, id := range []media.TrackID{v0, a0} {
			r.follow(c.name, id)
		}
	}
}

func (r *rig) follow(name string, id media.TrackID) {
	r.t.Helper()
	var end, period uint64
	for _, seg := range r.listed[id] {
		if seg.Gap {
			continue
		}
		file, err := mp4.DecodeFile(bytes.NewReader(append(bytes.Clone(seg.Header.Data), r.read(id, seg)...)))
		if err != nil {
			r.t.Fatalf("%s: %s: %v", name, describe(seg), err)
		}
		for _, part := range file.Segments {
			for i, fragment := range part.Fragments {
				traf := fragment.Moof.Traf
				at := traf.Tfdt.BaseMediaDecodeTime()
				if first := i == 0; end != 0 && period == seg.Period.Sequence && at != end || first && at != uint64(seg.Start) {
					r.t.Errorf("%s: %s: chunk %d begins at %d, not %d", name, describe(seg), i, at, end)
				}
				end, period = at+traf.Trun.Duration(traf.Tfhd.DefaultSampleDuration), seg.Period.Sequence
			}
		}
		if end != uint64(seg.End()) {
			r.t.Errorf("%s: %s ends at %d", name, describe(seg), end)
		}
	}
}
