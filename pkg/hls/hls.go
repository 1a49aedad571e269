// Package hls writes HLS playlists (RFC 8216bis) from snapshots. It is pure:
// the same snapshot gives the same bytes.
package hls

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"sluice/pkg/codec"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A Form says how the media of a playlist are packed.
type Form uint8

// The forms in which segments are offered.
const (
	CMAF Form = iota // each rendition by itself, fragmented MP4
	TS               // video and audio together, MPEG-2 transport stream
)

// dateTime is ISO 8601 with exactly three digits of a second.
const dateTime = "2006-01-02T15:04:05.000Z07:00"

// Multivariant returns the multivariant playlist of a presentation, nil until
// there is something to play, or when its media cannot have that form. prefix
// is put before every URI; it is "" where the playlist is served from the
// presentation's own folder.
func Multivariant(s *live.Snapshot, form Form, prefix string) []byte {
	spans := s.Spans()
	if len(spans) == 0 || !offered(spans, form) {
		return nil
	}
	ladder := byKind(spans[len(spans)-1].Tracks)
	var b bytes.Buffer
	b.WriteString("#EXTM3U\n")
	if form == CMAF && len(ladder.video) > 0 {
		writeAudioGroup(&b, ladder.audio, prefix)
	}
	for _, v := range ladder.variants() {
		v.write(&b, form, prefix)
	}
	return b.Bytes()
}

// offered reports whether all that is listed can be packed in a form.
func offered(spans []live.Span, form Form) bool {
	for _, span := range spans {
		for _, h := range span.Headers {
			if form == TS && !fitsTS(h.Track) {
				return false
			}
		}
	}
	return true
}

// fitsTS reports whether a track can be carried in a transport stream, where
// each AAC frame has an ADTS header.
func fitsTS(t media.Track) bool {
	if t.Codec != media.AAC {
		return t.Codec == media.H264
	}
	config, err := codec.ParseAAC(t.Config)
	if err != nil {
		return false
	}
	_, err = config.ADTSHeader(0)
	return err == nil
}

// A ladder is the tracks of a presentation by what they are for.
type ladder struct {
	video, audio []live.Listed
}

func byKind(tracks []live.Listed) ladder {
	var l ladder
	for _, t := range tracks {
		if t.Header.Track.ID.Kind == media.Video {
			l.video = append(l.video, t)
		} else {
			l.audio = append(l.audio, t)
		}
	}
	return l
}

// A variant is one choice for the player: a video rendition and the audio
// heard with it, or audio by itself.
type variant struct {
	main  live.Listed
	audio *live.Listed // the largest of the audio group, nil if there is none
}

func (l ladder) variants() []variant {
	var all []variant
	for _, v := range l.video {
		all = append(all, variant{main: v, audio: largest(l.audio)})
	}
	if len(l.video) == 0 {
		for _, a := range l.audio {
			all = append(all, variant{main: a})
		}
	}
	return all
}

func largest(audio []live.Listed) *live.Listed {
	var found *live.Listed
	for i := range audio {
		if found == nil || audio[i].Rendition.Bandwidth > found.Rendition.Bandwidth {
			found = &audio[i]
		}
	}
	return found
}

