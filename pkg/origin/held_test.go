package origin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A viewer is a request that may be held. Tests look at it inside a bubble of
// synctest, where nothing else moves when all wait.
type viewer struct {
	*httptest.ResponseRecorder
	leave   func()
	done    chan struct{}
	aborted bool // the answer was cut off
}

// ask makes a request without a socket, and returns when it is answered or
// waits.
func (s *studio) ask(path string) *viewer { return s.request(http.MethodGet, path) }

func (s *studio) request(method, path string) *viewer {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	v := &viewer{httptest.NewRecorder(), cancel, make(chan struct{}), false}
	r := httptest.NewRequestWithContext(ctx, method, path, http.NoBody)
	go func() {
		defer close(v.done)
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				v.aborted = true
			default:
				panic(cause)
			}
		}()
		s.handler.ServeHTTP(v, r)
	}()
	synctest.Wait()
	return v
}

// held reports whether the request still waits.
func (v *viewer) held() bool {
	select {
	case <-v.done:
		return false
	default:
		return true
	}
}

// got describes the answer: "200 public, max-age=1", "held" or "aborted".
func (v *viewer) got() string {
	synctest.Wait()
	switch {
	case v.held():
		return "held"
	case v.aborted:
		return "aborted"
	}
	return fmt.Sprint(v.Code, " ", v.Header().Get("Cache-Control"))
}

// What came of a request.
const (
	fresh      = "200 public, max-age=1"
	forLong    = "200 public, max-age=12"
	whenEnded  = "200 public, max-age=5"
	whatever   = "200 public, max-age=31536000, immutable"
	bad        = "400 public, max-age=1"
	nothing    = "204 no-store"
	notThere   = "404 public, max-age=1"
	notYet     = "404 no-store"
	notInTime  = "503 no-store"
	stillHeld  = "held"
	wasAborted = "aborted"
)

// onSet returns a stream with two segments of both tracks and a third that is
// growing, two parts of its video and none of its audio.
func onSet(t *testing.T) (s *studio, video *take) {
	s = newSet(t)
	for n := range uint64(2) {
		s.add(v0, n)
		s.add(a0, n)
	}
	video = s.begin(v0, 2)
	video.next()
	video.next()
	return s, video
}

// bubble runs a test in a bubble of synctest, in which the stream begins now.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestBlockingReload(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"", fresh},
		{"?_HLS_msn=0", forLong}, // old ones are answered with what there is
		{"?_HLS_msn=1", forLong},
		{"?_HLS_msn=1&_HLS_part=3", forLong},
		{"?_HLS_msn=1&_HLS_part=4", forLong}, // is part 0 of the next
		{"?_HLS_msn=2&_HLS_part=1", forLong},
		{"?_HLS_part=1&_HLS_msn=2&token=x", forLong},
		{"?_HLS_msn=2&_HLS_part=2", stillHeld},
		{"?_HLS_msn=2", stillHeld},
		{"?_HLS_msn=3", stillHeld},
		{"?_HLS_msn=3&_HLS_part=0", stillHeld},
		{"?_HLS_msn=4", stillHeld},
		{"?_HLS_msn=5", bad},
		{"?_HLS_msn=2&_HLS_part=8", bad},
		{"?_HLS_part=0", bad},
		{"?_HLS_msn=-1", bad},
		{"?_HLS_msn=x", bad},
		{"?_HLS_msn=99999999999999999999", bad},
		{"?_HLS_msn=9223372036854775807&_HLS_part=9223372036854775807", bad},
		{"?_HLS_msn=2&_HLS_msn=2", bad},
		{"?_HLS_msn=2&_HLS_part=x", bad},
		{"?_HLS_msn=2&_HLS_part=0&_HLS_part=0", bad},
	} {
		t.Run(c.query, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, _ := onSet(t)
				v := s.ask("/live/show/v0/index.m3u8" + c.query)
				if got := v.got(); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				v.leave()
				for _, other := range []string{"v0/ts.m3u8", "index.m3u8", "ts.m3u8", "index.mpd"} {
					if got := s.ask("/live/show/" + other + c.query).got(); got != fresh {
						t.Errorf("%s: %s", other, got)
					}
				}
			})
		})
	}
}

