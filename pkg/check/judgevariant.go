package check

import "strings"

// judgeVariant compares CODECS and BANDWIDTH with the media.
func (h *hlsWatch) judgeVariant(v variant, byURL map[string]*hlsRendition) {
	if v.iFrames {
		return
	}
	n := h.notes(h.address)
	uris := []string{v.uri}
	for _, r := range h.multi.renditions {
		if group, ok := v.groups[r.kind]; ok && group == r.group && r.uri != "" && r.kind == "AUDIO" {
			uris = append(uris, r.uri)
		}
	}
	for i, uri := range uris {
		address, err := resolve(h.address, uri)
		r := byURL[address]
		if err != nil || r == nil {
			continue
		}
		r.media.mu.Lock()
		for codec := range r.media.codecs {
			if v.codecs != "" && !names(v.codecs, codec) {
				n.broken("hls/codecs", v.line, "CODECS is %q, and %s has %s", v.codecs, uri, codec)
			}
		}
		if peak := r.media.peak; i == 0 && peak > 1.1*float64(v.bandwidth) {
			n.broken("hls/bandwidth-peak", v.line, "BANDWIDTH is %d, and %s has %.0f", v.bandwidth, r.media.peakAt, peak)
		}
		r.media.mu.Unlock()
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
