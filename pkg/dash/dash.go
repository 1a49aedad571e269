// Package dash writes MPEG-DASH manifests (ISO/IEC 23009-1) from snapshots. It
// is pure: the same snapshot gives the same bytes.
//
// Media time counts from the Unix epoch and so does a presentation on air, whose
// availabilityStartTime is the epoch itself: a segment's $Time$ is its decode
// time, its wall-clock time and its name. The time of one that has ended counts
// from the first media that are listed.
package dash

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
)

const (
	// delayed is how many target durations a player stays behind the live
	// edge.
	delayed = 3

	// refresh is how often a player looks for new segments at least.
	refresh = 2 * time.Second

	dateTime = "2006-01-02T15:04:05.000Z07:00"
)

// MPD returns the manifest of complete segments (SegmentTimeline, $Time$), nil
// until there is something to play. prefix is put before every URL; it is ""
// where the manifest is served from the presentation's own folder. The clock
// that UTCTiming names is the resource "time" beside the manifest's media.
func MPD(s *live.Snapshot, prefix string) *scroll.Text {
	spans := listed(s)
	if len(spans) == 0 {
		return nil
	}
	b := begun()
	writeRoot(b, s, spans)
	for i := range spans {
		writePeriod(b, s, spans, i, prefix)
	}
	if !s.Ended {
		b.WriteString("  " + clock(prefix) + "\n")
	}
	b.WriteString("</MPD>\n")
	return b.text()
}

// A draft is a manifest as far as it is written.
type draft struct {
	bytes.Buffer
	insets []scroll.Inset
}

// begun returns a manifest of which only the first line is written.
func begun() *draft {
	b := new(draft)
	b.Grow(4096)
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	return b
}

// insert writes lines that are kept.
func (b *draft) insert(lines scroll.Piece) {
	if len(lines.Text) > 0 {
		b.insets = append(b.insets, scroll.Inset{At: b.Len(), Piece: lines})
	}
}

func (b *draft) text() *scroll.Text { return &scroll.Text{Fresh: b.Bytes(), Insets: b.insets} }

// clock returns the element that names the clock media time counts by.
func clock(prefix string) string {
	return `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="` + prefix + `time"/>`
}

// listed returns the periods with media in them, and in each the renditions
// with media. A period leaves when its end leaves the time shift buffer: players
// stumble over what is older, also when little came after it.
func listed(s *live.Snapshot) []live.Span {
	all := s.Spans()
	for len(all) > 1 && leaves(all[0]) {
		all = all[1:]
	}
	var spans []live.Span
	for _, span := range all {
		span.Tracks = slices.DeleteFunc(span.Tracks, empty)
		if len(span.Tracks) > 0 {
			spans = append(spans, span)
		}
	}
	for i := len(spans) - 1; i >= 0; i-- {
		if s.Ended || i < len(spans)-1 {
			spans = slices.Replace(spans, i, i+1, parts(spans[i])...)
		}
	}
	oldest := time.Duration(s.Published.Add(-window(s)).UnixNano())
	for !s.Ended && len(spans) > 1 && common(spans[0]).end < oldest {
		spans = spans[1:]
	}
	return spans
}

// leaves reports whether a track of the oldest period has no media in it any more. No
// set may leave a period, so the others leave with it.
func leaves(oldest live.Span) bool {
	return slices.ContainsFunc(oldest.Tracks, func(l live.Listed) bool { return empty(l) && l.Rendition.Left == oldest.Period })
}

// empty reports whether there are no media.
func empty(l live.Listed) bool { return newest(l) == nil }

// newest returns the newest segment with media, nil if there is none.
func newest(l live.Listed) *live.Segment {
	for seg := range l.Media() {
		return seg
	}
	return nil
}

// oldest returns the oldest segment with media. There must be one.
func oldest(l live.Listed) *live.Segment {
	if i := slices.IndexFunc(l.Segments, played); i >= 0 {
		return &l.Segments[i]
	}
	return l.Growing
}

// window returns how far back a player may go.
func window(s *live.Snapshot) time.Duration { return max(s.Window, delayed*s.Targets.Segment) }

