package check

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Where the breakages are looked for.
const (
	plain   = "/v0/plain.m3u8" // a media playlist of ordinary HLS
	low     = "/v0/index.m3u8" // and of LL-HLS
	both    = "/index.m3u8"    // LL-HLS with two renditions
	regular = "/index.mpd"
	lowDASH = "/ll.mpd"
)

// A breakage is what makes an imitation unsound.
type breakage struct {
	name string
	path string
	set  func(*imitation)
	want string // the rules that are found broken, and no other
}

// Ways to break texts.

// replace replaces a pattern in all texts.
func replace(pattern, with string) func(*imitation) { return replaceIn("", pattern, with) }

// replaceIn replaces a pattern in texts whose path has a piece.
func replaceIn(piece, pattern, with string) func(*imitation) {
	re := regexp.MustCompile(pattern)
	return edit(func(path, text string) string {
		if !strings.Contains(path, piece) {
			return text
		}
		return re.ReplaceAllString(text, with)
	})
}

// replaceOnce replaces the first match of a pattern.
func replaceOnce(pattern, with string) func(*imitation) {
	re := regexp.MustCompile(pattern)
	return edit(func(_, text string) string {
		at := re.FindStringSubmatchIndex(text)
		if at == nil {
			return text
		}
		return text[:at[0]] + string(re.ExpandString(nil, with, text, at)) + text[at[1]:]
	})
}

func edit(f func(path, text string) string) func(*imitation) {
	return func(o *imitation) { o.edit = f }
}

// later breaks texts from the fourth second on.
func later(set func(*imitation)) func(*imitation) {
	return func(o *imitation) {
		set(o)
		broken, from := o.edit, time.Now().Add(4*time.Second)
		o.edit = func(path, text string) string {
			if time.Now().Before(from) {
				return text
			}
			return broken(path, text)
		}
	}
}

// each computes the replacement of each match.
func each(pattern string, f func(match []string) string) func(*imitation) {
	re := regexp.MustCompile(pattern)
	return edit(func(_, text string) string {
		return re.ReplaceAllStringFunc(text, func(m string) string { return f(re.FindStringSubmatch(m)) })
	})
}

// oddSegments changes every other segment's lines in a playlist.
func oddSegments(pattern, with string) func(*imitation) {
	re := regexp.MustCompile(pattern)
	return each(`(?s)#EXT-X-PROGRAM-DATE-TIME[^\n]*\n(?:#EXT-X-PART[^\n]*\n)*#EXTINF[^\n]*\ns(\d+).m4s\n`, func(m []string) string {
		if n, _ := strconv.Atoi(m[1]); n%2 == 0 {
			return m[0]
		}
		return re.ReplaceAllString(m[0], with)
	})
}

// Ways to break answers.

// field sets a field of the answers to paths with a suffix, or removes it.
func field(suffix, name, value string) func(*imitation) {
	return func(o *imitation) {
		o.head = func(h http.Header, path string) {
			if !strings.HasSuffix(path, suffix) {
				return
			}
			if h.Del(name); value != "" {
				h.Set(name, value)
			}
		}
	}
}

// status answers requests with a status.
func status(code int, body string, when func(*http.Request) bool) func(*imitation) {
	return func(o *imitation) {
		o.serve = func(w http.ResponseWriter, r *http.Request) bool {
			if !when(r) {
				return false
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
}

func asks(pieces ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return !slices.ContainsFunc(pieces, func(piece string) bool { return !strings.Contains(r.Method+" "+r.URL.String(), piece) })
	}
}

// rewrite changes what is asked before it is served.
func rewrite(f func(o *imitation, r *http.Request)) func(*imitation) {
	return func(o *imitation) {
		o.serve = func(_ http.ResponseWriter, r *http.Request) bool {
			f(o, r)
			return false
		}
	}
}

// chunks changes chunks of video.
func chunks(f func(k int, c *imitatedChunk)) func(*imitation) {
	return func(o *imitation) {
		o.chunk = func(t *imitated, k int, c *imitatedChunk) {
			if t.name == "v0" {
				f(k, c)
			}
		}
	}
}

func headers(f func(t *imitated, h *imitatedHeader)) func(*imitation) {
	return func(o *imitation) { o.header = f }
}

// number returns the last number in a path.
func number(path string) int {
	digits := regexp.MustCompile(`\d+\.m4s`).FindString(path)
	n, _ := strconv.Atoi(strings.TrimSuffix(digits, ".m4s"))
	return n
}

func runBreakages(t *testing.T, all []breakage) {
	t.Helper()
	runWith(t, Options{Duration: 9 * time.Second}, all)
}

func runWith(t *testing.T, options Options, all []breakage) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report, err := watchWith(t, c.path, options, c.set)
			if err != nil {
				t.Fatal(err)
			}
			if got := found(report); got != c.want {
				var text strings.Builder
				_ = report.WriteText(&text)
				t.Errorf("found %q, want %q:\n%s", got, c.want, text.String())
			}
			for _, f := range report.Findings {
				if f.URL == "" || f.Detail == "" || f.Ref == "" {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}
