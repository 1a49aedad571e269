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
	"fmt"
	"slices"
	"strconv"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
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
func MPD(s *live.Snapshot, prefix string) []byte {
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
	return b.Bytes()
}

// begun returns a manifest of which only the first line is written.
func begun() *bytes.Buffer {
	b := bytes.NewBuffer(make([]byte, 0, 4096))
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	return b
}

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
	oldest := time.Duration(s.Published.Add(-window(s)).UnixNano())
	for !s.Ended && len(spans) > 1 && end(spans[0]) < oldest {
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
func empty(l live.Listed) bool {
	return !slices.ContainsFunc(l.Segments, played)
}

// window returns how far back a player may go.
func window(s *live.Snapshot) time.Duration { return max(s.Window, delayed*s.Targets.Segment) }

// writeRoot writes the MPD's attributes. An ended presentation is static: there
// is nothing to wait for.
func writeRoot(b *bytes.Buffer, s *live.Snapshot, spans []live.Span) {
	b.WriteString(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"`)
	if s.Ended {
		fmt.Fprintf(b, ` type="static" mediaPresentationDuration="%s"`, duration(end(spans[len(spans)-1])-zero(s, spans)))
	} else {
		fmt.Fprintf(b, ` type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime="%s"`, s.Published.UTC().Format(dateTime))
		fmt.Fprintf(b, ` minimumUpdatePeriod="%s" timeShiftBufferDepth="%s" suggestedPresentationDelay="%s"`,
			duration(min(refresh, s.Targets.Segment)), duration(window(s)), duration(min(delayed*s.Targets.Segment, window(s)-s.Targets.Segment)))
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
	case p.Sequence == 0:
		return 0
	default:
		return time.Duration(p.Start.UnixMilli()) * time.Millisecond
	}
}

// begin returns when the listed media of a period begin, since the epoch: with the
// segments of which each rendition has some. What is shown before a period begins is
// dropped, and all that needs it (ISO/IEC 23009-1 7.2.1), so none of them is later.
func begin(span live.Span) time.Duration {
	all := time.Duration(0)
	for _, t := range span.Tracks {
		all = max(all, t.Segments[slices.IndexFunc(t.Segments, played)].From())
	}
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

// end returns when the media of a period end, since the epoch, in all of its
// renditions.
func end(span live.Span) time.Duration {
	var first time.Duration
	for i, t := range span.Tracks {
		seg := last(t.Segments)
		if at := seg.To(); i == 0 || at < first {
			first = at
		}
	}
	return first
}

// last returns the newest segment with media. There must be one.
func last(segments []live.Segment) live.Segment {
	for _, seg := range slices.Backward(segments) {
		if !seg.Gap {
			return seg
		}
	}
	return live.Segment{}
}

// A period is a span and how it is written.
type period struct {
	live.Span
	start  time.Duration // in media time, since the epoch
	prefix string        // of URLs
	grid   *grid         // by which segments are named, nil where they are listed
}

func writePeriod(b *bytes.Buffer, s *live.Snapshot, spans []live.Span, i int, prefix string) {
	p := period{Span: spans[i], start: start(s, spans, i), prefix: prefix}
	fmt.Fprintf(b, `  <Period id="%s" start="%s"`, p.name(s), duration(p.start-zero(s, spans)))
	if s.Ended || i < len(spans)-1 {
		stop := end(p.Span)
		if i < len(spans)-1 {
			stop = min(stop, start(s, spans, i+1))
		}
		fmt.Fprintf(b, ` duration="%s"`, duration(max(stop-p.start, 0)))
	}
	b.WriteString(">\n")
	p.writeSet(b, media.Video, ` id="1"`)
	p.writeSet(b, media.Audio, ` id="2" lang="und"`)
	b.WriteString("  </Period>\n")
}

// name returns the Period's id. It is another one in a presentation that has ended:
// no id has two @start (DASH-IF timing model, MPD updates).
func (p period) name(s *live.Snapshot) string {
	kind := "p"
	if s.Ended {
		kind = "s" // static
	}
	return kind + strconv.FormatUint(p.Sequence, 10)
}

// writeSet writes the AdaptationSet of one kind of media, if there is any.
func (p period) writeSet(b *bytes.Buffer, kind media.Kind, attributes string) {
	tracks := slices.DeleteFunc(slices.Clone(p.Tracks), func(l live.Listed) bool { return l.Header.Track.ID.Kind != kind })
	if len(tracks) == 0 {
		return
	}
	if !slices.ContainsFunc(tracks, dependent) {
		attributes += ` startWithSAP="1"`
	}
	fmt.Fprintf(b, "    <AdaptationSet%s contentType=\"%s\" mimeType=\"%s/mp4\" segmentAlignment=\"true\">\n", attributes, kind, kind)
	if p.grid != nil {
		p.writeLink(b, tracks[0])
		p.writeReference(b, tracks[0])
	}
	b.WriteString("      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n")
	for _, t := range tracks {
		p.writeRepresentation(b, t)
	}
	b.WriteString("    </AdaptationSet>\n")
}

// dependent reports whether a segment is listed that no player can start with.
func dependent(l live.Listed) bool {
	return slices.ContainsFunc(l.Segments, func(seg live.Segment) bool { return !seg.Independent && !seg.Gap })
}

func (p period) writeRepresentation(b *bytes.Buffer, l live.Listed) {
	t := l.Header.Track
	fmt.Fprintf(b, `      <Representation id="%s" codecs="%s" bandwidth="%d"`, t.ID, t.Codecs, max(l.Rendition.Bandwidth, 1))
	switch t.ID.Kind {
	case media.Video:
		fmt.Fprintf(b, ` width="%d" height="%d" sar="%d:%d"`, t.CodedWidth, t.CodedHeight, max(t.SampleAspect.Num, 1), max(t.SampleAspect.Den, 1))
		if rate := l.FrameRate(); rate.Known() {
			b.WriteString(` frameRate="` + fraction(rate) + `"`)
		}
		b.WriteString(">\n")
	case media.Audio:
		fmt.Fprintf(b, ` audioSamplingRate="%d">`+"\n", t.SampleRate)
		if t.Channels > 0 {
			fmt.Fprintf(b, "        <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"%d\"/>\n", t.Channels)
		}
	}
	if p.grid != nil {
		p.writeNumbers(b, l)
	} else {
		p.writeTemplate(b, l)
	}
	b.WriteString("      </Representation>\n")
}

func fraction(r media.Ratio) string {
	if r.Den == 1 {
		return strconv.Itoa(int(r.Num))
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

func (p period) writeTemplate(b *bytes.Buffer, l live.Listed) {
	t := l.Header.Track
	fmt.Fprintf(b, `        <SegmentTemplate timescale="%d"`, t.Timescale)
	if offset := media.TicksOf(p.start, t.Timescale); offset != 0 {
		fmt.Fprintf(b, ` presentationTimeOffset="%d"`, offset)
	}
	folder := p.prefix + t.ID.String() + "/"
	fmt.Fprintf(b, " initialization=\"%s.mp4\" media=\"%s$Time$.m4s\">\n          <SegmentTimeline>\n", folder+l.Header.Name, folder)
	writeTimeline(b, l.Segments)
	b.WriteString("          </SegmentTimeline>\n        </SegmentTemplate>\n")
}

// writeTimeline writes runs of equally long segments. Only the first run and
// one behind a gap say where they begin.
func writeTimeline(b *bytes.Buffer, segments []live.Segment) {
	var at media.Ticks
	for i := 0; i < len(segments); {
		seg := segments[i]
		if seg.Gap {
			i++
			continue
		}
		n := 1
		for i+n < len(segments) && continues(segments[i+n-1], segments[i+n]) {
			n++
		}
		b.WriteString("            <S")
		if seg.Start != at {
			fmt.Fprintf(b, ` t="%d"`, seg.Start)
		}
		fmt.Fprintf(b, ` d="%d"`, seg.Duration)
		if n > 1 {
			fmt.Fprintf(b, ` r="%d"`, n-1)
		}
		b.WriteString("/>\n")
		i += n
		at = segments[i-1].End()
	}
}

// continues reports whether b follows a at once and is as long.
func continues(a, b live.Segment) bool {
	return !b.Gap && b.Start == a.End() && b.Duration == a.Duration
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
