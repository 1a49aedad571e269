package hls

import (
	"strconv"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
)

// Media returns the media playlist of a rendition, nil if the presentation has
// none such, or its media cannot have that form. Its URIs are relative to the
// rendition's folder. As MPEG-TS, video comes with the audio of the same time,
// and a segment is listed as soon as both are finished. However many segments there
// are, those are written that are new since a snapshot before was asked for.
func Media(s *live.Snapshot, id media.TrackID, form Form) *scroll.Text {
	p := list(s, id, form)
	if p == nil {
		return nil
	}
	return p.write(s, id)
}

// MediaDelta returns the update that a request with _HLS_skip gets (RFC
// 8216bis 6.2.5.1, Playlist Delta Update): the media playlist in the form CMAF
// without the segments that the player knows already. When there are none to
// leave out, or nothing more will come, it is the whole playlist.
func MediaDelta(s *live.Snapshot, id media.TrackID) []byte {
	p := list(s, id, CMAF)
	if p == nil {
		return nil
	}
	skipped := p.known(s, s.Rendition(id))
	if skipped == 0 {
		return p.write(s, id).Bytes()
	}
	return p.update(s, id, skipped)
}

// A playlist is what one media playlist lists, and its text as far as it is
// written.
type playlist struct {
	form     Form
	target   time.Duration
	part     time.Duration // 0 in an ordinary playlist
	segments []live.Segment
	growing  *live.Segment // the segment behind them; nil as long as it has no part
	all      bool          // all segments of the rendition begin with a sample that a decoder can start at
	text     []byte
}

// list returns the playlist of a rendition, nil if there is none.
func list(s *live.Snapshot, id media.TrackID, form Form) *playlist {
	r, spans := s.Rendition(id), s.Spans()
	if r == nil || len(spans) == 0 || !offered(spans, form) {
		return nil
	}
	p := &playlist{form: form, target: s.Targets.Segment, segments: r.Segments, all: r.Independent()}
	switch form {
	case TS:
		p.pair(s, r)
	case IFrames:
		if p.all = true; r.KeyBandwidth == 0 {
			return nil
		}
	case CMAF:
		p.grow(s, r)
	}
	if len(p.segments) == 0 {
		return nil
	}
	return p
}

// grow adds what a low-latency playlist lists beside whole segments.
func (p *playlist) grow(s *live.Snapshot, r *live.Rendition) {
	if p.part = s.Targets.Part; p.part > 0 && r.Growing != nil && len(r.Growing.Parts) > 0 {
		p.growing = &r.Growing.Segment
	}
}

// pair leaves out the segments that some rendition has not come to the end of. Three target
// durations remain (RFC 8216bis 6.2.2): what has made room for them stays until then.
func (p *playlist) pair(s *live.Snapshot, r *live.Rendition) {
	n := 0
	for n < len(r.Segments) && !s.Ended && !paired(s, &r.Segments[len(r.Segments)-1-n]) {
		n++
	}
	if n == 0 {
		return
	}
	p.segments = r.Without(n, 3*p.target)
	p.all = p.all && len(p.segments) > 0 && p.segments[0].Number == r.Segments[0].Number
}

// paired reports whether all renditions have come to the end of a segment.
func paired(s *live.Snapshot, seg *live.Segment) bool {
	for _, h := range seg.Period.Headers {
		r := s.Rendition(h.Track.ID)
		if r == nil || len(r.Segments) == 0 || r.Segments[len(r.Segments)-1].Number < seg.Number {
			return false
		}
	}
	return true
}

// write returns the text of the playlist.
func (p *playlist) write(s *live.Snapshot, id media.TrackID) *scroll.Text {
	first, parted := p.segments[0].Number, p.firstParted(s)
	rest := max(parted, 1)
	p.begin(0, len(p.segments)-rest+1, parted)
	old := scroll.Inset{At: len(p.text), Piece: p.lines(s, id).Cut(first+1, first+uint64(parted), func(text []byte, n uint64) []byte {
		old := playlist{form: p.form, segments: p.segments, text: text}
		old.entry(int(n-first), false, parted)
		return old.text
	})}
	p.finish(s, id, rest, parted)
	return &scroll.Text{Fresh: p.text, Insets: []scroll.Inset{old}}
}

// update returns the text of the playlist without its first segments.
func (p *playlist) update(s *live.Snapshot, id media.TrackID, skipped int) []byte {
	parted := p.firstParted(s)
	p.begin(skipped, len(p.segments)-skipped, parted)
	p.finish(s, id, skipped+1, parted)
	return p.text
}

// lines returns those of the segments of the playlist that somebody asked for.
func (p *playlist) lines(s *live.Snapshot, id media.TrackID) *scroll.Scroll {
	return live.Lasting(s, linesKey{id, p.form}, func() *scroll.Scroll { return new(scroll.Scroll) })
}

type linesKey struct {
	id   media.TrackID
	form Form
}

// firstParted returns the index of the first finished segment that is listed with its parts.
func (p *playlist) firstParted(s *live.Snapshot) int {
	if p.part > 0 && !s.Ended {
		return p.parted()
	}
	return len(p.segments)
}

// begin writes the playlist with the first segment that is not skipped, and has room for so many.
func (p *playlist) begin(skipped, segments, parted int) {
	p.text = make([]byte, 0, p.room(segments, parted))
	p.head(skipped)
	p.entry(skipped, true, parted)
}

// entry writes what is listed of a finished segment.
func (p *playlist) entry(i int, first bool, parted int) {
	seg := &p.segments[i]
	p.lead(seg, p.before(i), first)
	if i >= parted {
		p.parts(seg)
	}
	p.segment(seg)
}