// writeRoot writes the MPD's attributes. An ended presentation is static: there
// is nothing to wait for.
func writeRoot(b *draft, s *live.Snapshot, spans []live.Span) {
	b.WriteString(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"`)
	if s.Ended {
		fmt.Fprintf(b, ` type="static" mediaPresentationDuration="%s"`, duration(common(spans[len(spans)-1]).end-zero(s, spans)))
	} else {
		fmt.Fprintf(b, ` type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="%s"`, s.Published.UTC().Format(dateTime))
		behind := delay(s, delayed*s.Targets.Segment, stretches(s, slices.Values(spans)))
		fmt.Fprintf(b, ` minimumUpdatePeriod="%s" timeShiftBufferDepth="%s" suggestedPresentationDelay="%s"`,
			duration(min(refresh, s.Targets.Segment)), duration(window(s)), duration(behind))
	}
	fmt.Fprintf(b, ` maxSegmentDuration="%s" minBufferTime="%s">`+"\n", duration(s.Targets.Segment+time.Second), duration(s.Targets.Segment))
}

// zero returns when the time of the presentation begins, since the epoch. Of one
// that has ended that is when the listed media do: a static presentation begins at 0
// (DASH-IF timing model 8.1), which is where a player begins that joins.
func zero(s *live.Snapshot, spans []live.Span) time.Duration {
	if s.Ended {
		return start(s, spans, 0)
	}
	return 0
}

// start returns when a period begins, since the epoch. The first one of a
// presentation on air began with the epoch: it needs no offset between media
// and presentation time. When that has ended, the first one listed begins with its
// media.
func start(s *live.Snapshot, spans []live.Span, i int) time.Duration {
	switch p := spans[i].Period; {
	case s.Ended && i == 0:
		return begin(spans[i]).Truncate(time.Millisecond)
	case p.Sequence == 0 && p.Rest == 0:
		return 0
	default:
		return time.Duration(p.Start.UnixMilli()) * time.Millisecond
	}
}

// begin returns when the listed media of a period begin, since the epoch: with the
// segments of which each rendition has some. What is shown before a period begins is
// dropped, and all that needs it (ISO/IEC 23009-1 7.2.1), so none of them is later.
func begin(span live.Span) time.Duration {
	all := common(span).begin
	first := all
	for _, t := range span.Tracks {
		for _, seg := range t.Segments {
			if played(seg) && seg.From() <= all && seg.To() > all {
				first = min(first, seg.From())
			}
		}
	}
	return first
}

// played reports whether a segment has media.
func played(seg live.Segment) bool { return !seg.Gap }

// A period is a span and how it is written.
type period struct {
	live.Span
	snapshot *live.Snapshot
	start    time.Duration // in media time, since the epoch
	prefix   string        // of URLs
	grid     *grid         // by which segments are named, nil where they are listed
}

func writePeriod(b *draft, s *live.Snapshot, spans []live.Span, i int, prefix string) {
	p := period{Span: spans[i], snapshot: s, start: start(s, spans, i), prefix: prefix}
	fmt.Fprintf(b, `  <Period id="%s" start="%s"`, p.name(s), duration(p.start-zero(s, spans)))
	if s.Ended || i < len(spans)-1 {
		stop := common(p.Span).end
		if i < len(spans)-1 {
			stop = min(stop, start(s, spans, i+1))
		}
		fmt.Fprintf(b, ` duration="%s"`, duration(max(stop-p.start, 0)))
	}
	b.WriteString(">\n")
	p.writeSets(b)
	b.WriteString("  </Period>\n")
}

// name returns the Period's id. It is another one in a presentation that has ended:
// no id has two @start (DASH-IF timing model, MPD updates).
func (p period) name(s *live.Snapshot) string {
	kind := "p"
	if s.Ended {
		kind = "s" // static
	}
	id := kind + strconv.FormatUint(p.Sequence, 10)
	if p.Rest > 0 {
		id += "-" + strconv.FormatUint(p.Rest, 10)
	}
	return id
}

// writeSets writes the AdaptationSets. In one of them are the renditions between which a
// player may switch by itself: those of video in one codec and range. Each track of audio is one.
func (p period) writeSets(b *draft) {
	var sets [][]live.Listed
	for _, l := range p.Tracks {
		i := slices.IndexFunc(sets, func(set []live.Listed) bool {
			t := set[0].Header.Track
			other := l.Header.Track
			return t.ID.Kind == media.Video && t.Codec == other.Codec && t.Color.Transfer == other.Color.Transfer
		})
		if i < 0 {
			sets = append(sets, []live.Listed{l})
		} else {
			sets[i] = append(sets[i], l)
		}
	}
	for _, tracks := range sets {
		slices.SortStableFunc(tracks, func(a, b live.Listed) int { return cmp.Compare(a.Header.Track.ID.Index, b.Header.Track.ID.Index) })
	}
	heard := false
	for _, tracks := range sets {
		audio := tracks[0].Header.Track.ID.Kind == media.Audio
		p.writeSet(b, tracks, audio && heard)
		heard = heard || audio
	}
	for _, tracks := range sets {
		if p.grid == nil && tracks[0].Header.Track.ID.Kind == media.Video {
			p.writeStills(b, tracks)
		}
	}
}

// setID returns the @id of the AdaptationSet that begins with a track: odd numbers are of
// video.
func setID(first live.Listed) int {
	id := first.Header.Track.ID
	return int(id.Kind) + 2*int(id.Index)
}

func (p period) writeSet(b *draft, tracks []live.Listed, alternate bool) {
	first := tracks[0].Header.Track
	kind, attributes, role := first.ID.Kind, "", "main"
	if kind == media.Audio {
		attributes = ` lang="` + cmp.Or(first.Title.Language, "und") + `"`
	}
	if !slices.ContainsFunc(tracks, func(l live.Listed) bool { return !l.Independent() }) {
		attributes += fmt.Sprintf(` startWithSAP="%d"`, accessPoint(first.Codec))
	}
	fmt.Fprintf(b, "    <AdaptationSet id=\"%d\"%s contentType=\"%s\" mimeType=\"%s/mp4\" segmentAlignment=\"true\">\n", setID(tracks[0]), attributes, kind, kind)
	writeColors(b, first.Color)
	if p.grid != nil {
		p.writeLink(b, tracks[0])
	}
	if first.Title.Name != "" && kind == media.Audio {
		b.WriteString("      <Label>")
		_ = xml.EscapeText(b, []byte(first.Title.Name)) // to memory
		b.WriteString("</Label>\n")
	}
	if p.grid != nil {
		p.writeReference(b, tracks[0])
	}
	if alternate {
		role = "alternate"
	}
	fmt.Fprintf(b, "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"%s\"/>\n", role)
	for _, t := range tracks {
		p.writeRepresentation(b, t)
	}
	b.WriteString("    </AdaptationSet>\n")
}

// accessPoint returns the type of stream access point (ISO/IEC 14496-12 annex I) that key frames
// have, or a lower one: those of HEVC may be followed by pictures that are shown before them
// and cannot be decoded without what was in front.
func accessPoint(c media.Codec) int {
	if c == media.HEVC {
		return 3
	}
	return 1
}

// writeColors says of pictures in high dynamic range that they are that (ISO/IEC 23091-2).
func writeColors(b *draft, c media.Color) {
	if c.Transfer != media.TransferPQ && c.Transfer != media.TransferHLG {
		return
	}
	const scheme = `schemeIdUri="urn:mpeg:mpegB:cicp:`
	fmt.Fprintf(b, "      <SupplementalProperty %sColourPrimaries\" value=\"%d\"/>\n", scheme, c.Primaries)
	fmt.Fprintf(b, "      <SupplementalProperty %sTransferCharacteristics\" value=\"%d\"/>\n", scheme, c.Transfer)
	fmt.Fprintf(b, "      <SupplementalProperty %sMatrixCoefficients\" value=\"%d\"/>\n", scheme, c.Matrix)
}

func (p period) writeRepresentation(b *draft, l live.Listed) {
	t := l.Header.Track
	fmt.Fprintf(b, `      <Representation id="%s" codecs="%s" bandwidth="%d"`, t.ID, t.Codecs, max(l.Rendition.Bandwidth, 1))
	switch t.ID.Kind {
	case media.Video:
		writePicture(b, t)
		if rate := l.FrameRate(); rate.Known() {
			b.WriteString(` frameRate="` + fraction(rate) + `"`)
		}
		b.WriteString(">\n")
	case media.Audio:
		fmt.Fprintf(b, ` audioSamplingRate="%d">`+"\n", t.SampleRate)
		if layout := channelConfiguration(t.Channels); layout > 0 {
			fmt.Fprintf(b, "        <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"%d\"/>\n", layout)
		}
	}
	if p.grid != nil {
		p.writeNumbers(b, l)
	} else {
		p.writeTemplate(b, l, "")
	}
	b.WriteString("      </Representation>\n")
}

// channelConfiguration returns the ChannelConfiguration (ISO/IEC 23091-3 table 9) that so many channels have
// as a rule, 0 if there is none.
func channelConfiguration(channels int) int {
	switch {
	case channels >= 1 && channels <= 6:
		return channels
	case channels == 7:
		return 11 // 6.1
	case channels == 8:
		return 12 // 7.1
	case channels == 24:
		return 13 // 22.2
	}
	return 0
}

// writePicture writes the attributes that say how large the picture is.
func writePicture(b *draft, t media.Track) {
	fmt.Fprintf(b, ` width="%d" height="%d" sar="%d:%d"`, t.CodedWidth, t.CodedHeight, max(t.SampleAspect.Num, 1), max(t.SampleAspect.Den, 1))
}

func fraction(r media.Ratio) string {
	if r.Den == 1 {
		return strconv.Itoa(int(r.Num))
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

// writeTemplate lists the segments of a rendition, or another series of resources in their place.
func (p period) writeTemplate(b *draft, l live.Listed, series string) {
	t := l.Header.Track
	fmt.Fprintf(b, `        <SegmentTemplate timescale="%d"`, t.Timescale)
	if offset := media.TicksOf(p.start, t.Timescale); offset != 0 {
		fmt.Fprintf(b, ` presentationTimeOffset="%d"`, offset)
	}
	folder := p.prefix + t.ID.String() + "/"
	fmt.Fprintf(b, " initialization=\"%s.mp4\" media=\"%s$Time$.m4s\">\n          <SegmentTimeline>\n", folder+l.Header.Name, folder+series)
	if _, all := l.Keyed(); series == stills && !all {
		writeKeyed(b, l.Segments)
	} else {
		p.writeTimeline(b, l)
	}
	b.WriteString("          </SegmentTimeline>\n        </SegmentTemplate>\n")
}

// duration returns d as an xs:duration in seconds, to the millisecond.
func duration(d time.Duration) string {
	ms := d.Milliseconds()
	text := "PT" + strconv.FormatInt(ms/1000, 10)
	if ms%1000 != 0 {
		text += fmt.Sprintf(".%03d", ms%1000)
	}
	return text + "S"
}
