package check

import (
	"fmt"
	"time"
)

// maxKnown bounds how many segments and parts a history remembers.
const maxKnown = 50_000

// A place is where a part stands.
type place struct {
	msn   uint64
	index int
}

// A history is what was learned of one media playlist, and what must stay true.
type history struct {
	last     *playlist // as a client sees it, deltas merged
	at       time.Time // when it was asked for
	segments map[uint64]segment
	byURI    map[resource]uint64
	parts    map[place]part
	byPart   map[resource]place // where a part with that URI stood
	hinted   map[place]hint     // what was hinted to stand there
	removed  map[uint64]segment
	grown    time.Time // when the newest segment was first seen
	longest  time.Duration
	parted   time.Time // when the newest part was first seen
}

func newHistory() *history {
	return &history{
		segments: make(map[uint64]segment), byURI: make(map[resource]uint64), parts: make(map[place]part), byPart: make(map[resource]place),
		hinted: make(map[place]hint), removed: make(map[uint64]segment),
	}
}

// add compares a playlist, asked for at an instant, with those before it and
// returns it. The playlist is full or was merged.
func (h *history) add(p *playlist, at time.Time, n notes) {
	if h.last != nil {
		judgeConstants(h.last, p, n)
		h.judgeWindow(p, n)
	}
	h.judgeSegments(p, n)
	h.judgeParts(p, n)
	h.remember(p, at)
}

// judgeConstants compares what two playlists of one address say of themselves.
func judgeConstants(old, p *playlist, n notes) {
	if old.target != p.target {
		n.broken("hls/target-duration-change", p.targetLine, "EXT-X-TARGETDURATION was %d and is %d", old.target/time.Second, p.target/time.Second)
	}
	if old.partTarget.Duration != p.partTarget.Duration && old.lowLatency() && (p.lowLatency() || p.live()) {
		n.broken("hls/part-target-change", p.partTargetLine, "PART-TARGET was %s and is %s", old.partTarget, p.partTarget)
	}
	if old.control.text != p.control.text && p.live() {
		n.broken("hls/server-control-change", p.control.line, "EXT-X-SERVER-CONTROL was %q and is %q", old.control.text, p.control.text)
	}
	if old.kind != p.kind {
		n.broken("hls/playlist-type", 0, "EXT-X-PLAYLIST-TYPE was %q and is %q", old.kind, p.kind)
	}
	if old.endLine > 0 && p.endLine == 0 {
		n.broken("hls/ended", 0, "EXT-X-ENDLIST was there and has gone")
	}
}

// judgeWindow looks at what left a playlist and what came.
func (h *history) judgeWindow(p *playlist, n notes) {
	old := h.last
	oldEdge, oldParts := old.edge()
	edge, parts := p.edge()
	switch {
	case p.sequence < old.sequence:
		n.broken("hls/media-sequence", p.sequenceLine, "EXT-X-MEDIA-SEQUENCE was %d and is %d", old.sequence, p.sequence)
	case edge < oldEdge:
		n.broken("hls/removal", 0, "media sequence number %d was listed and the playlist now ends with %d", oldEdge, edge)
	case edge == oldEdge && parts >= 0 && (parts < oldParts || oldParts < 0):
		n.broken("hls/removal", 0, "parts at the end of the playlist were listed and have gone")
	case p.sequence > old.sequence && p.kind != "":
		n.broken("hls/playlist-type", p.sequenceLine, "segments were removed from a playlist of type %s", p.kind)
	case p.sequence > old.sequence && p.live() && p.duration() < 3*p.target-p.target/100:
		n.broken("hls/window", p.sequenceLine, "segments were removed and only %s are left, less than three target durations", p.duration())
	}
	if p.dsn < old.dsn {
		n.broken("hls/discontinuity-count", p.dsnLine, "EXT-X-DISCONTINUITY-SEQUENCE was %d and is %d", old.dsn, p.dsn)
	}
}

