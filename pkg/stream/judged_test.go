package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/check"
	"sluice/pkg/check/checktest"
	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/origin"
	"sluice/pkg/store"
)

// judged runs a publisher in a bubble of time, in which it is noon, while strict viewers
// watch what it sends for so many seconds, but for the first. Every rule that must hold
// does, but one: who is sent a segment while it grows, which is then refused, has had
// bytes that come to nothing.
func judged(t *testing.T, seconds int, publish func(r *rig)) (r *rig) {
	t.Helper()
	return judgedBehind(t, func(t *testing.T) *rig { return newRig(t, lingering) }, seconds, publish)
}

// judgedBehind does so with a rig that was there before noon, if need be.
func judgedBehind(t *testing.T, begin func(t *testing.T) *rig, seconds int, publish func(r *rig)) (r *rig) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		r = begin(t)
		r.realTime = true
		checktest.Serve(r.handler(), func(transport http.RoundTripper) {
			var viewers sync.WaitGroup
			for _, file := range []string{"index.m3u8", "index.mpd", "ll.mpd"} {
				viewers.Go(func() {
					time.Sleep(5 * time.Second)
					options := check.Options{Transport: transport, Patient: true, Duration: time.Duration(seconds-6) * time.Second}
					report, err := check.Run(context.Background(), "http://origin.example/live/show/"+file, options)
					if err != nil {
						t.Errorf("%s: %v", file, err)
						return
					}
					for _, f := range report.Findings {
						if f.Level == check.Must && f.Name != "http/cache-change" {
							t.Errorf("%s: %s, %s at %s", file, f.Name, f.Detail, f.URL)
						}
					}
				})
			}
			publish(r)
			viewers.Wait()
			_ = r.pub.Close(io.EOF)
		})
	})
	r.t = t
	return r
}

// handler serves what the rig publishes.
func (r *rig) handler() http.Handler {
	r.t.Helper()
	pages := fstest.MapFS{}
	for _, name := range []string{"index.html", "player.html"} {
		pages[name] = &fstest.MapFile{Data: []byte("<html></html>")}
	}
	pages["assets/x.js"] = &fstest.MapFile{}
	site, err := origin.New(origin.Config{
		Source: r.registry, Store: withoutRecords{r.disk}, Pages: pages, TSCache: 1 << 20,
		Metrics: http.NotFoundHandler(), Log: zerolog.Nop(), Now: time.Now,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return site.Handler()
}

// withoutRecords is a store as viewers see it.
type withoutRecords struct{ store.Store }

type medium struct {
	*bytes.Reader
	io.Closer
}

func (s withoutRecords) Open(name string) (store.Blob, error) {
	blob, err := s.Store.Open(name)
	if err != nil || path.Ext(name) != ".m4s" {
		return blob, err
	}
	defer blob.Close()
	size, err := cmaf.MediaSize(blob, blob.Size())
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	_, err = io.ReadFull(blob, data)
	return medium{bytes.NewReader(data), io.NopCloser(nil)}, err
}

// TestRefusedSegmentsAreJudged has the store refuse one, two or many segments of some
// tracks.
func TestRefusedSegmentsAreJudged(t *testing.T) {
	for _, tracks := range []string{"v0", "a0", "v0 a0"} {
		for _, count := range []int{1, 2, 100} {
			t.Run(fmt.Sprintf("%d of %s", count, tracks), func(t *testing.T) {
				r := judged(t, 80, func(r *rig) {
					r.publishKnown(video(1), audio(48000))
					r.play(steady, 0, 10000)
					r.disk.refuse(count, strings.Fields(tracks)...)
					r.play(steady, 10_000, 45_000)
					r.disk.refuse(0, strings.Fields(tracks)...)
					r.play(source{fps: 25, gop: 50, begun: 25, rate: 48000}, 45_000, 80_000)
				})
				r.verify()
				for id, all := range r.listed {
					if n := len(all); all[n-1].Gap || all[n-1].Period != all[n-10].Period {
						t.Errorf("%v: %s", id, r.shape(id))
					}
				}
			})
		}
	}
}

// TestTornSegmentsAreJudged has files torn in the middle of a period when the gateway
// is started again, and again. What was in front of them can still be had.
func TestTornSegmentsAreJudged(t *testing.T) {
	for _, torn := range [][]string{{"v0"}, {"a0"}, {"v0", "a0"}} {
		t.Run(fmt.Sprint(torn), func(t *testing.T) {
			var before *live.Snapshot
			begin := func(t *testing.T) *rig {
				r := newRig(t, lingering)
				r.publishKnown(video(1), audio(48000))
				r.play(steady, -21_000, -5000)
				r.close()
				before = r.snapshot()
				for i, track := range torn {
					names := slices.Sorted(entries(r.disk))
					names = slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(name, track) })
					r.replace(names[3+i], r.bytesOf(names[3+i])[:500])
				}
				after, _ := r.kill(4*time.Second, lingering)
				for range 2 {
					after.collect()
					after, _ = after.kill(time.Second/2, lingering)
				}
				return after
			}
			r := judgedBehind(t, begin, 60, func(r *rig) {
				for _, rendition := range r.snapshot().Renditions {
					first := 3 + len(torn) // of the segments behind those that are torn
					if got, want := rendition.Segments, before.Rendition(rendition.ID).Segments[first:]; !slices.EqualFunc(got, want, sameMedia) {
						t.Errorf("%v: %q are listed, want %q", rendition.ID, describeAll(got), describeAll(want))
					}
					if _, ok := rendition.Find(func(seg *live.Segment) bool { return seg.Start == before.Rendition(rendition.ID).Segments[1].Start }); !ok {
						t.Errorf("%v: what was in front cannot be had", rendition.ID)
					}
				}
				r.publishKnown(video(1), audio(48000))
				r.play(steady, 2000, 60_000)
			})
			r.verifyHoles()
		})
	}
}

