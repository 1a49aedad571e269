package check

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// between breaks answers from one second of the test to another.
func between(from, to time.Duration, serve func(w http.ResponseWriter, r *http.Request) bool) func(*imitation) {
	return func(o *imitation) {
		begun := time.Now()
		o.serve = func(w http.ResponseWriter, r *http.Request) bool {
			since := time.Since(begun)
			return since >= from && since < to && serve(w, r)
		}
	}
}

// abort breaks a connection.
func abort(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }

func unavailable(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// frozen shows texts as they were, between two seconds of the test.
func frozen(from, to time.Duration) func(*imitation) {
	return func(o *imitation) {
		begun, kept := time.Now(), make(map[string]string)
		o.edit = func(path, text string) string {
			since := time.Since(begun)
			if old, ok := kept[path]; ok && since >= from && since < to {
				return old
			}
			kept[path] = text
			return text
		}
	}
}

// A server that is away for a while is found sound by who is patient, and by
// nobody else.
func TestPatience(t *testing.T) {
	away := []struct {
		name string
		set  func(*imitation)
	}{
		{"broken connections", between(4*time.Second, 9*time.Second, abort)},
		{"503", between(4*time.Second, 9*time.Second, unavailable)},
	}
	for _, path := range []string{both, "/plain.m3u8", low, regular, lowDASH} {
		for _, c := range away {
			t.Run(c.name+path, func(t *testing.T) {
				t.Parallel()
				patient, err := watchWith(t, path, Options{Duration: 30 * time.Second, Patient: true}, c.set)
				if err != nil {
					t.Fatal(err)
				}
				if len(patient.Findings) > 0 || patient.Seen["segment"] < 10 || patient.Seen["revisit"] < 20 || len(patient.Numbers) == 0 {
					var text strings.Builder
					_ = patient.WriteText(&text)
					t.Errorf("%s", text.String())
				}
				strict, err := watchWith(t, path, Options{Duration: 30 * time.Second}, c.set)
				if err != nil || len(strict.Findings) == 0 {
					t.Errorf("%v, and nothing was found without patience", err)
				}
			})
		}
	}
}

// What spans time is found while a client is patient.
func TestBrokenWhilePatient(t *testing.T) {
	const long = time.Hour
	segments := regexp.MustCompile(`/[stp]\d+\.m4s$`)
	other := func(w http.ResponseWriter, r *http.Request) bool {
		if !segments.MatchString(r.URL.Path) || r.Method != http.MethodGet {
			return false
		}
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Cache-Control", "max-age=3600, immutable")
		w.Header().Set("Etag", `"other"`)
		_, _ = w.Write([]byte("\x00\x00\x00\x0dfreeother"))
		return true
	}
	gone := func(w http.ResponseWriter, r *http.Request) bool {
		if segments.MatchString(r.URL.Path) && number(r.URL.Path)%2 == 0 {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	silent := between(4*time.Second, 12*time.Second, func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/a0/") && strings.HasSuffix(r.URL.Path, ".m3u8") {
			http.NotFound(w, r)
			return true
		}
		return false
	})
	withdrawn := func(o *imitation) {
		silent(o)
		begun, sound := time.Now(), regexp.MustCompile(`#EXT-X-MEDIA:.*\n|,AUDIO="audio"`)
		o.edit = func(path, text string) string {
			if since := time.Since(begun); strings.Contains(path[1:], "/") || since < 4*time.Second || since >= 12*time.Second {
				return text
			}
			return sound.ReplaceAllString(text, "")
		}
	}
	runWith(t, Options{Duration: 20 * time.Second, Patient: true}, []breakage{
		{"a rendition is withdrawn for a while", "/plain.m3u8", withdrawn, ""},
		{"a rendition of low latency is withdrawn for a while", both, withdrawn, ""},
		{"a rendition goes that is offered", "/plain.m3u8", silent, "hls/playlist-available"},
		{"nothing new for a while", plain, frozen(4*time.Second, 12*time.Second), ""},
		{"503 for what does not come", low, func(o *imitation) {
			o.block = func(r *http.Request, until time.Time) (time.Time, int) {
				if since := time.Since(o.begun) - time.Minute; since >= 4*time.Second && since < 12*time.Second {
					return time.Now().Add(2 * time.Second), http.StatusServiceUnavailable
				}
				return until, http.StatusOK
			}
		}, ""},
		{"away for a while, and numbered anew", plain, func(o *imitation) {
			between(4*time.Second, 6*time.Second, abort)(o)
			later(replace(`(#EXT-X-MEDIA-SEQUENCE):\d+`, "$1:7"))(o)
		}, "hls/media-sequence hls/segment-change hls/uri-reuse"},
		{"other bytes under an old name", regular, between(8*time.Second, long, other), "http/cache-change"},
		{"a listed segment goes", plain, between(8*time.Second, long, gone), "hls/segment-available hls/segment-removed"},
		{"a segment in the manifest goes", regular, between(8*time.Second, long, gone), "dash/segment-available"},
		{"a part under another name", low, later(replace(`#EXT-X-PART:DURATION=0.20000,URI="p\d*0.m4s"`, `#EXT-X-PART:DURATION=0.20000,URI="p4733424000.m4s"`)), "hls/part-bytes hls/part-change hls/preload-hint hls/uri-reuse"},
		{"a segment becomes a gap", plain, later(replaceOnce(`(#EXTINF)`, "#EXT-X-GAP\n$1")), "hls/segment-change"},
		{"away for good", plain, between(4*time.Second, long, abort), ""},
	})
	runWith(t, Options{Duration: 5 * time.Minute, Patient: true}, []breakage{
		{"away for minutes", plain, between(4*time.Second, long, abort), "hls/playlist-available"},
	})
}

// Bytes that came before a connection broke are part of what comes afterwards.
func TestBrokenOff(t *testing.T) {
	cut := func(o *imitation) {
		var broken atomic.Bool
		o.grow = func(w http.ResponseWriter, r *http.Request, k int) {
			if strings.Contains(r.URL.Path, "v0") && broken.CompareAndSwap(false, true) {
				_, _ = w.Write([]byte("what is not there later"))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			o.chunks(w, r, o.tracks[strings.Index("va", r.URL.Path[1:2])], k)
		}
	}
	runWith(t, Options{Duration: 9 * time.Second, Patient: true}, []breakage{
		{"another body", lowDASH, cut, "http/cache-change"},
	})
}

// A segment by number that does not come is no fault while its publisher may be
// away, and one when later ones came.
func TestMissedNumber(t *testing.T) {
	missing := func(until time.Duration) func(*imitation) {
		return func(o *imitation) {
			skipped, begun := o.parts()/perSegment+2, time.Now()
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, fmt.Sprintf("v0/n%d.m4s", skipped)) && time.Since(begun) < until {
					http.NotFound(w, r)
					return true
				}
				return false
			}
		}
	}
	runWith(t, Options{Duration: 12 * time.Second, Patient: true}, []breakage{
		{"late", lowDASH, missing(6 * time.Second), ""},
		{"never", lowDASH, missing(time.Hour), "dash/segment-available"},
	})
}

