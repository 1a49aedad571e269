package hls

import (
	"bytes"
	"fmt"
	"strconv"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

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
