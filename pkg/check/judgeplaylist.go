package check

import (
	"path"
	"strings"
	"time"
)

// roundTo returns d rounded to the nearest whole second, as EXTINF is compared
// with EXT-X-TARGETDURATION.
func roundTo(d time.Duration) time.Duration { return (d + time.Second/2) / time.Second * time.Second }

// judgePlaylist writes down the rules that one media playlist breaks by itself.
func judgePlaylist(p *playlist, lines []tagLine, n notes) {
	judgeHead(p, n)
	judgeVersion(p, lines, n)
	for i := range p.segments {
		judgeSegment(p, &p.segments[i], n)
	}
	judgeDates(p, n)
	judgeMaps(p, n)
	judgeDateRanges(p, n)
	judgeParts(p, n)
	judgeHints(p, n)
	judgeControl(p, n)
	judgeDelta(p, n)
}

func judgeHead(p *playlist, n notes) {
	if p.targetLine == 0 {
		n.broken("hls/target-duration", 0, "there is no EXT-X-TARGETDURATION")
	} else if p.target < time.Second {
		n.broken("hls/target-duration", p.targetLine, "EXT-X-TARGETDURATION is %d", p.target/time.Second)
	}
	if p.live() && p.kind == "" && p.dsnLine == 0 && p.sequence > 0 {
		for _, s := range p.segments {
			if s.discontinuity {
				n.broken("hls/discontinuity-sequence", s.line, "there is an EXT-X-DISCONTINUITY and no EXT-X-DISCONTINUITY-SEQUENCE, and segments are removed")
				break
			}
		}
	}
	distance := max(p.startOffset, 0)
	if p.startOffset < 0 {
		distance = p.duration() + p.startOffset
	}
	if p.startLine > 0 && p.live() && distance > p.duration()-3*p.target {
		n.broken("hls/start", p.startLine, "EXT-X-START is %s from the beginning, within three target durations of the end at %s", distance, p.duration())
	}
}

func judgeSegment(p *playlist, s *segment, n notes) {
	if p.targetLine > 0 && roundTo(s.duration.Duration) > p.target {
		n.broken("hls/extinf-target", s.line, "EXTINF %s rounds to more than EXT-X-TARGETDURATION %d", s.duration, p.target/time.Second)
	}
	if len(s.parts) == 0 {
		return
	}
	sum, tolerance := time.Duration(0), s.duration.unit
	for _, part := range s.parts {
		sum += part.duration.Duration
		tolerance += part.duration.unit
	}
	if off := sum - s.duration.Duration; max(off, -off) > tolerance/2+time.Microsecond {
		n.broken("hls/part-sum", s.line, "the %d parts of %s are %s together, and EXTINF is %s", len(s.parts), s.uri, sum, s.duration)
	}
}

// judgeDates looks at EXT-X-PROGRAM-DATE-TIME.
func judgeDates(p *playlist, n notes) {
	var clock time.Time // where the media before end, by the clock
	dated, complained := false, false
	for i := range p.segments {
		s := &p.segments[i]
		switch {
		case s.dateTime.IsZero() && s.discontinuity && dated:
			n.broken("hls/date-time-discontinuity", s.line, "%s follows a discontinuity and has no EXT-X-PROGRAM-DATE-TIME", s.uri)
		case s.dateTime.IsZero():
		case !clock.IsZero() && s.dateTime.Before(clock.Add(-time.Second)):
			n.broken("hls/date-time-order", s.dateTimeLine, "%s begins at %s, %s before the media before it end", s.uri, s.dateTimeText, clock.Sub(s.dateTime))
		case !clock.IsZero() && !s.discontinuity && !complained:
			if off := s.dateTime.Sub(clock); max(off, -off) > 100*time.Millisecond {
				complained = true
				n.broken("hls/date-time-drift", s.dateTimeLine, "%s begins %s off the end of the segment before it, by the dates and EXTINF", s.uri, off)
			}
		}
		if !s.dateTime.IsZero() {
			dated, clock = true, s.dateTime
		}
		if !clock.IsZero() {
			clock = clock.Add(s.duration.Duration)
		}
	}
	if !dated && len(p.segments) > 0 && p.skip.line == 0 && p.live() {
		n.broken("hls/date-time", 0, "there is no EXT-X-PROGRAM-DATE-TIME")
	}
}