// What is held is answered by the first state that satisfies it, and no other.
func TestWhatEndsBlocking(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		part := s.ask("/live/show/v0/index.m3u8?_HLS_msn=2&_HLS_part=2")
		segment := s.ask("/live/show/v0/index.m3u8?_HLS_msn=2")
		next := s.ask("/live/show/v0/index.m3u8?_HLS_msn=3&_HLS_part=0")
		s.add(a0, 2)
		if part.got() != stillHeld || segment.got() != stillHeld {
			t.Fatal("the other track ended it")
		}
		video.next()
		if part.got() != forLong || segment.got() != stillHeld || next.got() != stillHeld {
			t.Fatal(part.got(), segment.got(), next.got())
		}
		video.next()
		if segment.got() != stillHeld {
			t.Fatal("answered before the segment was complete")
		}
		done := video.finish()
		if segment.got() != forLong || !strings.Contains(segment.Body.String(), done.Name+".m4s") || next.got() != stillHeld {
			t.Fatal(segment.got(), next.got())
		}
		s.begin(v0, 3).next()
		if next.got() != forLong {
			t.Error(next.got())
		}
	})
}

func TestEndOfStreamWhileHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		playlist := s.ask("/live/show/v0/index.m3u8?_HLS_msn=3")
		part := s.ask("/live/show/v0/" + live.PartName(video.End()) + ".m4s")
		video.finish()
		s.show.End(s.now())
		if got := playlist.got(); got != whenEnded || !strings.Contains(playlist.Body.String(), "#EXT-X-ENDLIST") {
			t.Error(got, playlist.Body)
		}
		if got := part.got(); got != nothing {
			t.Errorf("a part that never came: %s", got)
		}
		if got := s.ask("/live/show/v0/" + live.PartName(video.End()) + ".m4s").got(); got != notThere {
			t.Errorf("asked for when it could not come any more: %s", got)
		}
		for _, query := range []string{"", "?_HLS_msn=9", "?_HLS_part=9", "?_HLS_msn=x"} {
			if got := s.ask("/live/show/v0/index.m3u8" + query).got(); got != whenEnded {
				t.Errorf("%s after the end: %s", query, got)
			}
		}
		s.show = live.New(live.Settings{App: "live", Name: "show"})
		if got := s.ask("/live/show/v0/index.m3u8?_HLS_msn=3").got(); got != notThere {
			t.Errorf("before the next has a segment: %s", got)
		}
	})
}

// Nothing is held for more than three target durations.
func TestHeldInVain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		paths := []string{"index.m3u8?_HLS_msn=2", live.PartName(video.End()) + ".m4s", "n2.2.m4s"}
		var viewers []*viewer
		for _, path := range paths {
			viewers = append(viewers, s.ask("/live/show/v0/"+path))
		}
		time.Sleep(3*targets.Segment - 1)
		for i, v := range viewers {
			if got := v.got(); got != stillHeld {
				t.Errorf("%s: %s too soon", paths[i], got)
			}
		}
		time.Sleep(time.Nanosecond)
		for i, v := range viewers {
			if got := v.got(); got != notInTime {
				t.Errorf("%s: %s", paths[i], got)
			}
		}
	})
}

// A client that goes away leaves nothing behind, and one that waits keeps no
// state of the presentation alive.
func TestClientThatLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		seen := weak.Make(s.show.Snapshot())
		var viewers []*viewer
		for _, path := range []string{"index.m3u8?_HLS_msn=2", live.PartName(video.End()) + ".m4s", "n2.2.m4s", "n2.m4s"} {
			viewers = append(viewers, s.ask("/live/show/v0/"+path))
		}
		s.begin(a0, 2).next()
		runtime.GC()
		if seen.Value() != nil {
			t.Error("those who wait keep an old snapshot alive")
		}
		for _, v := range viewers {
			if v.got() != stillHeld {
				t.Fatal(v.got())
			}
			v.leave()
			if got := v.got(); got != wasAborted {
				t.Errorf("left, and %s", got)
			}
		}
	})
}

func TestParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		folder := "/live/show/v0/"
		first := video.Parts[0]
		whole := s.ask(folder + first.Name() + ".m4s")
		if whole.got() != whatever || whole.Body.String() != string(video.Chunks[0]) || whole.Header().Get("ETag") != `"`+first.Name()+`"` {
			t.Fatalf("%s, %d bytes", whole.got(), whole.Body.Len())
		}
		hint := s.ask(folder + live.PartName(video.End()) + ".m4s")
		if hint.got() != stillHeld || hint.Body.Len() != 0 {
			t.Fatal(hint.got())
		}
		if got := s.ask(folder + live.PartName(video.End()+1) + ".m4s").got(); got != notThere {
			t.Errorf("neither there nor hinted: %s", got)
		}
		beyond := live.PartName(video.End() + media.TicksOf(partLength, 90000))
		if got := s.ask(folder + beyond + ".m4s").got(); got != notThere {
			t.Errorf("the one behind the hinted one: %s", got)
		}
		third := video.next()
		if hint.got() != whatever || hint.Body.String() != string(video.Chunks[2]) {
			t.Fatalf("%s, %d bytes", hint.got(), hint.Body.Len())
		}
		growing := s.ask(folder + third.Name() + ".m4s")
		video.next()
		next := s.ask(folder + live.PartName(video.End()) + ".m4s") // opens another segment
		video.finish()
		stored := s.ask(folder + third.Name() + ".m4s")
		if stored.got() != whatever || stored.Body.String() != growing.Body.String() {
			t.Errorf("from the store: %s, %d bytes", stored.got(), stored.Body.Len())
		}
		if next.got() != stillHeld {
			t.Fatal(next.got())
		}
		s.begin(v0, 3).next()
		if next.got() != whatever {
			t.Error(next.got())
		}
	})
}