// TestVideoThatIsAwayIsJudged has video pause for many segments while audio goes on, or go
// for so long that the stream goes on without it. The broadcaster is told.
func TestVideoThatIsAwayIsJudged(t *testing.T) {
	for _, away := range []int{5000, 9000, 20_000} {
		t.Run(fmt.Sprint(away), func(t *testing.T) {
			r := judged(t, 70, func(r *rig) {
				r.publishKnown(video(1), audio(48000))
				r.play(steady, 0, 20_000)
				r.play(source{rate: 48000}, 20_000, 20_000+away)
				r.play(steady, 20_000+away, 70_000)
			})
			r.verify()
			if all := r.listed[v0]; all[len(all)-1].Gap {
				t.Errorf("video %s", r.shape(v0))
			}
			if len(r.warned) != 1 || r.lines("nothing comes of the picture") != 1 {
				t.Errorf("warned of %q", r.warned)
			}
		})
	}
}

// TestTornBeginningsOfPeriods has the first segments of a period torn, with the gaps in
// front of them: what is listed in their place is of the period that it was of, and as
// long if another track tells.
func TestTornBeginningsOfPeriods(t *testing.T) {
	for _, torn := range []string{"v0", "a0", "v0 a0"} {
		for _, count := range []int{1, 2} {
			t.Run(fmt.Sprintf("%d of %s", count, torn), func(t *testing.T) {
				r := newRig(t, lingering)
				r.publishKnown(video(1), audio(48000))
				r.play(steady, 0, 10_000)
				r.close()
				r.at(15_000)
				r.publishKnown(video(2), audio(22050))
				r.play(source{fps: 25, gop: 50, rate: 22050}, 15_000, 25_000)
				r.close()
				before := r.snapshot()
				for _, rendition := range before.Renditions {
					first := slices.IndexFunc(rendition.Segments, func(s live.Segment) bool { return s.Period.Sequence == 1 && !s.Gap })
					for i := range count {
						name := "live/show/" + rendition.ID.String() + "/" + rendition.Segments[first+i].Name + ".m4s"
						if strings.Contains(torn, rendition.ID.String()) {
							r.replace(name, r.bytesOf(name)[:500])
						}
					}
				}
				after, found := r.kill(2*time.Second, lingering)
				if found.Torn != count*len(strings.Fields(torn)) {
					t.Fatalf("%+v", found)
				}
				after.collect()
				once := after.snapshot()
				after, _ = after.kill(time.Second, lingering)
				for _, rendition := range after.snapshot().Renditions {
					if n, want := len(rendition.Segments), len(once.Rendition(rendition.ID).Segments); n != want {
						t.Errorf("%v: %d segments are listed, and %d behind the first restart", rendition.ID, n, want)
					}
					if n := rendition.Segments[0].Number; n != after.snapshot().Renditions[0].Segments[0].Number || n > before.Renditions[0].Segments[5].Number {
						t.Errorf("%v: the playlist begins with %d", rendition.ID, n)
					}
					for _, seg := range rendition.Segments {
						was, ok := before.Rendition(rendition.ID).Find(func(s *live.Segment) bool { return s.Number == seg.Number })
						if !ok || was.Period.Sequence != seg.Period.Sequence || was.Header.Name != seg.Header.Name {
							t.Errorf("%v: %s was %s", rendition.ID, describe(seg), describe(was))
						}
						if off := seg.Length() - was.Length(); len(torn) == 2 && off.Abs() > 50*time.Millisecond {
							t.Errorf("%v: %s was %s", rendition.ID, describe(seg), describe(was))
						}
					}
				}
			})
		}
	}
}

// TestWhatIsLeftOfASegmentIsJudged has a disk keep what was staged of a segment, and
// neither the whole segment nor an order to remove that: it is no segment.
func TestWhatIsLeftOfASegmentIsJudged(t *testing.T) {
	var number uint64
	begin := func(t *testing.T) *rig {
		r := newRig(t, lingering)
		r.publishKnown(video(1), audio(48000))
		r.play(steady, -21_000, -11_900)
		staged := maps.Clone(r.disk.staged)
		r.play(source{fps: 25, gop: 50, rate: 48000, begun: 28}, -11_900, -5000)
		r.close()
		segments := r.snapshot().Renditions[0].Segments
		number = segments[len(segments)-1].Number
		for name, left := range staged {
			r.replace(name, append(left.Data, left.Note...))
		}
		return r
	}
	r := judgedBehind(t, func(t *testing.T) *rig {
		after, found := begin(t).kill(5*time.Second, lingering)
		if found.Torn == 0 {
			t.Errorf("%+v", found)
		}
		return after
	}, 60, func(r *rig) {
		for _, rendition := range r.snapshot().Renditions {
			if got := rendition.Segments; got[len(got)-1].Number != number || slices.ContainsFunc(got, func(s live.Segment) bool { return s.Gap }) {
				t.Errorf("%v: %q are listed", rendition.ID, describeAll(got))
			}
		}
		r.publishKnown(video(1), audio(48000))
		r.play(steady, 2000, 60_000)
	})
	r.verifyHoles()
}
