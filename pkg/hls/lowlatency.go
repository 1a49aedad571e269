package hls

import (
	"strconv"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// How far from the end of a playlist things are left out, in target durations.
const (
	partsWithin  = 3 // EXT-X-PART tags further away "SHOULD be removed" (RFC 8216bis 6.2.2)
	skipBoundary = 6 // segments further away are skipped in updates; the least that 4.4.3.8 allows
)

// partedSegments is in how many complete segments there are parts at most:
// short ones are no reason for more.
const partedSegments = 2

// control writes EXT-X-SERVER-CONTROL and EXT-X-PART-INF, which never change
// in the life of a playlist. HOLD-BACK is what it is by default.
func (p *playlist) control() {
	target := partTarget(p.part)
	p.add("\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=")
	p.number(uint64(3 * p.target / time.Second))
	p.add(",PART-HOLD-BACK=")
	p.text = appendSeconds(p.text, 3*target)
	p.add(",CAN-SKIP-UNTIL=")
	p.number(uint64(skipBoundary * p.target / time.Second))
	p.add("\n#EXT-X-PART-INF:PART-TARGET=")
	p.text = appendSeconds(p.text, target)
}

// partTarget returns a part target in units, rounded up: no part that was
// rounded may be longer.
func partTarget(d time.Duration) units {
	const unit = time.Second / unitsPerSecond
	return units((d + unit - 1) / unit)
}

// parted returns the index of the first segment whose parts are listed: of
// those after it, and of itself, nothing is further than partsWithin from the
// end of the playlist. Parts count by their place in the segment, so it has all
// of them or none.
func (p *playlist) parted() int {
	left := of(partsWithin * p.target)
	lowest := len(p.segments) - partedSegments
	if p.growing != nil {
		last := p.growing.Parts[len(p.growing.Parts)-1]
		left -= between(p.growing.Start, last.End(), p.growing.Timescale())
	}
	i := len(p.segments)
	for i > max(lowest, 0) {
		if left -= length(&p.segments[i-1]); left < 0 {
			break
		}
		i--
	}
	return i
}

// known returns how many segments an update leaves out: "Media Segments that
// are further from the end of the last (Parent) Media Segment in the Playlist
// than the Skip Boundary" (RFC 8216bis 6.2.5.1). After an interruption these may be
// new, many at once. Whoever asks has a playlist that was no older than half of the
// boundary when he asked, and was held for no longer than the other half.
func (p *playlist) known(s *live.Snapshot, r *live.Rendition) int {
	if p.part == 0 || s.Ended {
		return 0
	}
	boundary := skipBoundary * p.target
	var distance units // of the end of a segment from the end of the last one
	i := len(p.segments) - 1
	for i >= 0 && distance <= of(boundary) {
		distance += length(&p.segments[i])
		i--
	}
	for i >= 0 && r.ListedSince(i, s.Published.Add(-boundary)) {
		i--
	}
	return i + 1
}

// parts writes the EXT-X-PART tags of a segment.
func (p *playlist) parts(seg *live.Segment) {
	timescale := seg.Timescale()
	audio := seg.Header.Track.ID.Kind == media.Audio // each frame can be decoded by itself
	for i := range seg.Parts {
		part := &seg.Parts[i]
		p.add("#EXT-X-PART:DURATION=")
		p.text = appendSeconds(p.text, between(part.Start, part.End(), timescale))
		p.add(",URI=\"p")
		p.text = strconv.AppendInt(p.text, int64(part.Start), 10)
		if part.Independent || audio {
			p.add(".m4s\",INDEPENDENT=YES\n")
		} else {
			p.add(".m4s\"\n")
		}
	}
}

// tail writes the hint of the next part, and how far the other playlists are. Those of
// tracks that the stream goes on without are among them for as long as a window: there are
// players that have them from an older multivariant playlist.
func (p *playlist) tail(s *live.Snapshot, id media.TrackID) {
	if r := s.Rendition(id); r.Hint != "" && !s.Away {
		p.add("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"")
		p.add(r.Hint)
		p.add(".m4s\"\n")
	}
	for i := range s.Renditions {
		other := &s.Renditions[i]
		if n := len(other.Segments); other.ID != id && n > 0 {
			newest := other.Segments[n-1]
			if newest.End().Time(newest.Timescale()).After(s.Published.Add(-s.Window)) {
				p.report(other)
			}
		}
	}
}

// report writes the EXT-X-RENDITION-REPORT of another rendition. LAST-PART
// "is REQUIRED if the Rendition contains a Partial Segment" (RFC 8216bis
// 4.4.5.4); a gap at its end has none.
func (p *playlist) report(r *live.Rendition) {
	number, parts := r.Edge()
	p.add("#EXT-X-RENDITION-REPORT:URI=\"../")
	p.add(r.ID.String())
	p.add("/index.m3u8\",LAST-MSN=")
	p.number(number)
	if parts > 0 {
		p.add(",LAST-PART=")
		p.number(uint64(parts - 1))
	}
	p.add("\n")
}