// finish writes the playlist from a segment on.
func (p *playlist) finish(s *live.Snapshot, id media.TrackID, from, parted int) {
	for i := from; i < len(p.segments); i++ {
		p.entry(i, false, parted)
	}
	if p.growing != nil {
		p.lead(p.growing, p.before(len(p.segments)), false)
		p.parts(p.growing)
	} else if last := p.before(len(p.segments)); p.part > 0 {
		p.discontinuities(last, last.Next)
	}
	if s.Ended {
		p.add("#EXT-X-ENDLIST\n")
	} else if p.part > 0 {
		p.tail(s, id)
	}
}

// room returns about how long the text of so many segments becomes, with all parts and what is in
// front of them and behind.
func (p *playlist) room(segments, parted int) int {
	const head, segment, part = 640, 128, 80
	n := head + segment*segments
	for i := parted; i < len(p.segments); i++ {
		n += part * len(p.segments[i].Parts)
	}
	if p.growing != nil {
		n += part * len(p.growing.Parts)
	}
	return n
}

func (p *playlist) add(text string) { p.text = append(p.text, text...) }

func (p *playlist) number(n uint64) { p.text = strconv.AppendUint(p.text, n, 10) }

// head writes the tags of the whole playlist, which stand before its segments.
func (p *playlist) head(skipped int) {
	version := uint64(6) // EXT-X-MAP in a playlist of more than I frames
	switch {
	case p.form == TS:
		version = 3 // EXTINF with a fraction
	case p.part > 0:
		version = 9 // EXT-X-SKIP, which is in updates only: the version is the same in both
	}
	p.add("#EXTM3U\n#EXT-X-VERSION:")
	p.number(version)
	p.add("\n#EXT-X-TARGETDURATION:")
	p.number(uint64(p.target / time.Second))
	if p.part > 0 {
		p.control()
	}
	p.add("\n#EXT-X-MEDIA-SEQUENCE:")
	p.number(p.segments[0].Number)
	p.add("\n#EXT-X-DISCONTINUITY-SEQUENCE:")
	p.number(p.segments[0].Period.Sequence)
	p.add("\n")
	if p.independent() {
		p.add("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	if p.form == IFrames {
		p.add("#EXT-X-I-FRAMES-ONLY\n")
	}
	if skipped > 0 {
		p.add("#EXT-X-SKIP:SKIPPED-SEGMENTS=")
		p.number(uint64(skipped))
		p.add("\n")
	}
}

// independent reports whether all segments begin with a sample that a decoder can start at, and need none
// before them. Those of HEVC may have pictures that are shown first and do (CRA, RASL): that is not looked at.
func (p *playlist) independent() bool {
	open := func(seg live.Segment) bool { return seg.Header != nil && seg.Header.Track.Codec == media.HEVC }
	if p.form != IFrames && len(p.segments) > 0 && open(p.segments[len(p.segments)-1]) {
		return false
	}
	for i := 0; i < len(p.segments) && !p.all; i++ {
		if !p.segments[i].Independent && !p.segments[i].Gap {
			return false
		}
	}
	return p.growing == nil || p.growing.Independent
}

// before returns the segment before the i-th, nil if that is not listed.
func (p *playlist) before(i int) *live.Segment {
	if i == 0 {
		return nil
	}
	return &p.segments[i-1]
}

// lead writes the tags that stand before a segment and before its parts. A
// rendition that was not there in a period has the discontinuities of others,
// so that matching content has matching numbers (RFC 8216bis 6.2.4).
//
// EXT-X-MAP applies to all that follows it. The first segment of an update has
// one although the player knows it from a segment that was left out: there are
// players that look for it in the update only.
func (p *playlist) lead(seg, before *live.Segment, first bool) {
	p.discontinuities(before, seg.Period.Sequence)
	if p.form != TS && (first || seg.Header != before.Header) {
		p.add("#EXT-X-MAP:URI=\"")
		p.add(seg.Header.Name)
		p.add(".mp4\"\n")
	}
	p.add("#EXT-X-PROGRAM-DATE-TIME:")
	p.text = appendDateTime(p.text, (seg.Start + seg.Offset).Time(seg.Timescale()))
	p.add("\n")
}

// discontinuities writes what stands between a segment, if there is one, and the next
// one in the period of a sequence number. It is written as soon as that is known, if
// need be at the end of the playlist: a player that has the parts of a segment that
// ended (hls.js 1.6) knows of the next one, too, and takes it to be of the same
// period otherwise.
func (p *playlist) discontinuities(before *live.Segment, next uint64) {
	for ; before != nil && next > before.Period.Sequence; next-- {
		p.add("#EXT-X-DISCONTINUITY\n")
	}
}

// segment writes what is said of a finished segment. One without a key frame to begin with is a
// gap in a playlist of those, so that all playlists count alike.
func (p *playlist) segment(seg *live.Segment) {
	keyless := p.form == IFrames && seg.KeySize == 0
	if seg.Gap || keyless {
		p.add("#EXT-X-GAP\n")
	}
	p.add("#EXTINF:")
	p.text = appendSeconds(p.text, length(seg))
	p.add(",\n")
	if p.form == IFrames && !seg.Gap && !keyless {
		p.add("#EXT-X-BYTERANGE:")
		p.number(uint64(seg.KeySize))
		p.add("@0\n")
	}
	p.add(seg.Name)
	if p.form == TS {
		p.add(".ts\n")
	} else {
		p.add(".m4s\n")
	}
}
