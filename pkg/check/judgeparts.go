package check

import "time"

// judgeParts looks at EXT-X-PART and EXT-X-PART-INF.
func judgeParts(p *playlist, n notes) {
	var behind time.Duration // what follows the segment, counted from the end
	for _, part := range p.open.parts {
		behind += part.duration.Duration
	}
	first := judgePartsOf(p, &p.open, n)
	old := 0
	for i := len(p.segments) - 1; i >= 0; i-- {
		s := &p.segments[i]
		if line := judgePartsOf(p, s, n); line > 0 {
			first = line
			if behind > 3*p.target && old == 0 {
				old = line
			}
		}
		behind += s.duration.Duration
	}
	if first > 0 && !p.lowLatency() {
		n.broken("hls/part-inf", first, "there is an EXT-X-PART and no EXT-X-PART-INF")
	}
	if old > 0 && p.live() {
		n.broken("hls/part-old", old, "parts are listed more than three target durations from the end")
	}
	if p.lowLatency() && p.live() && first == 0 {
		n.broken("hls/part-missing", p.partTargetLine, "EXT-X-PART-INF stands in a playlist without parts")
	}
}

// judgePartsOf looks at the parts of one segment and returns the line of the
// first, 0 if it has none.
func judgePartsOf(p *playlist, s *segment, n notes) int {
	if len(s.parts) == 0 {
		return 0
	}
	target := p.partTarget
	for i, part := range s.parts {
		last := i == len(s.parts)-1
		before := !last && s.parts[i+1].gap
		switch d := part.duration.Duration; {
		case !p.lowLatency():
		case d > target.Duration+part.duration.unit/2:
			n.broken("hls/part-duration", part.line, "DURATION %s of %s is more than PART-TARGET %s", d, part.uri, target)
		case !last && !before && !part.independent && !part.gap && d+part.duration.unit < target.Duration*85/100:
			n.broken("hls/part-short", part.line, "DURATION %s of %s is less than 85 %% of PART-TARGET %s", d, part.uri, target)
		}
	}
	if p.independent && !s.parts[0].independent && !s.parts[0].gap {
		n.broken("hls/part-independent", s.parts[0].line, "the first part of an independent segment does not say INDEPENDENT=YES")
	}
	return s.parts[0].line
}