// A segment that is far too short may be the last of its publisher's, unless
// another one follows in its Period.
func TestShortNumber(t *testing.T) {
	short := func(o *imitation) {
		number := o.parts()/perSegment + 2
		o.serve = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, fmt.Sprintf("v0/n%d.m4s", number)) || r.Method != http.MethodGet {
				return false
			}
			w.Header().Set("Content-Type", "video/mp4")
			w.Header().Set("Cache-Control", "max-age=3600, immutable")
			for k := range 3 {
				until(r.Context(), partEnd(number*perSegment+k))
				_, _ = w.Write(o.bytesOf(o.tracks[0], number*perSegment+k))
				_ = http.NewResponseController(w).Flush()
			}
			return true
		}
	}
	runWith(t, Options{Duration: 12 * time.Second, Patient: true}, []breakage{
		{"followed", lowDASH, short, "cmaf/continuity dash/duration-drift"},
	})
}

// All Periods of a manifest may go at once when nothing came for so long.
func TestPeriodsExpire(t *testing.T) {
	renamed := func(after time.Duration) func(*imitation) {
		return func(o *imitation) {
			frozen(4*time.Second, after)(o)
			kept, begun := o.edit, time.Now()
			o.edit = func(path, text string) string {
				if text = kept(path, text); time.Since(begun) >= after {
					text = strings.Replace(text, `id="p0"`, `id="p1"`, 1)
				}
				return text
			}
		}
	}
	runWith(t, Options{Duration: 50 * time.Second, Patient: true}, []breakage{
		{"after all that was listed", regular, renamed(40 * time.Second), ""},
		{"too soon", regular, renamed(12 * time.Second), "dash/period-change"},
	})
}

// A Period that has gone does not come again.
func TestPeriodReturns(t *testing.T) {
	runWith(t, Options{Duration: 15 * time.Second}, []breakage{
		{"a Period comes again", regular, func(o *imitation) {
			begun := time.Now()
			first := regexp.MustCompile(`<Period id="p0"`)
			o.edit = func(_, text string) string {
				before := `<Period id="old" start="PT0S" duration="PT0S"/>` + "\n" + `<Period id="p0"`
				if since := time.Since(begun); since > 4*time.Second && since < 9*time.Second {
					return text
				}
				return first.ReplaceAllString(text, before)
			}
		}, "dash/period-change"},
	})
}

// A report tells that a presentation ended, and which numbers it had.
func TestReportEnds(t *testing.T) {
	for _, path := range []string{low, plain} {
		report, err := watchWith(t, path, Options{Duration: 20 * time.Second, Patient: true}, func(o *imitation) { o.endedAt = time.Now().Add(6 * time.Second) })
		if err != nil || !report.Ended || len(report.Findings) > 0 || report.Watched > 15*time.Second {
			t.Errorf("%v, %+v", err, report)
		}
		for thing, n := range report.Numbers {
			if n.Last < n.First+10 {
				t.Errorf("%s: %+v", thing, n)
			}
		}
	}
}

// The bytes that a server may send are counted by the hour.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(nil)
		if !c.spend(maxTotal) || c.spend(1) {
			t.Error("the budget is not what it should be")
		}
		time.Sleep(budgetTime + time.Second)
		if !c.spend(1) {
			t.Error("the budget does not come again")
		}
	})
}

// A witness remembers a bounded number of answers.
func TestWitnessForgets(t *testing.T) {
	w := newWitness(func(f fault) { t.Error(f) })
	for i := range 2 * maxSightings {
		w.look(query{url: fmt.Sprint(i)}, &answer{status: http.StatusOK, header: http.Header{"Cache-Control": {"max-age=600"}}})
	}
	if len(w.seen) != maxSightings || len(w.order) != maxSightings {
		t.Errorf("%d and %d are remembered", len(w.seen), len(w.order))
	}
	for i, what := range w.order {
		if w.seen[what].index != i {
			t.Fatalf("%v stands at %d, not at %d", what, i, w.seen[what].index)
		}
	}
}
