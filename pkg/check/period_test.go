package check

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// An irregular server cuts the segment that begins four seconds from now after
// three parts, and goes on from there. Which segment comes when is then
// otherwise than the first manifest had it.
type irregular struct {
	*imitation
	number int  // of the first segment behind the cut
	silent bool // no manifest tells
}

func newIrregular(o *imitation, silent bool) *irregular {
	return &irregular{imitation: o, number: o.parts()/perSegment + 3, silent: silent}
}

// first returns the first part of a segment.
func (i *irregular) first(number int) int {
	if number < i.number {
		return number * perSegment
	}
	return number*perSegment - (perSegment - 3)
}

// edit tells of the cut, from when it is there.
func (i *irregular) edit(path, text string) string {
	if path != "/ll.mpd" || i.silent || i.parts() < i.first(i.number) {
		return text
	}
	start := time.Duration(i.first(i.number)) * partTime
	period := regexp.MustCompile(`(?s)<Period.*</Period>\n`)
	next := strings.Replace(period.FindString(text), `id="p0" start="PT0S"`, fmt.Sprintf(`id="p1" start="PT%.3fS"`, start.Seconds()), 1)
	for _, t := range i.tracks {
		ticks := uint64(start.Milliseconds()) * t.timescale / 1000
		next = strings.Replace(next, fmt.Sprintf(`timescale="%d" duration="%d" startNumber="0"`, t.timescale, 2*t.timescale),
			fmt.Sprintf(`timescale="%d" duration="%d" startNumber="%d" presentationTimeOffset="%d"`, t.timescale, 2*t.timescale, i.number, ticks), 1)
	}
	text = strings.Replace(text, "</Period>\n", "</Period>\n"+next, 1)
	return regexp.MustCompile(`publishTime="[^"]*"`).ReplaceAllString(text, `publishTime="`+time.Unix(0, int64(start)).UTC().Format("2006-01-02T15:04:05.000Z")+`"`)
}

// serve sends segments as they are cut.
func (i *irregular) serve(w http.ResponseWriter, r *http.Request) bool {
	number := number(r.URL.Path)
	if !strings.Contains(r.URL.Path, "/n") || number < i.number-1 || r.Method != http.MethodGet {
		return false
	}
	track := i.tracks[0]
	if strings.HasPrefix(r.URL.Path, "/a0") {
		track = i.tracks[1]
	}
	from, to := i.first(number), i.first(number+1)
	if from > i.parts()+1 {
		http.NotFound(w, r)
		return true
	}
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Cache-Control", "max-age=3600, immutable")
	w.Header().Set("Etag", `"n"`)
	if to <= i.parts() {
		w.Header().Set("Content-Length", fmt.Sprint(i.size(track, from, to)))
	}
	for k := from; k < to; k++ {
		until(r.Context(), partEnd(k))
		_, _ = w.Write(i.bytesOf(track, k))
		_ = http.NewResponseController(w).Flush()
	}
	return true
}

func (i *irregular) size(t *imitated, from, to int) int {
	sum := 0
	for k := from; k < to; k++ {
		sum += len(i.bytesOf(t, k))
	}
	return sum
}

func irregularly(silent bool) func(*imitation) {
	return func(o *imitation) {
		i := newIrregular(o, silent)
		o.edit, o.serve = i.edit, i.serve
		chunks(func(k int, c *imitatedChunk) {
			c.sync[0] = k < i.first(i.number) && k%perSegment == 0 || k >= i.first(i.number) && (k-i.first(i.number))%perSegment == 0
		})(o)
	}
}

// A segment belongs to the Period in which a manifest of its time has it. A
// server that never tells of that Period has drifted.
func TestPeriodBegins(t *testing.T) {
	runBreakages(t, []breakage{
		{"a new Period", lowDASH, irregularly(false), ""},
		{"a new Period behind a hole", lowDASH, func(o *imitation) {
			i := newIrregular(o, false)
			irregularly(false)(o)
			regular := o.chunk
			o.chunk = func(t *imitated, k int, c *imitatedChunk) {
				if regular(t, k, c); k >= i.first(i.number) {
					c.time += 3 * t.frame
					c.sequence = 1 + uint32(k-i.first(i.number))
				}
			}
		}, ""},
		{"a new Period of which nobody is told", lowDASH, irregularly(true), "dash/duration-drift"},
	})
}
