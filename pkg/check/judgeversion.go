package check

import (
	"strings"
	"time"
)

// judgeVersion compares EXT-X-VERSION with what is used.
func judgeVersion(p *playlist, lines []tagLine, n notes) {
	need, line, what := 1, 0, ""
	use := func(version, at int, thing string) {
		if version > need {
			need, line, what = version, at, thing
		}
	}
	for _, s := range p.segments {
		if s.duration.unit != 0 && s.duration.unit < time.Second {
			use(3, s.line, "EXTINF with a fraction")
		}
		if s.length > 0 {
			use(4, s.line, "EXT-X-BYTERANGE")
		}
		if s.init.uri != "" && !p.iFramesOnly {
			use(6, s.line, "EXT-X-MAP")
		}
	}
	if p.skip.line > 0 {
		use(9, p.skip.line, "EXT-X-SKIP")
	}
	if p.version < need {
		n.broken("hls/version", line, "%s needs EXT-X-VERSION %d, and it is %d", what, need, p.version)
	}
	judgeHighVersion(p.version, p.versionLine, lines, n)
}

// common is the version that any playlist may have: many tools write that of
// CMAF everywhere.
const common = 7

// judgeHighVersion looks whether a version is higher than anything in a text
// needs (RFC 8216bis, 8).
func judgeHighVersion(version, line int, lines []tagLine, n notes) {
	most := common
	for _, l := range lines {
		switch need := needs(l); {
		case need > most:
			most = need
		case strings.HasPrefix(l.value, "REQ-") || strings.Contains(l.value, ",REQ-"):
			most = max(most, 12)
		}
	}
	if version > most {
		n.broken("hls/version-high", line, "EXT-X-VERSION is %d, and nothing here needs more than %d", version, most)
	}
}

// needs returns the version that a tag may be the reason of, beyond those that
// are common. One that promises deltas may have that of a delta.
func needs(l tagLine) int {
	switch {
	case l.tag == "#EXT-X-DEFINE" && strings.Contains(l.value, "QUERYPARAM"):
		return 11
	case l.tag == "#EXT-X-DEFINE":
		return 8
	case strings.Contains(l.value, "CAN-SKIP-DATERANGES=YES"), strings.Contains(l.value, "RECENTLY-REMOVED-DATERANGES"):
		return 10
	case l.tag == "#EXT-X-SKIP", l.tag == "#EXT-X-PART-INF", strings.Contains(l.value, "CAN-SKIP-UNTIL"):
		return 9
	case l.tag == "#EXT-X-MEDIA" && strings.Contains(l.value, "INSTREAM-ID"):
		return 13
	default:
		return 0
	}
}