// A hint that does not come true is not waited for any longer.
func TestHintThatIsWithdrawn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		v := s.ask("/live/show/v0/" + live.PartName(video.End()) + ".m4s")
		s.show.Grow(v0, video.Growing, "", s.now())
		if got := v.got(); got != notThere {
			t.Error(got)
		}
	})
}

// A part that was hinted at is waited for while nothing is heard of its publisher.
// When the stream ends there is nothing in it.
func TestHintOfAPublisherThatIsSilent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		ask := func() *viewer { return s.ask("/live/show/v0/" + live.PartName(video.End()) + ".m4s") }
		early := ask()
		s.show.Hush(s.now())
		late := ask()
		if early.got() != stillHeld || late.got() != stillHeld {
			t.Fatalf("%s, %s", early.got(), late.got())
		}
		video.next()
		if early.got() != whatever || late.got() != whatever {
			t.Errorf("the part came: %s, %s", early.got(), late.got())
		}
		next := ask()
		s.show.Hush(s.now())
		s.show.End(s.now())
		if got := next.got(); got != nothing {
			t.Errorf("the stream ended: %s", got)
		}
	})
}

// Parts stay to be had when their segment is no longer listed, and when
// another publisher has the name.
func TestOldParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, video := onSet(t)
		part := video.Parts[1]
		want := string(video.Chunks[1])
		video.cut()
		video.finish()
		for n := range uint64(40) { // at once: up to two windows of what is ahead of the clock are kept
			s.add(v0, n+3)
		}
		if r := s.show.Snapshot().Rendition(v0); r.Segments[0].Number <= 2 {
			t.Fatal("it is still listed")
		}
		path := "/live/show/v0/" + part.Name() + ".m4s"
		if got := s.ask(path); got.got() != whatever || got.Body.String() != want {
			t.Errorf("no longer listed: %s", got.got())
		}
		s.show.End(s.now())
		next := live.New(live.Settings{App: "live", Name: "show"})
		next.Follow(s.show)
		s.show = next
		if got := s.ask(path); got.got() != whatever || got.Body.String() != want {
			t.Errorf("of the presentation before: %s", got.got())
		}
	})
}

// Parts in memory are served like anything else: in ranges, without a body,
// and not at all if they are known.
func TestPartsInMemory(t *testing.T) {
	s := newStudio(t)
	s.add(v0, 0)
	video := s.begin(v0, 1)
	video.next()
	part := video.cut()
	video.Parts = video.Parts[:1]
	video.Parts[0].Size += part.Size // one part of two chunks
	video.publish()
	whole := video.bytes()
	path := "/live/show/v0/" + video.Parts[0].Name() + ".m4s"
	got := s.get(path)
	if got.status != http.StatusOK || got.body != whole {
		t.Fatalf("%d, %d bytes", got.status, len(got.body))
	}
	sameWithoutBody(t, s, path, got)
	notModified(t, s, path, got)
	edge := len(video.Chunks[0])
	for ask, want := range map[string]string{
		"bytes=0-": whole,
		fmt.Sprintf("bytes=%d-%d", edge-2, edge+1): whole[edge-2 : edge+2],
		fmt.Sprintf("bytes=%d-", edge):             whole[edge:],
		"bytes=-5":                                 whole[len(whole)-5:],
	} {
		got := s.do(request{http.MethodGet, path, map[string]string{"Range": ask}})
		if got.status != http.StatusPartialContent || got.body != want {
			t.Errorf("%s: %d %q", ask, got.status, got.body)
		}
	}
	if got := s.do(request{http.MethodGet, path, map[string]string{"Range": "bytes=99999999-"}}); got.status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("%d", got.status)
	}
}
