package check

import "time"

// judgeTogether compares the media playlists of one presentation at the end.
func (h *hlsWatch) judgeTogether() {
	var all []*playlist
	for _, r := range h.renditions {
		if p := r.latest(); p != nil {
			all = append(all, p)
		}
	}
	for _, p := range all[min(1, len(all)):] {
		n, first := h.notes(p.url), all[0]
		if p.target != first.target {
			n.broken("hls/same-target-duration", p.targetLine, "EXT-X-TARGETDURATION is %d, and %d in %s", p.target/time.Second, first.target/time.Second, first.url)
		}
		if p.control.text != first.control.text {
			n.broken("hls/same-server-control", p.control.line, "EXT-X-SERVER-CONTROL is %q, and %q in %s", p.control.text, first.control.text, first.url)
		}
		if dated(p) != dated(first) {
			n.broken("hls/same-date-time", 0, "only one of this and %s has EXT-X-PROGRAM-DATE-TIME", first.url)
		}
	}
	h.judgeClocks()
	if h.multi == nil {
		return
	}
	byURL := make(map[string]*hlsRendition)
	for _, r := range h.renditions {
		byURL[r.url] = r
	}
	for _, v := range h.multi.variants {
		h.judgeVariant(v, byURL)
	}
}

func dated(p *playlist) bool {
	for _, s := range p.segments {
		if s.dateTimeLine > 0 {
			return true
		}
	}
	return false
}

// judgeClocks compares the dates that renditions give to one media time.
func (h *hlsWatch) judgeClocks() {
	type origin struct {
		zero time.Time
		url  string
	}
	known := make(map[uint64]origin)
	for _, r := range h.renditions {
		r.media.mu.Lock()
		for dsn, zero := range r.media.zeros {
			first, ok := known[dsn]
			if !ok {
				known[dsn] = origin{zero, r.url}
				continue
			}
			if off := zero.Sub(first.zero); max(off, -off) > r.media.longest {
				h.notes(r.url).broken("hls/date-time-apart", 0, "by EXT-X-PROGRAM-DATE-TIME and the media, media time 0 is at %s, and at %s in %s",
					zero.UTC().Format(time.RFC3339Nano), first.zero.UTC().Format(time.RFC3339Nano), first.url)
			}
		}
		r.media.mu.Unlock()
	}
}
