package check

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Playlists that are wrong by themselves, or change as they must not.
func TestBrokenPlaylists(t *testing.T) {
	runBreakages(t, []breakage{
		{"byte order mark", plain, replace(`^`, "\ufeff"), "hls/utf-8"},
		{"no UTF-8", plain, replace(`#EXT-X-MAP`, "# \xff\n#EXT-X-MAP"), "hls/utf-8"},
		{"no #EXTM3U", plain, replace(`^#EXTM3U\n`, "#EXTINF-LESS\n#EXTM3U\n"), "hls/first-line"},
		{"a tag twice", plain, replace(`(#EXT-X-VERSION.*\n)`, "$1$1"), "hls/tag-once"},
		{"no target duration", plain, replace(`#EXT-X-TARGETDURATION.*\n`, ""), "hls/target-duration"},
		{"target duration 0", plain, replace(`(#EXT-X-TARGETDURATION):2`, "$1:0"), "hls/extinf-target hls/target-duration"},
		{"EXTINF above the target duration", plain, replace(`(#EXT-X-TARGETDURATION):2`, "$1:1"), "hls/extinf-target"},
		{"EXTINF that rounds above it", plain, replace(`#EXTINF:2.00000`, "#EXTINF:2.50000"), "hls/extinf-media hls/extinf-target hls/date-time-drift"},
		{"EXTINF just below that", plain, replace(`#EXTINF:2.00000`, "#EXTINF:2.49900"), "hls/extinf-media hls/date-time-drift"},
		{"target duration rises", plain, later(replace(`(#EXT-X-TARGETDURATION):2`, "$1:3")), "hls/target-duration-change"},
		{"no EXTINF", plain, replaceOnce(`#EXTINF.*\n`, ""), "hls/extinf hls/segment-change hls/date-time-drift"},
		{"EXTINF without a comma", plain, replace(`(#EXTINF:2.00000),`, "$1"), "hls/extinf"},
		{"EXTINF in words", plain, replace(`#EXTINF:2.00000,`, "#EXTINF:two,"), "hls/extinf hls/extinf-media hls/window hls/date-time-drift"},
		{"a segment of days", plain, replace(`#EXTINF:2.00000,`, "#EXTINF:2146853.0,"), "hls/date-time-order hls/extinf hls/extinf-media hls/extinf-target"},
		{"too low a version", plain, replace(`(#EXT-X-VERSION):6`, "$1:3"), "hls/version"},
		{"too high a version", plain, replace(`(#EXT-X-VERSION):6`, "$1:9"), "hls/version-high"},
		{"a version that nobody knows", low, replace(`(#EXT-X-VERSION):9`, "$1:13"), "hls/version-high"},
		{"a version too high for a list", "/plain.m3u8", replaceOnce(`(#EXT-X-VERSION):6\n#EXT-X-INDEP`, "$1:13\n#EXT-X-INDEP"), "hls/version-high"},
		{"no header", plain, replace(`#EXT-X-MAP.*\n`, ""), "hls/map"},
		{"malformed attributes", plain, replace(`#EXT-X-MAP:URI="init.mp4"`, `#EXT-X-MAP:URI="init.mp4"x,`), "hls/syntax"},
		{"attribute that is no string", plain, replace(`#EXT-X-MAP:URI="init.mp4"`, `#EXT-X-MAP:URI=init.mp4`), "hls/syntax"},
		{"URI of another protocol", plain, replace(`(s\d+\.m4s)`, "file:///etc/$1"), "hls/uri"},
		{"date of two digits", plain, replace(`\.000Z`, ".51Z"), "hls/date-time-precision"},
		{"date without a zone", plain, replace(`\.000Z`, ".000"), "hls/date-time hls/date-time-precision"},
		{"no date", plain, replace(`#EXT-X-PROGRAM-DATE-TIME.*\n`, ""), "hls/date-time"},
		{"what is no date", plain, replace(`(#EXT-X-PROGRAM-DATE-TIME):.*\n`, "$1:now\n"), "hls/date-time hls/date-time-format"},
		{"dates go back", plain, oddSegments(`(PROGRAM-DATE-TIME):\d+`, "$1:1999"), "hls/date-time-order hls/date-time-drift"},
		{"dates drift", plain, oddSegments(`\.000Z`, ".200Z"), "hls/date-time-drift"},
		{"no date behind a discontinuity", plain, oddSegments(`#EXT-X-PROGRAM-DATE-TIME[^\n]*\n`, "#EXT-X-DISCONTINUITY\n"), "hls/discontinuity-count hls/date-time-discontinuity"},
		{"discontinuity without a sequence", plain, func(o *imitation) {
			oddSegments(`#EXTINF`, "#EXT-X-DISCONTINUITY\n#EXTINF")(o)
			discontinuous := o.edit
			o.edit = func(path, text string) string {
				return strings.Replace(discontinuous(path, text), "#EXT-X-DISCONTINUITY-SEQUENCE:7\n", "", 1)
			}
		}, "hls/discontinuity-count hls/discontinuity-sequence"},
		{"discontinuity that leaves uncounted", plain, oddSegments(`#EXTINF`, "#EXT-X-DISCONTINUITY\n#EXTINF"), "hls/discontinuity-count"},
		{"discontinuity sequence falls", plain, later(replace(`(#EXT-X-DISCONTINUITY-SEQUENCE):7`, "$1:6")), "hls/discontinuity-count"},
		{"sequence behind media", plain, replace(`(?s)(#EXT-X-DISCONTINUITY-SEQUENCE:7\n)(.*)$`, "$2$1"), "hls/sequence-order"},
		{"media sequence starts again", plain, later(replace(`(#EXT-X-MEDIA-SEQUENCE):\d+`, "$1:0")), "hls/media-sequence hls/segment-change hls/segment-late hls/uri-reuse"},
		{"media sequence that stands still", plain, replace(`(#EXT-X-MEDIA-SEQUENCE):\d+`, "$1:40"), "hls/segment-change hls/segment-late"},
		{"another URI", plain, later(replace(`\n(s\d+\.m4s)`, "\n../v0/$1")), "hls/segment-change"},
		{"another EXTINF", plain, later(replace(`#EXTINF:2.00000`, "#EXTINF:2.00100")), "hls/segment-change"},
		{"another header", plain, later(replace(`"init.mp4"`, `"../v0/init.mp4"`)), "hls/segment-change"},
		{"one URI for all", plain, replace(`s\d+\.m4s`, "s473342400.m4s"), "cmaf/continuity cmaf/sequence-number hls/segment-available hls/uri-reuse"},
		{"the newest segment goes", plain, later(replace(`(?s)#EXT-X-PROGRAM-DATE-TIME[^#]*#EXTINF[^#]*#EXT-X-PROGRAM-DATE-TIME[^#]*#EXTINF[^#]*$`, "")), "hls/removal"},
		{"an event from which media go", plain, replace(`#EXT-X-MAP`, "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MAP"), "hls/playlist-type"},
		{"another type", plain, later(replace(`#EXT-X-MAP`, "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MAP")), "hls/playlist-type"},
		{"type that is none", plain, replace(`#EXT-X-MAP`, "#EXT-X-PLAYLIST-TYPE:LIVE\n#EXT-X-MAP"), "hls/playlist-type hls/syntax"},
		{"too short a window", plain, func(o *imitation) { o.listed = 2 }, "hls/window"},
		{"start near the end", plain, replace(`#EXT-X-MAP`, "#EXT-X-START:TIME-OFFSET=-2.0\n#EXT-X-MAP"), "hls/start"},
		{"date range without dates", plain, edit(func(_, text string) string {
			return regexp.MustCompile(`#EXT-X-PROGRAM-DATE-TIME.*\n`).ReplaceAllString(text, "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2000-01-01T00:00:00Z\"\n")
		}), "hls/date-range hls/date-time"},
		{"wrong bit rate", plain, replace(`#EXT-X-MAP`, "#EXT-X-BITRATE:9000\n#EXT-X-MAP"), "hls/bitrate"},
		{"hold-back too short", plain, replace(`#EXT-X-MAP`, "#EXT-X-SERVER-CONTROL:HOLD-BACK=4.0\n#EXT-X-MAP"), "hls/hold-back"},
		{"tag of a multivariant playlist", plain, replace(`#EXT-X-MAP`, "#EXT-X-SESSION-DATA:DATA-ID=\"a\"\n#EXT-X-MAP"), "hls/playlist-kind"},
		{"nothing new", plain, func(o *imitation) {
			o.edit = func() func(string, string) string {
				first := ""
				return func(_, text string) string {
					if first == "" {
						first = text
					}
					return first
				}
			}()
		}, "hls/segment-late"},
		{"a playlist that is gone", plain, status(404, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "plain") && time.Now().Second() > 4
		}), "hls/playlist-available"},
		{"a query refused", low, status(400, "", asks("sluice-check=")), "hls/query"},
	})
}
