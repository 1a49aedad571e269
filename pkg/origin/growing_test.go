package origin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/live"
)

// A growing segment is sent chunk by chunk, each as soon as it is complete.
func TestGrowingSegment(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		first := s.ask("/live/show/v0/n2.m4s")
		sent := func(v *viewer, what string) {
			t.Helper()
			synctest.Wait()
			if v.Body.String() != what || !v.Flushed {
				t.Fatalf("%d bytes, want %d; flushed: %v", v.Body.Len(), len(what), v.Flushed)
			}
		}
		sent(first, video.bytes())
		if h := first.Header(); h.Get("Content-Length") != "" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			h.Get("Content-Type") != "video/mp4" || h.Get("ETag") != `"`+video.Name+`"` {
			t.Errorf("header of a growing one: %v", h)
		}
		video.next()
		late := s.ask("/live/show/v0/n2.m4s")
		sent(first, video.bytes())
		sent(late, video.bytes())
		s.begin(a0, 2).next()
		if first.got() != stillHeld || late.got() != stillHeld {
			t.Fatal("not held to the end of the segment")
		}
		video.cut() // and it was finished before anybody saw its last part
		seg := video.finish()
		for _, v := range []*viewer{first, late} {
			if got := v.got(); got != whatever || v.Body.String() != video.bytes() {
				t.Errorf("%s, %d of %d bytes", got, v.Body.Len(), seg.Size)
			}
		}
		if opened := s.store.count(s.show.Blob(v0, seg.Name)); opened != 2 {
			t.Errorf("the store was asked %d times for what was left", opened)
		}
		whole := s.ask("/live/show/v0/n2.m4s")
		if whole.got() != whatever || whole.Body.String() != video.bytes() || whole.Header().Get("Content-Length") == "" ||
			whole.Header().Get("ETag") != first.Header().Get("ETag") {
			t.Errorf("when it is finished: %s", whole.got())
		}
	})
}

func TestGrowingSegmentEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(s *studio, video *take)
		want string
	}{
		{"finished early at the end of the stream", func(s *studio, video *take) { video.finish(); s.show.End(s.now()) }, whatever},
		{"vanishes with the stream", func(s *studio, _ *take) { s.show.End(s.now()) }, wasAborted},
		{"could not be stored", func(s *studio, video *take) {
			video.Gap = true
			s.show.Add(v0, video.Segment, targets, s.now())
			s.begin(v0, 3).next()
		}, wasAborted},
		{"was removed", func(s *studio, video *take) {
			s.show.Add(v0, video.Segment, targets, s.now())
		}, wasAborted},
		{"is followed by another number", func(s *studio, _ *take) { s.begin(v0, 7).next() }, wasAborted},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, video := onSet(t)
				v := s.ask("/live/show/v0/n2.m4s")
				c.end(s, video)
				if got := v.got(); got != c.want || v.Body.String() != video.bytes() {
					t.Errorf("%s, %d of %d bytes", got, v.Body.Len(), len(video.bytes()))
				}
			})
		})
	}
}

// The segment behind the newest is waited for when its first chunk is due
// within the length of a chunk.
func TestSegmentThatIsSoonThere(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name string
		at   time.Duration // since the first segment began
		path string
		want string
	}{
		{"next, at its time", 6 * second, "n3.m4s", stillHeld},
		{"next, early", 4500 * time.Millisecond, "n3.m4s", stillHeld},
		{"next, and late", 9 * second, "n3.m4s", stillHeld},
		{"the one behind it", 9 * second, "n4.m4s", notYet},
		{"far ahead", 9 * second, "n99999999.m4s", notYet},
		{"first part of the next", 6 * second, "n3.0.m4s", stillHeld},
		{"second part of the next", 6 * second, "n3.1.m4s", notYet},
		{"first part of the one behind it", 6 * second, "n4.0.m4s", notYet},
		{"of a track that has none growing", 4 * second, "../a0/n2.m4s", stillHeld},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, _ := onSet(t)
				s.clock = now.Add(c.at)
				path := strings.Replace("/live/show/v0/"+c.path, "v0/../", "", 1)
				v := s.ask(path)
				if got := v.got(); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				time.Sleep(19 * second)
				if c.want == stillHeld && v.got() != notInTime {
					t.Errorf("held in vain: %s", v.got())
				}
			})
		})
	}
}

func TestSegmentComesWhileWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		s.clock = now.Add(6 * time.Second)
		v, part := s.ask("/live/show/v0/n3.m4s"), s.ask("/live/show/v0/n3.0.m4s")
		video.next()
		video.finish()
		if v.got() != stillHeld || part.got() != stillHeld {
			t.Fatal("the end of the segment before ended the wait")
		}
		next := s.begin(v0, 3)
		next.next()
		if part.got() != whatever || part.Body.String() != next.bytes() {
			t.Error(part.got())
		}
		if v.got() != stillHeld || v.Body.String() != next.bytes() {
			t.Errorf("%s, %d bytes", v.got(), v.Body.Len())
		}
		next.finish()
		if v.got() != whatever {
			t.Error(v.got())
		}
		again := s.ask("/live/show/v0/n4.m4s")
		s.show.End(s.now())
		for _, v := range []*viewer{again, s.ask("/live/show/v0/n5.m4s"), s.ask("/live/show/v0/n1003.m4s")} {
			if got := v.got(); got != fresh || v.Body.Len() != 24 {
				t.Errorf("behind the end: %s, %d bytes", got, v.Body.Len())
			}
		}
		for _, path := range []string{"n1004.m4s", "n4.0.m4s"} {
			if got := s.ask("/live/show/v0/" + path).got(); got != notThere {
				t.Errorf("%s: %s", path, got)
			}
		}
	})
}