func writeAudioGroup(b *bytes.Buffer, audio []live.Listed, prefix string) {
	for i, a := range audio {
		t := a.Header.Track
		name, isDefault := "Audio", "YES"
		if i > 0 {
			name, isDefault = "Audio "+strconv.Itoa(i+1), "NO"
		}
		fmt.Fprintf(b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=%q,DEFAULT=%s,AUTOSELECT=YES", name, isDefault)
		if t.Channels > 0 {
			fmt.Fprintf(b, ",CHANNELS=\"%d\"", t.Channels)
		}
		fmt.Fprintf(b, ",URI=%q\n", prefix+t.ID.String()+"/index.m3u8")
	}
}

func (v variant) write(b *bytes.Buffer, form Form, prefix string) {
	t := v.main.Header.Track
	bandwidth, average, codecs := v.main.Rendition.Bandwidth, v.main.Rendition.Average, t.Codecs
	if v.audio != nil {
		bandwidth += v.audio.Rendition.Bandwidth
		average += v.audio.Rendition.Average
		codecs += "," + v.audio.Header.Track.Codecs
	}
	file := "/index.m3u8"
	if form == TS {
		bandwidth, average, file = inTS(bandwidth), inTS(average), "/ts.m3u8"
	}
	bandwidth = max(bandwidth, 1) // a stream of gaps has none
	fmt.Fprintf(b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=%q", bandwidth, average, codecs)
	if t.ID.Kind == media.Video {
		if t.Width > 0 && t.Height > 0 {
			fmt.Fprintf(b, ",RESOLUTION=%dx%d", t.Width, t.Height)
		}
		if rate := v.main.FrameRate(); rate.Known() {
			b.WriteString(",FRAME-RATE=" + strconv.FormatFloat(rate.Float(), 'f', 3, 64))
		}
	}
	if form == CMAF && v.audio != nil {
		b.WriteString(",AUDIO=\"audio\"")
	}
	b.WriteString("\n" + prefix + t.ID.String() + file + "\n")
}

// inTS returns the bit rate that media of a rate in CMAF have as MPEG-TS: a
// header of 4 bytes in each packet of 188, and stuffing, take a thirtieth;
// the headers of some forty PES packets a second and the padding of segments
// take the rest, whatever the rate.
func inTS(rate int) int { return rate + rate/30 + 50_000 }

// Media returns the media playlist of a rendition, nil if the presentation has
// none such, or its media cannot have that form. Its URIs are relative to the
// rendition's folder. As MPEG-TS, video comes with the audio of the same time,
// and a segment is listed as soon as both are finished.
func Media(s *live.Snapshot, id media.TrackID, form Form) []byte {
	r := s.Rendition(id)
	if spans := s.Spans(); r == nil || len(spans) == 0 || !offered(spans, form) {
		return nil
	}
	segments := r.Segments
	for form == TS && len(segments) > 0 && !s.Ended && !paired(s, segments[len(segments)-1]) {
		segments = segments[:len(segments)-1]
	}
	return playlist(s, segments, form)
}

// paired reports whether all renditions have come to the end of a segment.
func paired(s *live.Snapshot, seg live.Segment) bool {
	for _, h := range seg.Period.Headers {
		r := s.Rendition(h.Track.ID)
		if r == nil || len(r.Segments) == 0 || r.Segments[len(r.Segments)-1].Number < seg.Number {
			return false
		}
	}
	return true
}

func playlist(s *live.Snapshot, segments []live.Segment, form Form) []byte {
	if len(segments) == 0 {
		return nil
	}
	b := bytes.NewBuffer(make([]byte, 0, 256+128*len(segments)))
	version := 6 // EXT-X-MAP in a playlist of more than I frames
	if form == TS {
		version = 3 // EXTINF with a fraction
	}
	fmt.Fprintf(b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n", version, int(s.Targets.Segment/time.Second))
	fmt.Fprintf(b, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", segments[0].Number, segments[0].Period.Sequence)
	if independent(segments) {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	for i := range segments {
		writeSegment(b, segments, i, form)
	}
	if s.Ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.Bytes()
}

func independent(segments []live.Segment) bool {
	for i := range segments {
		if !segments[i].Independent && !segments[i].Gap {
			return false
		}
	}
	return true
}

func writeSegment(b *bytes.Buffer, segments []live.Segment, i int, form Form) {
	seg := &segments[i]
	if i > 0 && seg.Period != segments[i-1].Period {
		b.WriteString("#EXT-X-DISCONTINUITY\n")
	}
	if form == CMAF && (i == 0 || seg.Header != segments[i-1].Header) {
		fmt.Fprintf(b, "#EXT-X-MAP:URI=%q\n", seg.Header.Name+".mp4")
	}
	b.WriteString("#EXT-X-PROGRAM-DATE-TIME:")
	b.Write((seg.Start + seg.Offset).Time(seg.Timescale()).AppendFormat(b.AvailableBuffer(), dateTime))
	if seg.Gap {
		b.WriteString("\n#EXT-X-GAP")
	}
	b.WriteString("\n#EXTINF:")
	b.Write(strconv.AppendFloat(b.AvailableBuffer(), seg.Duration.Seconds(seg.Timescale()), 'f', 5, 64))
	b.WriteString(",\n" + seg.Name + extension(form) + "\n")
}

func extension(form Form) string {
	if form == TS {
		return ".ts"
	}
	return ".m4s"
}