// judgeSegments compares segments with what was known of them.
func (h *history) judgeSegments(p *playlist, n notes) {
	for _, s := range p.segments {
		known, ok := h.segments[s.msn]
		if !ok {
			if msn, used := h.byURI[s.resource]; used && msn != s.msn && !s.gap {
				n.broken("hls/uri-reuse", s.line, "%s has media sequence number %d and had %d", s.uri, s.msn, msn)
			}
			continue
		}
		switch {
		case known.resource != s.resource:
			n.broken("hls/segment-change", s.line, "media sequence number %d was %s and is %s", s.msn, known.uri, s.uri)
		case known.gap != s.gap:
			n.broken("hls/segment-change", s.line, "%s was a gap: %t, and is: %t", s.uri, known.gap, s.gap)
		case known.duration.Duration != s.duration.Duration:
			n.broken("hls/segment-change", s.line, "EXTINF of %s was %s and is %s", s.uri, known.duration, s.duration)
		case known.dateTimeText != s.dateTimeText:
			n.broken("hls/segment-change", max(s.dateTimeLine, s.line), "the date of %s was %q and is %q", s.uri, known.dateTimeText, s.dateTimeText)
		case known.init != s.init:
			n.broken("hls/segment-change", s.line, "EXT-X-MAP of %s was %q and is %q", s.uri, known.init.uri, s.init.uri)
		case known.dsn != s.dsn:
			n.broken("hls/discontinuity-count", s.line, "the discontinuity sequence number of %s was %d and is %d", s.uri, known.dsn, s.dsn)
		}
	}
}

// judgeParts compares parts with what was known and hinted of them.
func (h *history) judgeParts(p *playlist, n notes) {
	each := func(s *segment) {
		for i, part := range s.parts {
			at := place{s.msn, i}
			known, ok := h.parts[at]
			if ok && (known.resource != part.resource || known.duration.Duration != part.duration.Duration) {
				n.broken("hls/part-change", part.line, "part %d of %d was %s of %s and is %s of %s", i, s.msn, known.uri, known.duration, part.uri, part.duration)
			}
			hinted, was := h.hinted[at]
			if !ok && was && !part.gap && hinted.uri != part.uri {
				n.broken("hls/preload-hint", part.line, "the hint was %s and the part is %s", hinted.uri, part.uri)
			}
			if stood, used := h.byPart[part.resource]; used && stood != at && !part.gap {
				n.broken("hls/uri-reuse", part.line, "%s is %s and was %s", part.uri, at, stood)
			}
			h.parts[at], h.byPart[part.resource] = part, at
		}
	}
	if len(h.parts) > maxKnown {
		clear(h.parts)
		clear(h.byPart)
	}
	for i := range p.segments {
		each(&p.segments[i])
		h.judgeClosed(&p.segments[i], n)
	}
	each(&p.open)
}

// judgeClosed looks at how many parts of a finished segment were ever listed.
func (h *history) judgeClosed(s *segment, n notes) {
	if len(s.parts) == 0 {
		return
	}
	if _, ok := h.parts[place{s.msn, len(s.parts)}]; ok {
		n.broken("hls/part-change", s.line, "%s had more than %d parts before it was complete", s.uri, len(s.parts))
	}
}

// remember takes over a playlist.
func (h *history) remember(p *playlist, at time.Time) {
	if h.last != nil {
		for i := range h.last.segments {
			if s := &h.last.segments[i]; s.msn < p.sequence && !s.gap && len(h.removed) < maxKnown {
				h.removed[s.msn] = *s
			}
		}
	}
	if len(h.segments) > maxKnown {
		clear(h.segments)
		clear(h.byURI)
	}
	for _, s := range p.segments {
		h.segments[s.msn] = s
		h.byURI[s.resource] = s.msn
	}
	clear(h.hinted)
	for _, hint := range p.hints {
		if hint.kind == "PART" && p.live() {
			h.hinted[place{p.open.msn, len(p.open.parts)}] = hint
		}
	}
	h.longest = max(h.longest, p.duration())
	h.last, h.at = p, at
}

// partName says which part is meant.
func (p place) String() string { return fmt.Sprintf("part %d of %d", p.index, p.msn) }
