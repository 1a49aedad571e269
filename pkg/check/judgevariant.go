package check

import (
	"slices"
	"strings"
)

// judgeVariant compares what a variant says with its media.
func (h *hlsWatch) judgeVariant(v variant, byURL map[string]*hlsRendition) {
	if v.iFrames {
		return
	}
	own, complete := h.mediaOf(v, byURL)
	n := h.notes(h.address)
	present := make(map[string]bool)
	for i, m := range own {
		m.mu.Lock()
		for codec := range m.codecs {
			present[codec] = true
			if v.codecs != "" && !names(v.codecs, codec) {
				complete = false // one name is wrong, not one too many
				n.broken("hls/codecs", v.line, "CODECS is %q, and %s has %s", v.codecs, m.r.url, codec)
			}
		}
		complete = complete && len(m.codecs) > 0
		if i == 0 && m.peak > 1.1*float64(v.bandwidth) {
			n.broken("hls/bandwidth-peak", v.line, "BANDWIDTH is %d, and %s has %.0f", v.bandwidth, m.peakAt, m.peak)
		}
		if m.video != nil {
			v.judgePicture(m, n)
		}
		m.mu.Unlock()
	}
	if complete {
		v.judgeAbsent(present, n)
	}
	v.judgeHigh(own, n)
}

// mediaOf returns the media of a variant, its own first, and whether they are
// all that it has.
func (h *hlsWatch) mediaOf(v variant, byURL map[string]*hlsRendition) (own []*hlsMedia, complete bool) {
	uris := []string{v.uri}
	for _, r := range h.multi.renditions {
		if group, ok := v.groups[r.kind]; ok && group == r.group && r.uri != "" && r.kind != "SUBTITLES" {
			uris = append(uris, r.uri)
		}
	}
	complete = true
	for kind, group := range v.groups { // one that is not there is another fault
		complete = complete && slices.ContainsFunc(h.multi.renditions, func(r rendition) bool { return r.kind == kind && r.group == group })
	}
	for _, uri := range uris {
		address, err := resolve(h.address, uri)
		if r := byURL[address]; err == nil && r != nil {
			own = append(own, r.media)
		} else {
			complete = false
		}
	}
	return own, complete
}

// judgePicture compares RESOLUTION and FRAME-RATE with video.
func (v *variant) judgePicture(m *hlsMedia, n notes) {
	if said, ok := readSize(v.resolution); ok && !m.video.shows(said) {
		n.broken("hls/resolution-media", v.line, "RESOLUTION is %s, and %s has %s", v.resolution, m.r.url, m.video.coded)
	}
	if said, ok := readRate(v.frameRate); ok && m.pace.contradicts(said, m.video.timescale) {
		n.broken("hls/resolution-media", v.line, "FRAME-RATE is %s, and %s has %.3f", v.frameRate, m.r.url, m.pace.mean(m.video.timescale))
	}
}

// judgeAbsent looks for formats that no media have.
func (v *variant) judgeAbsent(present map[string]bool, n notes) {
	for said := range strings.SplitSeq(v.codecs, ",") {
		said = strings.TrimSpace(said)
		if !hasVideo(said) && !hasAudio(said) {
			continue
		}
		found := false
		for codec := range present {
			found = found || sameCodec(said, codec)
		}
		if !found {
			n.broken("hls/codecs-absent", v.line, "CODECS has %q, and no rendition of the variant has: AUDIO=%q", said, v.groups["AUDIO"])
		}
	}
}

// What BANDWIDTH may be too high by, and after how many segments that is known.
// An encoder sends less than it may while little moves.
const (
	tooHigh     = 5
	manyCounted = 3
)

// judgeHigh compares BANDWIDTH with the largest segments of all media together.
func (v *variant) judgeHigh(own []*hlsMedia, n notes) {
	sum := 0.0
	for _, m := range own {
		m.mu.Lock()
		peak, counted := m.peak, m.counted
		m.mu.Unlock()
		if counted < manyCounted {
			return
		}
		sum += peak
	}
	if sum > 0 && float64(v.bandwidth) > tooHigh*sum {
		n.broken("hls/bandwidth-high", v.line, "BANDWIDTH is %d, and the largest segments have %.0f together", v.bandwidth, sum)
	}
}

// hasAudio reports whether a codec is one of audio.
func hasAudio(codec string) bool {
	entry, _, _ := strings.Cut(codec, ".")
	switch strings.ToLower(entry) {
	case "mp4a", "opus", "flac", "ac-3", "ec-3":
		return true
	default:
		return false
	}
}

// names reports whether a list of codecs has one.
func names(codecs, codec string) bool {
	for said := range strings.SplitSeq(codecs, ",") {
		if sameCodec(said, codec) {
			return true
		}
	}
	return false
}
