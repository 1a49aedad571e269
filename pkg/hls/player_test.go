package hls_test

import (
	"fmt"
	"strconv"
	"strings"
)

// A copied playlist is a media playlist as a player holds it: read from texts alone, and
// brought up to date with updates as RFC 8216bis 6.3.7 says.
type copied struct {
	head     []string // the tags of the whole playlist
	segments []copiedSegment
	tail     []string // the tags of Media Metadata, EXT-X-ENDLIST
}

// A copiedSegment is a segment, or the parts of one that grows, with all that
// applies to it.
type copiedSegment struct {
	number        uint64
	discontinuity uint64
	header        string   // the EXT-X-MAP in force
	lines         []string // tags of its own and its URI, which is missing while it grows
}

func (s *copiedSegment) growing() bool { return strings.HasPrefix(s.lines[len(s.lines)-1], "#") }

// A reader reads one text.
type reader struct {
	copied
	older         *copied
	number        uint64
	discontinuity uint64
	header        string
	lines         []string
}

// read returns what a playlist says. What an update leaves out it takes from
// an older copy. It fails if that does not have all of it: then "it MUST obtain
// a complete copy".
func read(text string, older *copied) (*copied, error) {
	r := reader{older: older}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if err := r.line(line); err != nil {
			return nil, err
		}
	}
	if len(r.lines) > 0 {
		r.finish()
	}
	return &r.copied, nil
}

func (r *reader) line(line string) error {
	name, value, _ := strings.Cut(line, ":")
	switch name {
	case "#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-INDEPENDENT-SEGMENTS":
		r.head = append(r.head, line)
	case "#EXT-X-MEDIA-SEQUENCE":
		r.head = append(r.head, line)
		r.number, _ = strconv.ParseUint(value, 10, 64)
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		r.head = append(r.head, line)
		r.discontinuity, _ = strconv.ParseUint(value, 10, 64)
	case "#EXT-X-SKIP":
		return r.skip(value)
	case "#EXT-X-DISCONTINUITY":
		r.discontinuity++
	case "#EXT-X-MAP":
		r.header = line
	case "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-PART", "#EXT-X-GAP", "#EXTINF":
		r.lines = append(r.lines, line)
	case "#EXT-X-PRELOAD-HINT", "#EXT-X-RENDITION-REPORT", "#EXT-X-ENDLIST":
		r.tail = append(r.tail, line)
	default:
		if strings.HasPrefix(line, "#") || line == "" {
			return fmt.Errorf("unknown line %q", line)
		}
		r.lines = append(r.lines, line)
		r.finish()
	}
	return nil
}

func (r *reader) finish() {
	r.segments = append(r.segments, copiedSegment{r.number, r.discontinuity, r.header, r.lines})
	r.number++
	r.lines = nil
}

// skip takes over segments. The tags of their parts are not among "all tags
// that were not skipped", so the playlist has them no more.
func (r *reader) skip(value string) error {
	n, err := strconv.Atoi(strings.TrimPrefix(value, "SKIPPED-SEGMENTS="))
	if err != nil || n < 1 {
		return fmt.Errorf("skips %q", value)
	}
	for range n {
		known := r.older.find(r.number)
		if known == nil || known.growing() {
			return fmt.Errorf("segment %d is not known", r.number)
		}
		if len(r.segments) == 0 && known.discontinuity != r.discontinuity {
			return fmt.Errorf("discontinuity sequence %d became %d", known.discontinuity, r.discontinuity)
		}
		r.discontinuity, r.header = known.discontinuity, known.header
		for _, line := range known.lines {
			if !strings.HasPrefix(line, "#EXT-X-PART:") {
				r.lines = append(r.lines, line)
			}
		}
		r.finish()
	}
	return nil
}

func (c *copied) find(number uint64) *copiedSegment {
	for i := range c.segments {
		if c.segments[i].number == number {
			return &c.segments[i]
		}
	}
	return nil
}

// text writes the playlist. A header that is in force already is not named
// again, which means the same.
func (c *copied) text() string {
	var b strings.Builder
	write := func(lines ...string) {
		for _, line := range lines {
			b.WriteString(line + "\n")
		}
	}
	write(c.head...)
	for i, seg := range c.segments {
		for n := seg.discontinuity; i > 0 && n > c.segments[i-1].discontinuity; n-- {
			write("#EXT-X-DISCONTINUITY")
		}
		if i == 0 || seg.header != c.segments[i-1].header {
			write(seg.header)
		}
		write(seg.lines...)
	}
	write(c.tail...)
	return b.String()
}
