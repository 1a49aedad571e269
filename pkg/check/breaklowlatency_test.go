package check

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// older makes rendition reports some parts older.
func older(parts int) func(*imitation) {
	return each(`LAST-MSN=(\d+),LAST-PART=(\d+)`, func(m []string) string {
		msn, _ := strconv.Atoi(m[1])
		part, _ := strconv.Atoi(m[2])
		k := msn*perSegment + part - parts
		return fmt.Sprintf("LAST-MSN=%d,LAST-PART=%d", k/perSegment, k%perSegment)
	})
}

// behind makes audio come some parts late, and removes a pattern.
func behind(parts int, pattern string) func(*imitation) {
	return func(o *imitation) {
		o.tracks[1].behind = parts
		replace(pattern, "")(o)
	}
}

// Parts and what is asked with directives.
func TestBrokenLowLatency(t *testing.T) {
	runBreakages(t, []breakage{
		{"PART-TARGET changes", low, later(replace(`PART-TARGET=0.2`, "PART-TARGET=0.2001")), "hls/part-target-change"},
		{"PART-TARGET too small", low, replace(`PART-TARGET=0.2`, "PART-TARGET=0.19"), "hls/part-duration"},
		{"parts too short", low, replace(`PART-TARGET=0.2`, "PART-TARGET=0.24"), "hls/part-short hls/part-hold-back-short"},
		{"no PART-TARGET", low, replace(`#EXT-X-PART-INF.*\n`, ""), "hls/part-inf"},
		{"PART-HOLD-BACK under twice", low, replace(`PART-HOLD-BACK=0.6`, "PART-HOLD-BACK=0.39"), "hls/part-hold-back"},
		{"PART-HOLD-BACK under three times", low, replace(`PART-HOLD-BACK=0.6`, "PART-HOLD-BACK=0.5"), "hls/part-hold-back-short"},
		{"no PART-HOLD-BACK", low, replace(`,PART-HOLD-BACK=0.6`, ""), "hls/server-control"},
		{"no server control", low, replace(`#EXT-X-SERVER-CONTROL.*\n`, ""), "hls/server-control"},
		{"no blocking", low, replace(`CAN-BLOCK-RELOAD=YES,`, ""), "hls/block-reload"},
		{"server control changes", low, later(replace(`PART-HOLD-BACK=0.6`, "PART-HOLD-BACK=0.8")), "hls/server-control-change"},
		{"CAN-SKIP-UNTIL too short", low, replace(`CAN-SKIP-UNTIL=12.0`, "CAN-SKIP-UNTIL=10.0"), "hls/can-skip-until"},
		{"no parts", low, replace(`#EXT-X-PART:.*\n`, ""), "hls/block-hold hls/part-late hls/part-missing"},
		{"two hints", low, replace(`(#EXT-X-PRELOAD-HINT.*\n)`, "$1$1"), "hls/preload-hint-once"},
		{"a hint at the end", low, func(o *imitation) {
			o.endedAt = time.Now().Add(4 * time.Second)
			replace(`#EXT-X-ENDLIST`, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p1.m4s\"\n#EXT-X-ENDLIST")(o)
		}, "hls/preload-hint-ended"},
		{"another part than hinted", low, replace(`(HINT:TYPE=PART,URI="p\d+)`, "${1}9"), "hls/preload-hint"},
		{"a hint that never comes", low, func(o *imitation) {
			o.hint = func(_ http.ResponseWriter, r *http.Request, _ int) { until(r.Context(), time.Now().Add(time.Minute)) }
		}, "hls/preload-hint-answer"},
		{"a hint answered 404", low, func(o *imitation) {
			o.hint = func(w http.ResponseWriter, r *http.Request, _ int) { http.NotFound(w, r) }
		}, "hls/preload-hint-answer"},
		{"a part trickles", low, func(o *imitation) {
			o.hint = func(w http.ResponseWriter, r *http.Request, k int) {
				body := o.bytesOf(o.tracks[0], k)
				for i, piece := range bytes.SplitAfter(body, []byte{0}) {
					_, _ = w.Write(piece)
					_ = http.NewResponseController(w).Flush()
					until(r.Context(), partEnd(k-1).Add(time.Duration(i)*partTime/time.Duration(len(body))))
				}
				until(r.Context(), partEnd(k))
			}
		}, "hls/part-burst"},
		{"other bytes for who is early", low, func(o *imitation) {
			o.hint = func(w http.ResponseWriter, r *http.Request, k int) {
				until(r.Context(), partEnd(k))
				_, _ = w.Write(o.bytesOf(o.tracks[0], k)[1:])
			}
		}, "hls/part-bytes"},
		{"no rendition report", both, replace(`#EXT-X-RENDITION-REPORT.*\n`, ""), "hls/rendition-report"},
		{"absolute rendition report", both, replace(`URI="../(a0|v0)/index`, `URI="http://origin.example/$1/index`), "hls/rendition-report"},
		{"stale rendition report", both, each(`LAST-MSN=(\d+)`, func(m []string) string {
			n, _ := strconv.Atoi(m[1])
			return fmt.Sprintf("LAST-MSN=%d", n-3)
		}), "hls/rendition-report-stale"},
		{"rendition report four parts old", both, older(4), "hls/rendition-report-stale"},
		{"rendition report a part old", both, older(1), ""},
		{"rendition report of a later track", both, behind(1, ``), ""},
		{"no LAST-PART where it is the same", both, replace(`,LAST-PART=\d+`, ""), ""},
		{"no LAST-PART where it is another", both, behind(1, `,LAST-PART=\d+`), "hls/rendition-report-part"},
		{"no LAST-PART of a track far ahead", both, behind(4, `,LAST-PART=\d+`), "hls/rendition-report-part"},
		{"no hint at all", low, replace(`#EXT-X-PRELOAD-HINT.*\n`, ""), "hls/preload-hint-missing"},
		{"no hint now and then", low, replace(`#EXT-X-PRELOAD-HINT.*p\d*[13579].m4s"\n`, ""), ""},
		{"a hinted header that is not there", low, replace(`$`, "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"nope.mp4\"\n"), "hls/preload-hint-answer"},
		{"a hinted header that is there", low, replace(`$`, "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"init.mp4\"\n"), ""},
		{"an old number refused", low, status(400, "", func(r *http.Request) bool {
			msn, err := strconv.Atoi(r.URL.Query().Get("_HLS_msn"))
			return err == nil && msn > 0 && time.Since(time.Unix(int64(msn)*2, 0)) > 20*time.Second
		}), "hls/block-old"},
		{"an old number held", low, func(o *imitation) {
			o.block = func(_ *http.Request, at time.Time) (time.Time, int) {
				if time.Since(at) > 15*time.Second {
					at = time.Now().Add(3 * time.Second)
				}
				return at, 200
			}
		}, "hls/block-old"},
		{"a part without a number", low, rewrite(func(_ *imitation, r *http.Request) {
			if q := r.URL.Query(); !q.Has("_HLS_msn") {
				r.URL.RawQuery = ""
			}
		}), "hls/block-part-alone"},
		{"far ahead and not refused", low, rewrite(func(o *imitation, r *http.Request) {
			if msn, _ := strconv.Atoi(r.URL.Query().Get("_HLS_msn")); msn > o.parts()/perSegment+9 {
				r.URL.RawQuery = ""
			}
		}), "hls/block-far"},
		{"malformed and not refused", low, rewrite(func(_ *imitation, r *http.Request) {
			if _, err := strconv.Atoi(r.URL.Query().Get("_HLS_msn")); err != nil && r.URL.Query().Has("_HLS_msn") {
				r.URL.RawQuery = ""
			}
		}), "hls/block-malformed"},
		{"a negative number held", low, func(o *imitation) {
			o.serve = func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.URL.Query().Get("_HLS_msn"), "-") {
					until(r.Context(), time.Now().Add(time.Minute))
				}
				return false
			}
		}, "hls/block-malformed"},
		{"not held", low, func(o *imitation) {
			o.block = func(_ *http.Request, _ time.Time) (time.Time, int) { return time.Now().Add(10 * time.Millisecond), 200 }
		}, "hls/block-hold hls/block-rollover hls/block-segment"},
		{"a segment not held", low, rewrite(func(_ *imitation, r *http.Request) {
			if q := r.URL.Query(); q.Has("_HLS_msn") && !q.Has("_HLS_part") {
				r.URL.RawQuery = "_HLS_msn=" + q.Get("_HLS_msn") + "&_HLS_part=0"
			}
		}), "hls/block-segment"},
		{"too high a part refused", low, status(400, "", asks("_HLS_part=10")), "hls/block-rollover"},
		{"held too long", low, func(o *imitation) {
			from := time.Now().Add(500 * time.Millisecond)
			o.block = func(r *http.Request, at time.Time) (time.Time, int) {
				if time.Now().After(from) && r.URL.Query().Has("_HLS_part") && time.Now().Before(from.Add(time.Second)) {
					return time.Now().Add(7500 * time.Millisecond), 200
				}
				return at, 200
			}
		}, "hls/part-late hls/segment-late hls/block-timeout"},
		{"what comes next answered 404", low, func(o *imitation) {
			o.block = func(r *http.Request, at time.Time) (time.Time, int) {
				if strings.HasSuffix(r.URL.RawQuery, "_HLS_part=5") {
					return time.Now(), 404
				}
				return at, 200
			}
		}, "hls/block-status hls/part-late"},
		{"a delta that skips too much", low, replace(`SKIPPED-SEGMENTS=6`, "SKIPPED-SEGMENTS=60"), "hls/delta-merge"},
		{"a delta that is off by one", low, replace(`SKIPPED-SEGMENTS=6`, "SKIPPED-SEGMENTS=7"), "hls/delta-merge"},
		{"a delta of a low version", low, edit(func(_, text string) string {
			if strings.Contains(text, "EXT-X-SKIP") {
				return strings.Replace(text, "VERSION:9", "VERSION:6", 1)
			}
			return text
		}), "hls/version"},
		{"a delta that nobody asked for", low, rewrite(func(_ *imitation, r *http.Request) {
			if strings.Contains(r.URL.RawQuery, "part=3") {
				r.URL.RawQuery += "&_HLS_skip=YES"
			}
		}), "hls/delta-form"},
		{"a delta that skips what is new", low, func(o *imitation) {
			re := regexp.MustCompile(`(?s)(SKIPPED-SEGMENTS)=6\n#EXT-X-PROGRAM[^#]*#EXTINF[^#]*(#EXT-X-PROGRAM)`)
			o.edit = func(_, text string) string { return re.ReplaceAllString(text, "$1=7\n$2") }
		}, "hls/delta-boundary"},
		{"a delta without hints", low, edit(func(_, text string) string {
			if strings.Contains(text, "EXT-X-SKIP") {
				return regexp.MustCompile(`#EXT-X-PRELOAD-HINT.*\n`).ReplaceAllString(text, "")
			}
			return text
		}), "hls/delta-complete"},
		{"a delta with other durations", low, edit(func(_, text string) string {
			if strings.Contains(text, "EXT-X-SKIP") {
				return regexp.MustCompile(`#EXTINF:2.00000`).ReplaceAllString(text, "#EXTINF:2.00001")
			}
			return text
		}), "hls/delta-merge"},
		{"no delta though promised", low, rewrite(func(_ *imitation, r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "_HLS_skip=YES", "x=1", 1)
		}), "hls/delta-unused"},
		{"parts for too long", low, func(o *imitation) {
			o.edit = func(_, text string) string {
				return regexp.MustCompile(`(#EXTINF.*\ns(\d+)\.m4s)`).ReplaceAllStringFunc(text, func(m string) string {
					return fmt.Sprintf("#EXT-X-PART:DURATION=2.0,URI=%q,INDEPENDENT=YES\n%s", m[strings.Index(m, "\n")+1:], m)
				})
			}
			inner := o.edit
			o.edit = func(path, text string) string {
				text = regexp.MustCompile(`#EXT-X-PART:.*\n`).ReplaceAllString(text, "")
				text = strings.Replace(strings.Replace(text, "PART-TARGET=0.2", "PART-TARGET=2.0", 1), "PART-HOLD-BACK=0.6", "PART-HOLD-BACK=6.0", 1)
				return strings.ReplaceAll(inner(path, text), "#EXT-X-PRELOAD-HINT", "#EXT-IGNORED")
			}
		}, "hls/block-hold hls/part-old"},
		{"a first part that is not independent", low, replace(`,INDEPENDENT=YES`, ""), "hls/part-independent"},
		{"parts that are not independent", low, replace(`(PART:.*m4s")\n`, "$1,INDEPENDENT=YES\n"), "hls/part-independent-wrong"},
		{"parts of other bytes", low, rewrite(func(_ *imitation, r *http.Request) {
			if n := number(r.URL.Path); strings.Contains(r.URL.Path, "/p") && n%perSegment == 4 {
				r.URL.Path = fmt.Sprintf("/v0/p%d.m4s", n-1)
			}
		}), "hls/part-bytes"},
		{"parts of another duration", low, replace(`DURATION=0.20000`, "DURATION=0.19000"), "hls/part-media hls/part-sum"},
		{"a date behind a part", low, replace(`(#EXT-X-PROGRAM-DATE-TIME.*\n)(#EXT-X-PART.*\n)`, "$2$1"), "hls/part-tag-order"},
		{"a part that changes", low, later(replace(`DURATION=0.20000`, "DURATION=0.19999")), "hls/part-change hls/part-sum"},
		{"a part that cannot be had", low, status(404, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/p") && number(r.URL.Path)%perSegment == 4
		}), "hls/part-available hls/preload-hint-answer"},
		{"a part that comes late", low, func(o *imitation) {
			o.block = func(r *http.Request, at time.Time) (time.Time, int) {
				if strings.HasSuffix(r.URL.RawQuery, "_HLS_part=5") {
					at = at.Add(900 * time.Millisecond)
				}
				return at, 200
			}
		}, "hls/part-late"},
		{"a blocked answer that no cache may hold", low, func(o *imitation) {
			o.head = func(h http.Header, path string) {
				if strings.HasSuffix(path, "index.m3u8") && h.Get("Cache-Control") == "max-age=12" {
					h.Set("Cache-Control", "no-store")
				}
			}
		}, "http/cache-blocked"},
		{"another server control beside", both, replaceIn("a0", `PART-HOLD-BACK=0.6`, "PART-HOLD-BACK=0.7"), "hls/same-server-control"},
		{"another target duration beside", both, replaceIn("a0", `(TARGETDURATION):2`, "$1:3"), "hls/can-skip-until hls/same-target-duration"},
	})
}
