package hls

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	ladder := byKind(slices.DeleteFunc(spans[len(spans)-1].Tracks, func(l live.Listed) bool { return l.Rendition.Gone && !s.Ended }))
	if form == TS {
		ladder.audio = together(ladder.audio)
	}
	var b bytes.Buffer
	b.WriteString("#EXTM3U\n")
	if ladder.named(form) {
		for i, group := range ladder.audio {
			writeAudioGroup(&b, groupID(i), form, group, prefix)
		}
	}
	for _, v := range ladder.variants(form) {
		v.write(&b, form, prefix)
	}
	if form == CMAF {
		for _, v := range ladder.video {
			writeIFrames(&b, v, prefix)
		}
	}
	return b.Bytes()
}

// A ladder is the tracks of a presentation by what they are for.
type ladder struct {
	video []live.Listed
	audio [][]live.Listed // groups, which have the same members each (RFC 8216bis 4.4.6.1.1)
}

// byKind sorts tracks. Audio of each codec is a group of its own, as a player may know one and not the other,
// where all codecs have the same to listen to, or else all of it is one.
func byKind(tracks []live.Listed) ladder {
	var l ladder
	var audio []live.Listed
	for _, t := range tracks {
		if t.Header.Track.ID.Kind == media.Video {
			l.video = append(l.video, t)
			continue
		}
		audio = append(audio, t)
		i := slices.IndexFunc(l.audio, func(group []live.Listed) bool { return group[0].Header.Track.Codec == t.Header.Track.Codec })
		if i < 0 {
			i, l.audio = len(l.audio), append(l.audio, nil)
		}
		l.audio[i] = append(l.audio[i], t)
	}
	for _, group := range l.audio {
		if !slices.EqualFunc(group, l.audio[0], alike) {
			l.audio = [][]live.Listed{audio}
			break
		}
	}
	slices.SortStableFunc(l.video, func(a, b live.Listed) int { return cmp.Compare(a.Header.Track.ID.Index, b.Header.Track.ID.Index) })
	return l
}

// alike reports whether people would take two tracks for the same.
func alike(a, b live.Listed) bool { return a.Header.Track.Title == b.Header.Track.Title }

// together makes one group of all: in MPEG-TS the first track of audio is in the segments of each of video,
// whatever the group.
func together(groups [][]live.Listed) [][]live.Listed {
	if len(groups) == 0 {
		return nil
	}
	all := slices.Concat(groups...)
	slices.SortStableFunc(all, func(a, b live.Listed) int { return cmp.Compare(a.Header.Track.ID.Index, b.Header.Track.ID.Index) })
	return [][]live.Listed{all}
}

// named reports whether groups of audio have names in a form: as playlists of their own, or since there is
// a choice.
func (l ladder) named(form Form) bool { return form == CMAF && len(l.video) > 0 || l.choice() }

// groupID returns the name of a group of audio.
func groupID(i int) string {
	if i == 0 {
		return "audio"
	}
	return "audio-" + strconv.Itoa(i+1)
}

// choice reports whether there are several tracks of one group to listen to.
func (l ladder) choice() bool {
	return slices.ContainsFunc(l.audio, func(group []live.Listed) bool { return len(group) > 1 })
}

// A variant is one choice for the player: a video rendition and the audio
// heard with it, or one of both by itself.
type variant struct {
	video *live.Listed  // nil: audio only
	audio []live.Listed // one of which is heard
	group string        // of audio, "" if it has no name
}

// variants returns those of a form: each video rendition with each group of audio, and
// behind them audio by itself, for networks that bear no more.
func (l ladder) variants(form Form) []variant {
	var pictures, sounds []variant
	for i, group := range l.audio {
		v := variant{audio: group}
		if l.named(form) {
			v.group = groupID(i)
		}
		sounds = append(sounds, v)
		for i := range l.video {
			v.video = &l.video[i]
			pictures = append(pictures, v)
		}
	}
	for i := range l.video {
		if len(l.audio) == 0 {
			pictures = append(pictures, variant{video: &l.video[i]})
		}
	}
	return append(pictures, sounds...)
}

// writeAudioGroup names the tracks of a group. In MPEG-TS the first one has no playlist: it is in those of the
// variants.
func writeAudioGroup(b *bytes.Buffer, id string, form Form, audio []live.Listed, prefix string) {
	names := namesOf(audio)
	file := "/index.m3u8"
	if form == TS {
		file = "/ts.m3u8"
	}
	for i, a := range audio {
		t := a.Header.Track
		said := slices.ContainsFunc(audio[:i], func(other live.Listed) bool { return other.Header.Track.Title.Language == t.Title.Language })
		fmt.Fprintf(b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=%q,NAME=\"%s\",DEFAULT=%s,AUTOSELECT=%s", id, names[i], yes(i == 0), yes(!said))
		if t.Title.Language != "" {
			fmt.Fprintf(b, ",LANGUAGE=%q", t.Title.Language)
		}
		if t.Channels > 0 {
			fmt.Fprintf(b, ",CHANNELS=\"%d\"", t.Channels)
		}
		if form == CMAF || i > 0 {
			fmt.Fprintf(b, ",URI=%q", prefix+t.ID.String()+file)
		}
		b.WriteByte('\n')
	}
}

