package stream_test

import (
	"errors"
	"testing"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/stream"
)

// stored returns how many bytes are in the store that are not to be removed before
// the current time.
func (r *rig) stored() (bytes int64) {
	for entry, err := range r.disk.List("") {
		if err != nil {
			r.t.Fatal(err)
		}
		if until, retired := r.calendar[entry.Name]; !retired || until.After(r.now) {
			bytes += entry.Size
		}
	}
	return bytes
}

func within(bytes int64) func(*stream.Config) {
	return func(c *stream.Config) { c.Limits.Stored = bytes }
}

// bits returns by how much frames are larger for a bit rate, at 25 a second.
func bits(rate int) int { return rate / 8 / 25 }

// TestTheWindowFits plays streams of several bit rates within one limit.
func TestTheWindowFits(t *testing.T) {
	const limit = 4 << 20
	for _, c := range []struct {
		name     string
		rates    []int         // bits a second, a minute each
		gop      int           // frames
		window   time.Duration // at least, at the end
		at       time.Duration // at most
		warnings int           // for the broadcaster
		gaps     bool
		peak     float64 // of what is stored, as a part of the limit
	}{
		{"there is room", []int{400_000}, 50, 30 * time.Second, 30 * time.Second, 0, false, 1},
		{"a shorter window", []int{800_000}, 50, 14 * time.Second, 18 * time.Second, 1, false, 1},
		{"short segments", []int{800_000}, 25, 16 * time.Second, 20 * time.Second, 1, false, 1},
		{"the shortest", []int{2_000_000}, 50, 6 * time.Second, 6 * time.Second, 1, false, 1},
		{"too much", []int{4_000_000}, 50, 6 * time.Second, 6 * time.Second, 1, true, 1},
		{"it rises", []int{400_000, 1_200_000}, 50, 8 * time.Second, 12 * time.Second, 1, false, 1.6},
		{"it falls", []int{1_200_000, 400_000}, 50, 8 * time.Second, 12 * time.Second, 1, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, within(limit))
			r.publish(video(1), audio(48000))
			peak := int64(0)
			r.watch = func() { peak = max(peak, r.stored()) }
			for i, rate := range c.rates {
				r.large = bits(rate)
				r.play(source{fps: 25, gop: c.gop, rate: 48000}, i*60_000, (i+1)*60_000)
			}
			s := r.snapshot()
			if s.Window < c.window || s.Window > c.at {
				t.Errorf("a window of %v", s.Window)
			}
			for _, rendition := range s.Renditions {
				if rendition.Depth < s.Window {
					t.Errorf("%v: %v are listed of %v", rendition.ID, rendition.Depth, s.Window)
				}
			}
			part := float64(peak) / limit
			t.Logf("window %v, %.2f of the limit at most", s.Window, part)
			if part > c.peak {
				t.Errorf("%.2f of the limit were used", part)
			}
			text := "limits.stream_disk): less of it is listed"
			if c.gaps {
				text = "limits.stream_disk): viewers get gaps"
			}
			if r.lines(text) != c.warnings || len(r.warned) != c.warnings {
				t.Errorf("warned of %q", r.warned)
			}
			if v := r.registry.Vitals()[0]; v.Window != s.Window || (v.Narrowed > 0) != (c.warnings > 0) {
				t.Errorf("%+v", v)
			}
			if gaps := r.lines("segments are not stored") > 0; gaps != c.gaps {
				t.Errorf("gaps: %v", gaps)
			}
			r.watch, r.large = nil, 0 // there is room for the last one
			r.play(source{fps: 25, gop: c.gop, rate: 48000}, len(c.rates)*60_000, len(c.rates)*60_000+15_000)
			r.close()
			r.verify()
			r.verifyRetired()
		})
	}
}

// TestSegmentsCanBeHadWhileTheWindowShrinks checks that a segment stays for the
// time that the longest playlist with it says (RFC 8216bis 6.2.2).
func TestSegmentsCanBeHadWhileTheWindowShrinks(t *testing.T) {
	r := newRig(t, within(4<<20))
	r.publish(video(1))
	last := map[string]time.Time{} // when a segment was listed last
	longest := map[string]time.Duration{}
	var before *live.Snapshot
	r.watch = func() {
		s := r.snapshot()
		if s == before || s.Rendition(v0) == nil {
			return
		}
		before = s
		for _, seg := range s.Rendition(v0).Segments {
			last[seg.Name], longest[seg.Name] = r.now, max(longest[seg.Name], s.Rendition(v0).Depth)
		}
	}
	for i, rate := range []int{400_000, 2_000_000, 100_000} {
		r.large = bits(rate)
		r.play(source{fps: 25, gop: 50}, i*60_000, (i+1)*60_000)
	}
	if len(r.calendar) < 50 {
		t.Fatalf("%d segments left the window", len(r.calendar))
	}
	for blob, until := range r.calendar {
		seg := blob[len("live/show/v0/") : len(blob)-len(".m4s")]
		if due := last[seg].Add(longest[seg] + 2*time.Second); until.Before(due) {
			t.Errorf("%s is removed at %v, and may be asked for until %v", seg, until, due)
		}
	}
	var latest time.Duration
	for blob, until := range r.calendar {
		if listed := last[blob[len("live/show/v0/"):len(blob)-len(".m4s")]]; listed.Sub(noon) > 110*time.Second {
			latest = max(latest, until.Sub(listed))
		}
	}
	if latest > 15*time.Second {
		t.Errorf("segments that were in short playlists only stay for %v", latest)
	}
}

// TestSegmentsThatAreTooLarge ends a publisher, and no other, whose segments
// would fill the memory before they are complete.
func TestSegmentsThatAreTooLarge(t *testing.T) {
	h := newHall(t, lingering, func(c *stream.Config) { c.Limits.Cutting = 1 << 20 })
	h.enter("large", 1, nil)
	h.enter("small", 2, nil)
	h.large = bits(4_000_000) // 1 MB in two seconds
	h.plays("large", 2)
	h.large = bits(400_000)
	h.plays("small", 4)
	h.large = bits(8_000_000)
	h.pub = h.inside["large"]
	sent, err := 0, error(nil)
	for ; err == nil && sent < 100; sent++ {
		err = h.write(sent*40, sent == 0)
	}
	if !errors.Is(err, stream.ErrTooLarge) || sent < 20 || sent > 40 {
		t.Fatalf("after %d frames: %v", sent, err)
	}
	h.leave("large")
	h.large = bits(400_000)
	h.plays("small", 4)
	h.enter("large", 1, nil) // with another bit rate
	h.plays("large", 4)
}

// write sends a frame, which may be refused.
func (r *rig) write(ms int, key bool) error {
	r.frames++
	data := append([]byte{0, 0, 0, 9, 0x65}, make([]byte, 8+r.large)...)
	return r.pub.WriteFrame(media.Frame{Track: v0, Key: key, Time: uint32(ms), Data: data})
}
