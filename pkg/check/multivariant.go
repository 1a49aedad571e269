package check

import (
	"strconv"
	"strings"
)

// A multivariant is a multivariant playlist.
type multivariant struct {
	variants   []variant
	renditions []rendition
}

// A variant is EXT-X-STREAM-INF, or EXT-X-I-FRAME-STREAM-INF.
type variant struct {
	line               int
	uri                string
	bandwidth, average uint64
	codecs             string
	resolution         string
	frameRate          string
	groups             map[string]string // by type
	iFrames            bool
}

// A rendition is EXT-X-MEDIA.
type rendition struct {
	line              int
	kind, group, name string
	uri               string
}

// readMultivariant reads a multivariant playlist and writes down the rules that
// it breaks by itself.
func readMultivariant(lines []tagLine, n notes) *multivariant {
	m := &multivariant{}
	judgeVersionOf(lines, n)
	once(lines, n, "#EXT-X-VERSION", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-START")
	var pending *variant
	for _, l := range lines {
		if pending != nil && l.tag != "" {
			n.broken("hls/stream-inf", pending.line, "the line behind EXT-X-STREAM-INF is no URI")
			pending = nil
		}
		switch l.tag {
		case "":
			if pending == nil {
				n.broken("hls/stream-inf", l.n, "no EXT-X-STREAM-INF stands before %s", l.value)
				continue
			}
			pending.uri = l.value
			m.variants = append(m.variants, *pending)
			pending = nil
		case "#EXT-X-STREAM-INF":
			v := readVariant(l, n)
			pending = &v
		case "#EXT-X-I-FRAME-STREAM-INF":
			v := readVariant(l, n)
			v.iFrames = true
			m.variants = append(m.variants, v)
		case "#EXT-X-MEDIA":
			m.renditions = append(m.renditions, readRendition(l, n))
		case "#EXTINF", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-ENDLIST",
			"#EXT-X-PLAYLIST-TYPE", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL", "#EXT-X-MAP", "#EXT-X-PART":
			n.broken("hls/playlist-kind", l.n, "%s stands in a multivariant playlist", l.tag)
		}
	}
	if pending != nil {
		n.broken("hls/stream-inf", pending.line, "no line follows EXT-X-STREAM-INF")
	}
	judgeGroups(m, n)
	return m
}

// judgeVersionOf looks at EXT-X-VERSION of a multivariant playlist.
func judgeVersionOf(lines []tagLine, n notes) {
	for _, l := range lines {
		if l.tag == "#EXT-X-VERSION" {
			version, _ := strconv.Atoi(l.value)
			judgeHighVersion(version, l.n, lines, n)
		}
	}
}

func readVariant(l tagLine, n notes) variant {
	a := readAttributes(l, n)
	a.require("BANDWIDTH")
	v := variant{
		line: l.n, uri: a.quoted("URI"), bandwidth: a.number("BANDWIDTH"), average: a.number("AVERAGE-BANDWIDTH"),
		codecs: a.quoted("CODECS"), resolution: a.text("RESOLUTION"), frameRate: a.text("FRAME-RATE"),
		groups: make(map[string]string),
	}
	for _, kind := range []string{"AUDIO", "VIDEO", "SUBTITLES"} {
		if a.has(kind) {
			v.groups[kind] = a.quoted(kind)
		}
	}
	switch {
	case a.has("BANDWIDTH") && v.bandwidth == 0:
		n.broken("hls/bandwidth", l.n, "BANDWIDTH is 0")
	case v.average > v.bandwidth:
		n.broken("hls/bandwidth", l.n, "AVERAGE-BANDWIDTH %d is more than BANDWIDTH %d", v.average, v.bandwidth)
	}
	if v.codecs == "" {
		n.broken("hls/codecs-missing", l.n, "there is no CODECS")
	}
	if hasVideo(v.codecs) && v.resolution == "" {
		n.broken("hls/resolution", l.n, "there is video and no RESOLUTION")
	}
	if a.has("FRAME-RATE") {
		if _, fraction, _ := strings.Cut(a.text("FRAME-RATE"), "."); len(fraction) > 3 {
			n.broken("hls/resolution", l.n, "FRAME-RATE=%s has more than three digits behind the point", a.text("FRAME-RATE"))
		}
		a.seconds("FRAME-RATE") // a decimal number, too
	}
	return v
}

// hasVideo reports whether a list of codecs has one of video.
func hasVideo(codecs string) bool {
	for codec := range strings.SplitSeq(codecs, ",") {
		entry, _, _ := strings.Cut(strings.TrimSpace(codec), ".")
		switch strings.ToLower(entry) {
		case "avc1", "avc3", "hvc1", "hev1", "av01", "vp09", "vp08", "vvc1", "dvh1":
			return true
		}
	}
	return false
}

func readRendition(l tagLine, n notes) rendition {
	a := readAttributes(l, n)
	a.require("TYPE", "GROUP-ID", "NAME")
	r := rendition{line: l.n, kind: a.text("TYPE"), group: a.quoted("GROUP-ID"), name: a.quoted("NAME"), uri: a.quoted("URI")}
	if a.yes("DEFAULT") && a.has("AUTOSELECT") && !a.yes("AUTOSELECT") {
		n.broken("hls/media-default", l.n, "DEFAULT=YES stands beside AUTOSELECT=NO")
	}
	switch r.kind {
	case "AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS":
	default:
		n.broken("hls/syntax", l.n, "EXT-X-MEDIA has TYPE=%s", r.kind)
	}
	if r.kind == "SUBTITLES" && r.uri == "" {
		n.broken("hls/syntax", l.n, "EXT-X-MEDIA of TYPE=SUBTITLES has no URI")
	}
	return r
}

// judgeGroups looks at groups and who names them.
func judgeGroups(m *multivariant, n notes) {
	type key struct{ kind, group string }
	names := make(map[key]map[string]bool)
	for _, r := range m.renditions {
		k := key{r.kind, r.group}
		if names[k] == nil {
			names[k] = make(map[string]bool)
		}
		if names[k][r.name] {
			n.broken("hls/media-name", r.line, "group %q has two renditions with NAME=%q", r.group, r.name)
		}
		names[k][r.name] = true
	}
	for _, v := range m.variants {
		for kind, group := range v.groups {
			if names[key{kind, group}] == nil {
				n.broken("hls/group", v.line, "%s=%q names no group", kind, group)
			}
		}
	}
	if len(m.variants) == 0 {
		n.broken("hls/stream-inf", 0, "there is no variant")
	}
}