// Parts by number: held while they may come, and empty when they never will.
func TestPartsByNumber(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		folder := "/live/show/v0/n2."
		second := s.ask(folder + "1.m4s")
		if second.got() != whatever || second.Body.String() != string(video.Chunks[1]) {
			t.Fatal(second.got())
		}
		third, far := s.ask(folder+"2.m4s"), s.ask(folder+"3.m4s")
		if third.got() != stillHeld || far.got() != notYet {
			t.Fatal(third.got(), far.got())
		}
		video.next()
		fourth := s.ask(folder + "3.m4s")
		if third.got() != whatever || third.Body.String() != string(video.Chunks[2]) || fourth.got() != stillHeld {
			t.Fatal(third.got(), fourth.got())
		}
		video.finish()
		for _, v := range []*viewer{fourth, s.ask(folder + "3.m4s")} {
			if v.got() != whatever || v.Body.Len() != 0 || v.Header().Get("Content-Length") != "0" {
				t.Errorf("%s, %d bytes", v.got(), v.Body.Len())
			}
		}
		again := s.ask(folder + "1.m4s")
		if again.got() != whatever || again.Body.String() != second.Body.String() || again.Header().Get("ETag") != second.Header().Get("ETag") {
			t.Errorf("from the store: %s", again.got())
		}
	})
}

func TestFinishedByNumber(t *testing.T) {
	s, video := newStudio(t), (*take)(nil)
	for n := range uint64(3) {
		video = s.begin(v0, n)
		video.cut()
		if n == 1 {
			video.Parts = nil
		}
		if n == 2 {
			video.Gap, video.Parts = true, nil
		}
		video.finish()
	}
	s.begin(v0, 3).next() // a gap is listed with what follows it
	for path, want := range map[string]int{
		"n0.m4s": http.StatusOK, "n1.m4s": http.StatusOK, "n2.m4s": http.StatusOK, "n5.m4s": http.StatusNotFound, "n2.2.m4s": http.StatusNotFound,
		"n0.0.m4s": http.StatusOK, "n1.0.m4s": http.StatusOK, "n1.1.m4s": http.StatusOK, "n2.0.m4s": http.StatusOK, "n2.1.m4s": http.StatusOK,
	} {
		got := s.get("/live/show/v0/" + path)
		if got.status != want {
			t.Errorf("%s: %d", path, got.status)
		}
		if want == http.StatusOK {
			sameWithoutBody(t, s, "/live/show/v0/"+path, got)
			notModified(t, s, "/live/show/v0/"+path, got)
		}
	}
	if gap := s.get("/live/show/v0/n2.m4s"); len(gap.body) != 24 || gap.body != s.get("/live/show/v0/n2.0.m4s").body {
		t.Errorf("a gap: %q", gap.body)
	}
	whole, only := s.get("/live/show/v0/n1.m4s"), s.get("/live/show/v0/n1.0.m4s")
	if whole.body != only.body || whole.body == "" {
		t.Errorf("without parts: %d and %d bytes", len(whole.body), len(only.body))
	}
	if got := s.do(request{http.MethodGet, "/live/show/v0/n1.m4s", map[string]string{"Range": "bytes=4-7"}}); got.status != http.StatusPartialContent || got.body != whole.body[4:8] {
		t.Errorf("%d %q", got.status, got.body)
	}
}

// Who counts numbers waits for a period until manifests tell of it, which they do
// when all of its tracks have begun: by the period before he would put it elsewhere.
func TestPeriodThatOneTrackHasBegun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		video.finish()
		s.add(a0, 2)
		s.period = &live.Period{Sequence: 1, Start: s.now(), Headers: s.period.Headers}
		s.add(v0, 3)
		video = s.begin(v0, 4)
		video.next()
		var waiting []*viewer
		for _, name := range []string{"n3.m4s", "n3.0.m4s"} {
			waiting = append(waiting, s.ask("/live/show/v0/"+name))
		}
		if got := s.ask("/live/show/v0/n4.m4s").got(); got != notYet {
			t.Errorf("the one behind it: %s", got)
		}
		for _, v := range waiting {
			if v.got() != stillHeld {
				t.Fatal(v.got())
			}
		}
		s.begin(a0, 3).next()
		video.next()
		for _, v := range waiting {
			if v.got() != whatever || v.Body.Len() == 0 {
				t.Errorf("%s, %d bytes", v.got(), v.Body.Len())
			}
		}
	})
}

// A growing segment has no range, no length, and no body for HEAD. By its time
// it is not there before it is listed.
func TestGrowingSegmentAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		head := s.request(http.MethodHead, "/live/show/v0/n2.m4s")
		if head.got() != whatever || head.Body.Len() != 0 {
			t.Error(head.got())
		}
		if got := s.ask("/live/show/v0/" + video.Name + ".m4s").got(); got != notThere {
			t.Errorf("by its time: %s", got)
		}
		header := s.ask("/live/show/v0/" + video.Header.Name + ".mp4")
		if header.got() != whatever {
			t.Error(header.got())
		}
	})
}

// A period that begins has a header that can be had with its first part.
func TestHeaderOfWhatGrows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		video.finish()
		fresh := *s.period.Header(v0)
		fresh.Name = "another"
		period := &live.Period{Sequence: 1, Headers: []*live.Header{&fresh, s.period.Header(a0)}}
		s.period = period
		if got := s.ask("/live/show/v0/another.mp4").got(); got != notThere {
			t.Fatal(got)
		}
		s.begin(v0, 3).next()
		if got := s.ask("/live/show/v0/another.mp4").got(); got != whatever {
			t.Error(got)
		}
	})
}
