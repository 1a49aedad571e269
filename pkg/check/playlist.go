package check

import (
	"strconv"
	"strings"
	"time"
)

// A playlist is a media playlist.
type playlist struct {
	url         string
	version     int
	versionLine int

	targetLine     int // 0 if there is no EXT-X-TARGETDURATION; so with the lines below
	target         time.Duration
	sequenceLine   int
	sequence       uint64 // EXT-X-MEDIA-SEQUENCE
	dsnLine        int
	dsn            uint64 // EXT-X-DISCONTINUITY-SEQUENCE
	kind           string // EXT-X-PLAYLIST-TYPE
	endLine        int    // of EXT-X-ENDLIST
	independent    bool
	iFramesOnly    bool
	partTargetLine int
	partTarget     seconds
	control        control
	skip           skip
	startLine      int
	startOffset    time.Duration // negative from the end
	segments       []segment
	open           segment // what stands behind the last segment: parts of the next
	hints          []hint
	reports        []renditionReport
	dateRanges     []dateRange
}

// control is EXT-X-SERVER-CONTROL.
type control struct {
	line                             int
	text                             string
	block, skipDateRanges            bool
	skipUntil, holdBack, partHold    seconds
	hasSkipUntil, hasHold, hasPartHB bool
}

// skip is EXT-X-SKIP.
type skip struct {
	line     int
	segments uint64
}

// A resource is a URI and the bytes meant there.
type resource struct {
	uri            string
	offset, length int64 // length is 0 for the whole
}

// A segment is a media segment and the tags that apply to it.
type segment struct {
	resource
	line          int // of its EXTINF, or URI
	msn           uint64
	duration      seconds
	dsn           uint64
	discontinuity bool
	dateTime      time.Time
	dateTimeText  string
	dateTimeLine  int
	gap           bool
	init          resource // EXT-X-MAP
	bitrate       int64    // kbit/s, 0 if not said
	bitrateLine   int
	parts         []part
}

// A part is EXT-X-PART.
type part struct {
	resource
	line        int
	duration    seconds
	independent bool
	gap         bool
}

// A hint is EXT-X-PRELOAD-HINT.
type hint struct {
	line int
	kind string
	resource
}

// A renditionReport is EXT-X-RENDITION-REPORT.
type renditionReport struct {
	line      int
	uri       string
	msn, part uint64
	hasMSN    bool
	hasPart   bool
}

// A dateRange is EXT-X-DATERANGE.
type dateRange struct {
	line int
	id   string
}

// lowLatency reports whether a playlist has parts, or will have.
func (p *playlist) lowLatency() bool { return p.partTargetLine > 0 }

// live reports whether a playlist can still change.
func (p *playlist) live() bool { return p.endLine == 0 && p.kind != "VOD" }

// edge returns the newest media sequence number of which there is anything, and
// how many parts of it there are; -1 for all.
func (p *playlist) edge() (msn uint64, parts int) {
	if len(p.open.parts) > 0 {
		return p.open.msn, len(p.open.parts)
	}
	if len(p.segments) == 0 {
		return p.sequence, 0
	}
	return p.segments[len(p.segments)-1].msn, -1
}

// duration returns how long all segments are.
func (p *playlist) duration() time.Duration {
	var sum time.Duration
	for i := range p.segments {
		sum += p.segments[i].duration.Duration
	}
	return sum
}

// segment returns the segment with a media sequence number, nil if it is not
// listed.
func (p *playlist) segment(msn uint64) *segment {
	if len(p.segments) == 0 || msn < p.segments[0].msn || msn-p.segments[0].msn >= uint64(len(p.segments)) {
		return nil
	}
	return &p.segments[msn-p.segments[0].msn]
}

// A playlistReader reads a media playlist line by line.
type playlistReader struct {
	*playlist
	n       notes
	next    segment // what is known of the segment to come
	hasInf  bool
	ends    map[string]int64 // where the last byte range of a URI ended
	dsnNow  uint64
	rate    int64
	rateAt  int
	msn     uint64
	started bool // a segment or part was seen
}

// readPlaylist reads a media playlist. What cannot be read is written down and
// left out.
func readPlaylist(url string, lines []tagLine, n notes) *playlist {
	r := &playlistReader{playlist: &playlist{url: url, version: 1}, n: n, ends: make(map[string]int64)}
	once(lines, n, "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE",
		"#EXT-X-ENDLIST", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-I-FRAMES-ONLY", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL",
		"#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-START", "#EXT-X-SKIP")
	for _, l := range lines {
		if !r.header(l) && !r.lowLatencyTag(l) {
			r.segmentTag(l)
		}
	}
	r.next.msn, r.next.dsn = r.msn, r.dsnNow
	r.open = r.next
	return r.playlist
}

// header reads a tag that applies to the whole playlist.
func (r *playlistReader) header(l tagLine) bool {
	switch l.tag {
	case "#EXT-X-VERSION":
		r.versionLine, r.version = l.n, int(r.integer(l))
	case "#EXT-X-TARGETDURATION":
		r.targetLine, r.target = l.n, time.Duration(min(r.integer(l), uint64(maxExtent/time.Second)))*time.Second
	case "#EXT-X-MEDIA-SEQUENCE":
		r.before(l)
		r.sequenceLine, r.sequence = l.n, r.integer(l)
		r.msn = r.sequence
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		r.before(l)
		r.dsnLine, r.dsn = l.n, r.integer(l)
		r.dsnNow = r.dsn
	case "#EXT-X-PLAYLIST-TYPE":
		r.kind = l.value
		if l.value != "EVENT" && l.value != "VOD" {
			r.n.broken("hls/syntax", l.n, "EXT-X-PLAYLIST-TYPE is %q, neither EVENT nor VOD", l.value)
		}
	case "#EXT-X-ENDLIST":
		r.endLine = l.n
	case "#EXT-X-INDEPENDENT-SEGMENTS":
		r.independent = true
	case "#EXT-X-I-FRAMES-ONLY":
		r.iFramesOnly = true
	case "#EXT-X-START":
		r.start(l)
	case "#EXT-X-STREAM-INF", "#EXT-X-MEDIA", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-SESSION-DATA", "#EXT-X-SESSION-KEY":
		r.n.broken("hls/playlist-kind", l.n, "%s stands in a media playlist", l.tag)
	default:
		return false
	}
	return true
}

