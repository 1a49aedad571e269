package check

import (
	"math"
	"strings"
	"time"
)

// segmentTag reads a tag that applies to the segment to come, or its URI.
func (r *playlistReader) segmentTag(l tagLine) {
	switch l.tag {
	case "":
		r.uri(l)
	case "#EXTINF":
		text, _, comma := strings.Cut(l.value, ",")
		s, err := readSeconds(text)
		if err != nil || !comma {
			r.n.broken("hls/extinf", l.n, "EXTINF:%s is no number with a comma behind it", l.value)
		}
		if s.Duration > maxExtent {
			r.n.broken("hls/extinf", l.n, "EXTINF:%s is longer than anybody waits", l.value)
			s.Duration = maxExtent
		}
		r.next.line, r.next.duration, r.hasInf = l.n, s, true
	case "#EXT-X-DISCONTINUITY":
		r.precedes(l)
		r.next.discontinuity = true
		r.dsnNow++
	case "#EXT-X-PROGRAM-DATE-TIME":
		r.precedes(l)
		r.dateTime(l)
	case "#EXT-X-MAP":
		r.precedes(l)
		a := readAttributes(l, r.n)
		a.require("URI")
		r.next.init = resource{uri: a.quoted("URI")}
		if a.has("BYTERANGE") {
			delete(r.ends, r.next.init.uri)
			r.next.init.offset, r.next.init.length = r.byteRange(r.next.init.uri, a.quoted("BYTERANGE"), l)
		}
	case "#EXT-X-KEY":
		r.precedes(l)
	case "#EXT-X-GAP":
		r.next.gap = true
	case "#EXT-X-BITRATE":
		r.rate, r.rateAt = int64(min(r.integer(l), math.MaxInt32)), l.n
	case "#EXT-X-BYTERANGE":
		r.next.resource = resource{uri: l.value, length: -1}
	case "#EXT-X-DATERANGE":
		a := readAttributes(l, r.n)
		a.require("ID")
		r.dateRanges = append(r.dateRanges, dateRange{line: l.n, id: a.quoted("ID")})
	}
}

// precedes writes down a tag that stands behind the first part of the segment
// to which it applies.
func (r *playlistReader) precedes(l tagLine) {
	if len(r.next.parts) > 0 {
		r.n.broken("hls/part-tag-order", l.n, "%s stands behind the first EXT-X-PART of its segment", l.tag)
	}
}

// dateTime reads EXT-X-PROGRAM-DATE-TIME.
func (r *playlistReader) dateTime(l tagLine) {
	r.next.dateTimeLine, r.next.dateTimeText = l.n, l.value
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07"} {
		if t, err := time.Parse(layout, l.value); err == nil {
			r.next.dateTime = t
			_, fraction, _ := strings.Cut(l.value, ".")
			if digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789")); digits < 3 {
				r.n.broken("hls/date-time-precision", l.n, "%q has no milliseconds", l.value)
			}
			return
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05.999999999", l.value); err == nil {
		r.n.broken("hls/date-time-precision", l.n, "%q has no time zone", l.value)
		return
	}
	r.n.broken("hls/date-time-format", l.n, "%q is no ISO 8601 date", l.value)
}

// uri ends a segment.
func (r *playlistReader) uri(l tagLine) {
	if !r.hasInf {
		r.n.broken("hls/extinf", l.n, "no EXTINF stands before %s", l.value)
		r.next.line = l.n
	}
	s := r.next
	s.uri, s.msn, s.dsn, s.bitrate, s.bitrateLine = l.value, r.msn, r.dsnNow, r.rate, r.rateAt
	if r.next.length < 0 { // EXT-X-BYTERANGE came first
		s.offset, s.length = r.byteRange(l.value, r.next.uri, l)
	}
	r.segments = append(r.segments, s)
	r.msn++
	r.next = segment{init: s.init}
	r.hasInf, r.started = false, true
}

// merge returns the full playlist that a client makes of a delta and what it
// knew, nil if it does not know what the delta leaves out.
func merge(known, delta *playlist) *playlist {
	if delta.skip.line == 0 {
		return delta
	}
	full := *delta
	full.skip = skip{line: delta.skip.line}
	full.segments = nil
	if delta.skip.segments > uint64(len(known.segments)) {
		return nil
	}
	for msn := delta.sequence; msn < delta.sequence+delta.skip.segments; msn++ {
		s := known.segment(msn)
		if s == nil {
			return nil
		}
		full.segments = append(full.segments, *s)
	}
	dsn := delta.dsn
	var init resource
	for i := range full.segments {
		dropped := i == 0 && full.segments[0].dsn == delta.dsn // its tag left the playlist and is counted in EXT-X-DISCONTINUITY-SEQUENCE
		if full.segments[i].discontinuity && !dropped {
			dsn++
		}
		full.segments[i].dsn = dsn
		init = full.segments[i].init
	}
	skipped := dsn - delta.dsn
	for _, s := range delta.segments {
		full.segments = append(full.segments, joined(s, skipped, init))
		init = full.segments[len(full.segments)-1].init
	}
	full.open = joined(delta.open, skipped, init)
	return &full
}

// joined returns a segment of a delta behind what the delta leaves out.
func joined(s segment, skipped uint64, init resource) segment {
	s.dsn += skipped
	if s.init == (resource{}) {
		s.init = init
	}
	return s
}

// differs reports whether two views of a segment are not of one segment.
func (s *segment) differs(other *segment) bool {
	return s.resource != other.resource || s.duration.Duration != other.duration.Duration || s.dsn != other.dsn ||
		s.dateTimeText != other.dateTimeText || s.init != other.init
}