func yes(is bool) string {
	if is {
		return "YES"
	}
	return "NO"
}

// namesOf returns the names of tracks, of which no two are the same.
func namesOf(group []live.Listed) []string {
	var names []string
	for i, l := range group {
		title := l.Header.Track.Title
		own := cmp.Or(strings.ReplaceAll(title.Name, `"`, "'"), title.Language, "Audio")
		name := own
		for n := i + 1; slices.Contains(names, name); n++ {
			name = own + " " + strconv.Itoa(n)
		}
		names = append(names, name)
	}
	return names
}

func (v variant) write(b *bytes.Buffer, form Form, prefix string) {
	var main media.Track
	var bandwidth, average int
	var codecs []string
	if len(v.audio) > 0 {
		most := slices.MaxFunc(v.audio, func(a, b live.Listed) int { return a.Rendition.Bandwidth - b.Rendition.Bandwidth })
		main, bandwidth, average = v.audio[0].Header.Track, most.Rendition.Bandwidth, most.Rendition.Average
		codecs = spoken(form, v.audio)
		if form == TS && len(v.audio) > 1 { // which comes beside the first one
			bandwidth, average = bandwidth+v.audio[0].Rendition.Bandwidth, average+v.audio[0].Rendition.Average
		}
	}
	if v.video != nil {
		main, bandwidth, average = v.video.Header.Track, bandwidth+v.video.Rendition.Bandwidth, average+v.video.Rendition.Average
		codecs = slices.Insert(codecs, 0, codecsIn(form, main))
	}
	file := "/index.m3u8"
	if form == TS {
		bandwidth, average, file = inTS(bandwidth), inTS(average), "/ts.m3u8"
	}
	bandwidth = max(bandwidth, 1) // a stream of gaps has none
	fmt.Fprintf(b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=%q", bandwidth, average, strings.Join(codecs, ","))
	if v.video != nil {
		writePicture(b, main)
		if rate := v.video.FrameRate(); rate.Known() {
			b.WriteString(",FRAME-RATE=" + strconv.FormatFloat(rate.Float(), 'f', 3, 64))
		}
	}
	if v.group != "" {
		fmt.Fprintf(b, ",AUDIO=%q", v.group)
	}
	b.WriteString("\n" + prefix + main.ID.String() + file + "\n")
}

// writeIFrames offers the key frames of a rendition, for fast forward and for previews.
func writeIFrames(b *bytes.Buffer, video live.Listed, prefix string) {
	t, bandwidth := video.Header.Track, video.Rendition.KeyBandwidth
	if bandwidth == 0 {
		return
	}
	fmt.Fprintf(b, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=%d,CODECS=%q", bandwidth, t.Codecs)
	writePicture(b, t)
	fmt.Fprintf(b, ",URI=%q\n", prefix+t.ID.String()+"/iframes.m3u8")
}

// writePicture writes the attributes that say what the picture is like.
func writePicture(b *bytes.Buffer, t media.Track) {
	if t.Width > 0 && t.Height > 0 {
		fmt.Fprintf(b, ",RESOLUTION=%dx%d", t.Width, t.Height)
	}
	switch t.Color.Transfer {
	case media.TransferPQ:
		b.WriteString(",VIDEO-RANGE=PQ")
	case media.TransferHLG:
		b.WriteString(",VIDEO-RANGE=HLG")
	}
}

// spoken returns the codec strings of audio, each once.
func spoken(form Form, audio []live.Listed) []string {
	var all []string
	for _, a := range audio {
		if codecs := codecsIn(form, a.Header.Track); !slices.Contains(all, codecs) {
			all = append(all, codecs)
		}
	}
	return all
}

// codecsIn returns the codec string of a track in a form. MP3 in a transport stream goes by its
// name in MPEG-4: players know no other there (Apple's HLS authoring specification).
func codecsIn(form Form, t media.Track) string {
	if form == TS && t.Codec == media.MP3 {
		return "mp4a.40.34"
	}
	return t.Codecs
}

// inTS returns the bit rate that media of a rate in CMAF have as MPEG-TS: a
// header of 4 bytes in each packet of 188, and stuffing, take a thirtieth;
// the headers of some forty PES packets a second and the padding of segments
// take the rest, whatever the rate.
func inTS(rate int) int { return rate + rate/30 + 50_000 }
