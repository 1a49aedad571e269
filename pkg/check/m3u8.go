package check

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxLines bounds a playlist: a day of 2 s segments has some 130,000 lines.
const maxLines = 200_000

// A tagLine is one line of a playlist that says something.
type tagLine struct {
	n     int    // from 1
	tag   string // "#EXT-X-...", "" for a URI
	value string // behind the colon, or the URI
}

// readLines splits a playlist in the lines that say something.
func readLines(body []byte, n notes) []tagLine {
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		n.broken("hls/utf-8", 1, "the text begins with a byte order mark")
		body = body[3:]
	}
	if !utf8.Valid(body) {
		n.broken("hls/utf-8", 0, "the text is not UTF-8")
	}
	var lines []tagLine
	number := 0
	for text := range strings.Lines(string(body)) {
		number++
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		if number == 1 && text != "#EXTM3U" {
			n.broken("hls/first-line", 1, "the first line is %q", text)
		}
		switch {
		case number > maxLines:
			n.broken("hls/syntax", number, "the playlist has more than %d lines", maxLines)
			return lines
		case strings.HasPrefix(text, "#EXT"):
			tag, value, _ := strings.Cut(text, ":")
			lines = append(lines, tagLine{number, tag, value})
		case text != "" && text[0] != '#':
			lines = append(lines, tagLine{number, "", text})
		}
	}
	if number == 0 {
		n.broken("hls/first-line", 0, "the text is empty")
	}
	return lines
}

// isMultivariant reports whether lines are those of a multivariant playlist.
func isMultivariant(lines []tagLine) bool {
	for _, l := range lines {
		switch l.tag {
		case "#EXT-X-STREAM-INF", "#EXT-X-MEDIA", "#EXT-X-I-FRAME-STREAM-INF":
			return true
		case "#EXTINF", "#EXT-X-TARGETDURATION", "#EXT-X-PART":
			return false
		}
	}
	return false
}

// once writes down tags that stand in lines more than once though they may
// not.
func once(lines []tagLine, n notes, tags ...string) {
	seen := make(map[string]bool)
	for _, tag := range tags {
		seen[tag] = false
	}
	for _, l := range lines {
		again, watched := seen[l.tag]
		if again {
			n.broken("hls/tag-once", l.n, "%s stands here again", l.tag)
		}
		if watched {
			seen[l.tag] = true
		}
	}
}

// An attribute is one NAME=value of a tag.
type attribute struct {
	value  string
	quoted bool
}

// attributes are those of one tag, and where faults of them are written down.
type attributes struct {
	line  int
	tag   string
	byKey map[string]attribute
	n     notes
}

// readAttributes reads the attribute list of a tag.
func readAttributes(l tagLine, n notes) attributes {
	a := attributes{line: l.n, tag: l.tag, byKey: make(map[string]attribute), n: n}
	rest := l.value
	for rest != "" {
		name, after, ok := strings.Cut(rest, "=")
		if !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			n.broken("hls/syntax", l.n, "%s: %q is no attribute", l.tag, rest)
			return a
		}
		value := attribute{}
		if strings.HasPrefix(after, `"`) {
			value.quoted = true
			value.value, after, ok = strings.Cut(after[1:], `"`)
			if !ok {
				n.broken("hls/syntax", l.n, "%s: the quotation of %s does not end", l.tag, name)
				return a
			}
			rest, ok = strings.CutPrefix(after, ",")
			ok = ok || after == ""
		} else {
			value.value, rest, _ = strings.Cut(after, ",")
			ok = !strings.ContainsAny(value.value, "\" \t")
		}
		if _, twice := a.byKey[name]; twice || !ok {
			n.broken("hls/syntax", l.n, "%s: attribute %s is malformed or there twice", l.tag, name)
		}
		a.byKey[name] = value
	}
	return a
}

// text returns an attribute, "" if it is not there.
func (a attributes) text(name string) string { return a.byKey[name].value }

// has reports whether an attribute is there.
func (a attributes) has(name string) bool { _, ok := a.byKey[name]; return ok }

// quoted returns an attribute that must be a quoted string.
func (a attributes) quoted(name string) string {
	v, ok := a.byKey[name]
	if ok && !v.quoted {
		a.n.broken("hls/syntax", a.line, "%s: %s is no quoted string", a.tag, name)
	}
	return v.value
}

// yes reports whether an enumerated attribute is YES.
func (a attributes) yes(name string) bool {
	v, ok := a.byKey[name]
	if ok && (v.quoted || v.value != "YES" && v.value != "NO") {
		a.n.broken("hls/syntax", a.line, "%s: %s is %q, neither YES nor NO", a.tag, name, v.value)
	}
	return v.value == "YES"
}

// require writes down attributes that are missing.
func (a attributes) require(names ...string) {
	for _, name := range names {
		if !a.has(name) {
			a.n.broken("hls/syntax", a.line, "%s has no %s", a.tag, name)
		}
	}
}

// number returns a decimal integer, 0 if there is none.
func (a attributes) number(name string) uint64 {
	if !a.has(name) {
		return 0
	}
	v, err := strconv.ParseUint(a.text(name), 10, 64)
	if err != nil || a.byKey[name].quoted {
		a.n.broken("hls/syntax", a.line, "%s: %s=%q is no decimal integer", a.tag, name, a.text(name))
	}
	return v
}

// seconds returns a duration, 0 if there is none.
func (a attributes) seconds(name string) seconds {
	if !a.has(name) {
		return seconds{}
	}
	s, err := readSeconds(a.text(name))
	if err != nil || a.byKey[name].quoted || s.Duration > maxExtent {
		a.n.broken("hls/syntax", a.line, "%s: %s=%q is no decimal number, or too large", a.tag, name, a.text(name))
		return seconds{}
	}
	return s
}

// seconds is a duration as a text gives it.
type seconds struct {
	time.Duration
	unit time.Duration // what its last digit is worth
}

const (
	maxSeconds = 4_000_000_000 // that can be read: beyond the year 2090, counted from 1970

	// maxExtent bounds a segment, so that as many as there can be lines do not
	// overflow a time.Duration.
	maxExtent = 40_000 * time.Second
)

// readSeconds reads an unsigned decimal number of seconds.
func readSeconds(text string) (seconds, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return seconds{}, fmt.Errorf("%q is no decimal number", text)
	}
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s > maxSeconds {
		return seconds{}, fmt.Errorf("%q is too large", text)
	}
	out := seconds{time.Duration(s) * time.Second, time.Second}
	for i := 0; i < len(fraction) && out.unit > 1; i++ {
		out.unit /= 10
		out.Duration += time.Duration(fraction[i]-'0') * out.unit
	}
	return out, nil
}