// before writes down a sequence tag that comes too late.
func (r *playlistReader) before(l tagLine) {
	if r.started || l.tag == "#EXT-X-DISCONTINUITY-SEQUENCE" && r.next.discontinuity {
		r.n.broken("hls/sequence-order", l.n, "%s stands behind media", l.tag)
	}
}

func (r *playlistReader) start(l tagLine) {
	a := readAttributes(l, r.n)
	a.require("TIME-OFFSET")
	text, negative := strings.CutPrefix(a.text("TIME-OFFSET"), "-")
	s, err := readSeconds(text)
	if err != nil {
		r.n.broken("hls/syntax", l.n, "TIME-OFFSET=%q is no number", a.text("TIME-OFFSET"))
		return
	}
	r.startLine, r.startOffset = l.n, s.Duration
	if negative {
		r.startOffset = -s.Duration
	}
}

func (r *playlistReader) integer(l tagLine) uint64 {
	v, err := strconv.ParseUint(l.value, 10, 64)
	if err != nil {
		r.n.broken("hls/syntax", l.n, "%s: %q is no decimal integer", l.tag, l.value)
	}
	return v
}

// lowLatencyTag reads a tag of low latency.
func (r *playlistReader) lowLatencyTag(l tagLine) bool {
	switch l.tag {
	case "#EXT-X-PART-INF":
		a := readAttributes(l, r.n)
		a.require("PART-TARGET")
		r.partTargetLine, r.partTarget = l.n, a.seconds("PART-TARGET")
	case "#EXT-X-SERVER-CONTROL":
		a := readAttributes(l, r.n)
		r.control = control{
			line: l.n, text: l.value, block: a.yes("CAN-BLOCK-RELOAD"), skipDateRanges: a.yes("CAN-SKIP-DATERANGES"),
			skipUntil: a.seconds("CAN-SKIP-UNTIL"), holdBack: a.seconds("HOLD-BACK"), partHold: a.seconds("PART-HOLD-BACK"),
			hasSkipUntil: a.has("CAN-SKIP-UNTIL"), hasHold: a.has("HOLD-BACK"), hasPartHB: a.has("PART-HOLD-BACK"),
		}
	case "#EXT-X-PART":
		r.part(l)
	case "#EXT-X-SKIP":
		a := readAttributes(l, r.n)
		a.require("SKIPPED-SEGMENTS")
		if r.started {
			r.n.broken("hls/delta-form", l.n, "EXT-X-SKIP stands behind media")
		}
		r.skip = skip{line: l.n, segments: a.number("SKIPPED-SEGMENTS")}
		r.msn += r.skip.segments
		r.started = true
	case "#EXT-X-PRELOAD-HINT":
		a := readAttributes(l, r.n)
		a.require("TYPE", "URI")
		h := hint{line: l.n, kind: a.text("TYPE"), resource: resource{uri: a.quoted("URI")}}
		if a.has("BYTERANGE-START") || a.has("BYTERANGE-LENGTH") {
			h.offset, h.length = int64(a.number("BYTERANGE-START")), int64(a.number("BYTERANGE-LENGTH"))
			h.length = max(h.length, 1) // its end may be open: it is a range in any case
		}
		r.hints = append(r.hints, h)
	case "#EXT-X-RENDITION-REPORT":
		a := readAttributes(l, r.n)
		a.require("URI")
		r.reports = append(r.reports, renditionReport{
			line: l.n, uri: a.quoted("URI"), msn: a.number("LAST-MSN"), part: a.number("LAST-PART"),
			hasMSN: a.has("LAST-MSN"), hasPart: a.has("LAST-PART"),
		})
	default:
		return false
	}
	return true
}

func (r *playlistReader) part(l tagLine) {
	a := readAttributes(l, r.n)
	a.require("URI", "DURATION")
	p := part{
		resource: resource{uri: a.quoted("URI")}, line: l.n, duration: a.seconds("DURATION"),
		independent: a.yes("INDEPENDENT"), gap: a.yes("GAP"),
	}
	if a.has("BYTERANGE") {
		p.offset, p.length = r.byteRange(p.uri, a.quoted("BYTERANGE"), l)
	}
	r.next.parts = append(r.next.parts, p)
	r.started = true
}

// byteRange reads "length[@offset]".
func (r *playlistReader) byteRange(uri, text string, l tagLine) (offset, length int64) {
	size, at, said := strings.Cut(text, "@")
	length, err := strconv.ParseInt(size, 10, 64)
	offset = r.ends[uri]
	if said && err == nil {
		offset, err = strconv.ParseInt(at, 10, 64)
	}
	if err != nil || length < 0 || offset < 0 || offset > 1<<60 || length > 1<<60 {
		r.n.broken("hls/syntax", l.n, "%q is no byte range", text)
		return 0, 0
	}
	r.ends[uri] = offset + length
	return offset, length
}
