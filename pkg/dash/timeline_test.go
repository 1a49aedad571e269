package dash_test

import (
	"encoding/xml"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sluice/pkg/dash"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// timelines are what an MPD lists of segments.
type timelines struct {
	Periods []struct {
		Sets []struct {
			Representations []struct {
				ID   string `xml:"id,attr"`
				Runs []struct {
					T *int64 `xml:"t,attr"`
					D int64  `xml:"d,attr"`
					R int    `xml:"r,attr"`
				} `xml:"SegmentTemplate>SegmentTimeline>S"`
			} `xml:"Representation"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
}

// listed returns where the segments of a track begin, as a player reads it.
func (l timelines) listed(id media.TrackID) (all []int64) {
	for _, p := range l.Periods {
		for _, set := range p.Sets {
			for _, r := range set.Representations {
				at := int64(0)
				for _, run := range r.Runs {
					if run.T != nil {
						at = *run.T
					}
					for range run.R + 1 {
						if r.ID == id.String() {
							all = append(all, at)
						}
						at += run.D
					}
				}
			}
		}
	}
	return all
}

// A course is a show that goes on as dice say.
type course struct {
	*show
	dice *rand.Rand
}

func newCourse(seed uint64) *course {
	c := &course{newShow(), rand.New(rand.NewPCG(seed, 1))}
	c.Presentation = live.New(live.Settings{App: "live", Name: "show", Window: time.Duration(8+c.dice.IntN(200)) * time.Second, Started: noon})
	c.begin(0, 0.451, hd, lc)
	return c
}

// step lists a segment: often one like the one before, now and then another one, a gap, or one of
// a new period.
func (c *course) step() {
	var change func(*live.Segment)
	switch c.dice.IntN(20) {
	case 0:
		change = without(hd)
	case 1:
		change = without(lc)
	case 2:
		change = func(seg *live.Segment) { seg.Gap, seg.Frames, seg.Size = true, 0, 0 }
	case 3, 4:
		change = func(seg *live.Segment) { seg.Duration = media.TicksOf(1900*time.Millisecond, seg.Timescale()) }
	case 5:
		if c.dice.IntN(5) == 0 {
			c.begin(c.period.Sequence+1, c.at[v0].Time(90000).Sub(noon).Seconds()+1, hd, lc)
		}
	}
	c.add(1, change)
}

// TestTimelines compares what is listed with the segments that there are, and what is kept from
// manifests before with what is written when nobody asked for those.
func TestTimelines(t *testing.T) {
	for seed := range uint64(10) {
		c := newCourse(seed)
		for n := range 300 {
			c.step()
			s := c.Snapshot()
			kept := dash.MPD(s, "").Bytes()
			if kept == nil {
				continue
			}
			var doc timelines
			if err := xml.Unmarshal(kept, &doc); err != nil {
				t.Fatal(err)
			}
			for _, r := range s.Renditions {
				var want []int64
				for _, seg := range r.Segments {
					if !seg.Gap {
						want = append(want, int64(seg.Start))
					}
				}
				got := doc.listed(r.ID)
				if i := slices.Index(want, append(got, -1)[0]); i > 0 {
					want = want[i:] // what is older has left with its period
				}
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d, step %d, %s: %d are listed, not %d\n%s", seed, n, r.ID, len(got), len(want), kept)
				}
			}
			if n%30 != 29 {
				continue
			}
			fresh := newCourse(seed)
			for range n + 1 {
				fresh.step()
			}
			if written := dash.MPD(fresh.Snapshot(), "").Bytes(); string(written) != string(kept) {
				t.Fatalf("seed %d, step %d:\n%s\nis kept of\n%s", seed, n, kept, written)
			}
		}
	}
}