// judgeMaps looks for EXT-X-MAP of fragmented MP4.
func judgeMaps(p *playlist, n notes) {
	if p.skip.line > 0 {
		return // the tag may be among what is skipped
	}
	for _, s := range p.segments {
		if isMP4(s.uri) && s.init.uri == "" && !s.gap {
			n.broken("hls/map", s.line, "no EXT-X-MAP applies to %s", s.uri)
			return
		}
	}
}

// isMP4 reports whether a URI looks like that of a CMAF segment.
func isMP4(uri string) bool {
	name, _, _ := strings.Cut(uri, "?")
	switch strings.ToLower(path.Ext(name)) {
	case ".m4s", ".mp4", ".m4v", ".m4a", ".cmfv", ".cmfa", ".cmft":
		return true
	default:
		return false
	}
}

func judgeDateRanges(p *playlist, n notes) {
	if len(p.dateRanges) == 0 || p.skip.line > 0 {
		return
	}
	for _, s := range p.segments {
		if s.dateTimeLine > 0 {
			return
		}
	}
	n.broken("hls/date-range", p.dateRanges[0].line, "there is an EXT-X-DATERANGE and no EXT-X-PROGRAM-DATE-TIME")
}

func judgeHints(p *playlist, n notes) {
	seen := make(map[string]bool)
	for _, h := range p.hints {
		if seen[h.kind] {
			n.broken("hls/preload-hint-once", h.line, "there is another EXT-X-PRELOAD-HINT of TYPE=%s", h.kind)
		}
		seen[h.kind] = true
		if p.endLine > 0 {
			n.broken("hls/preload-hint-ended", h.line, "there is an EXT-X-PRELOAD-HINT beside EXT-X-ENDLIST")
		}
	}
}

// judgeControl looks at EXT-X-SERVER-CONTROL.
func judgeControl(p *playlist, n notes) {
	c := p.control
	if p.lowLatency() {
		switch {
		case c.line == 0:
			n.broken("hls/server-control", 0, "there is no EXT-X-SERVER-CONTROL beside EXT-X-PART-INF")
		case !c.hasPartHB:
			n.broken("hls/server-control", c.line, "there is no PART-HOLD-BACK beside EXT-X-PART-INF")
		case c.partHold.Duration < 2*p.partTarget.Duration:
			n.broken("hls/part-hold-back", c.line, "PART-HOLD-BACK %s is less than twice PART-TARGET %s", c.partHold, p.partTarget)
		case c.partHold.Duration < 3*p.partTarget.Duration-time.Millisecond: // both may be rounded
			n.broken("hls/part-hold-back-short", c.line, "PART-HOLD-BACK %s is less than three times PART-TARGET %s", c.partHold, p.partTarget)
		}
		if c.line > 0 && !c.block && p.live() {
			n.broken("hls/block-reload", c.line, "a low-latency playlist does not say CAN-BLOCK-RELOAD=YES")
		}
	}
	if c.hasHold && c.holdBack.Duration < 3*p.target {
		n.broken("hls/hold-back", c.line, "HOLD-BACK %s is less than three times the target duration %s", c.holdBack, p.target)
	}
	if c.hasSkipUntil && c.skipUntil.Duration < 6*p.target {
		n.broken("hls/can-skip-until", c.line, "CAN-SKIP-UNTIL %s is less than six times the target duration %s", c.skipUntil, p.target)
	}
	if c.skipDateRanges && !c.hasSkipUntil {
		n.broken("hls/can-skip-until", c.line, "CAN-SKIP-DATERANGES stands without CAN-SKIP-UNTIL")
	}
}

// judgeDelta looks at what a delta leaves out.
func judgeDelta(p *playlist, n notes) {
	if p.skip.line == 0 {
		return
	}
	if p.skip.segments == 0 {
		n.broken("hls/delta-form", p.skip.line, "EXT-X-SKIP skips no segment")
	}
	if !p.control.hasSkipUntil {
		n.broken("hls/delta-form", p.skip.line, "there is an EXT-X-SKIP and no CAN-SKIP-UNTIL")
	} else if p.duration() < p.control.skipUntil.Duration {
		n.broken("hls/delta-boundary", p.skip.line, "only %s of segments are left, and CAN-SKIP-UNTIL is %s", p.duration(), p.control.skipUntil)
	}
	if p.endLine > 0 {
		n.broken("hls/delta-form", p.skip.line, "there is an EXT-X-SKIP beside EXT-X-ENDLIST")
	}
}
