package hls_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	v0   = media.TrackID{Kind: media.Video}
	a0   = media.TrackID{Kind: media.Audio}
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func video(codecs string, width, height int) *live.Header {
	return &live.Header{Name: codecs, Track: media.Track{
		ID: v0, Codec: media.H264, Timescale: 90000, Codecs: codecs,
		Width: width, Height: height, CodedWidth: width, CodedHeight: height,
	}}
}

// audio returns the header of an AAC track with the given AudioSpecificConfig.
func audio(name, codecs string, config ...byte) *live.Header {
	return &live.Header{Name: name, Track: media.Track{
		ID: a0, Codec: media.AAC, Timescale: 48000, Codecs: codecs, Config: config,
		SampleRate: 48000, Channels: 2, FrameTicks: 1024,
	}}
}

var (
	hd   = video("avc1.64001F", 1280, 720)
	sd   = video("avc1.42C01E", 640, 360)
	lc   = audio("aac", "mp4a.40.2", 0x11, 0x90)
	lc2  = audio("aac-new", "mp4a.40.2", 0x11, 0x90)
	hdr  = as(video("hvc1.2.4.L120.90", 3840, 2160), media.HEVC, media.TrackID{Kind: media.Video, Index: 2}, media.Color{Primaries: 9, Transfer: media.TransferPQ, Matrix: 9})
	rung = as(sd, media.H264, media.TrackID{Kind: media.Video, Index: 1}, media.Color{})
	fra  = as(lc, media.AAC, media.TrackID{Kind: media.Audio, Index: 1}, media.Color{})
	opus = as(audio("opus", "Opus"), media.Opus, media.TrackID{Kind: media.Audio, Index: 2}, media.Color{})
	f960 = audio("aac-960", "mp4a.40.2", 0x11, 0x94) // frameLengthFlag: no place in ADTS
)

// as returns a header as that of another track.
func as(h *live.Header, codec media.Codec, id media.TrackID, color media.Color) *live.Header {
	other := *h
	other.Track.Codec, other.Track.ID, other.Track.Color = codec, id, color
	return &other
}

// titled returns a header as that of a track with a title.
func titled(h *live.Header, language, name string) *live.Header {
	other := *h
	other.Track.Title = media.Title{Language: language, Name: name}
	return &other
}

// A show is a presentation in the making.
type show struct {
	*live.Presentation
	number uint64
	at     map[media.TrackID]time.Time // the end of each track
	period *live.Period
}

func newShow() *show {
	return &show{
		Presentation: live.New(live.Settings{App: "live", Name: "show", Window: 8 * time.Second, Started: noon}),
		number:       1000, at: map[media.TrackID]time.Time{},
	}
}

// begin starts a period at so many seconds after noon.
func (s *show) begin(sequence uint64, after float64, headers ...*live.Header) {
	start := noon.Add(time.Duration(after * float64(time.Second)))
	s.period = &live.Period{Sequence: sequence, Start: start, Headers: headers}
	for _, h := range headers {
		s.at[h.Track.ID] = start
	}
}

// add lists a segment of all tracks. Audio is cut at whole frames.
func (s *show) add(seconds float64, change func(*live.Segment)) {
	for _, h := range s.period.Headers {
		t := h.Track
		start := media.TicksAt(s.at[t.ID], t.Timescale)
		seg := live.Segment{
			Number: s.number, Period: s.period, Header: h, Start: start,
			Duration: media.Ticks(seconds * float64(t.Timescale)), Size: 500_000, Frames: int(seconds * 30), Independent: true,
		}
		if t.ID.Kind == media.Audio {
			seg.Duration, seg.Size, seg.Frames = (seg.Duration+1023)/1024*1024, 32_000, int(seg.Duration/1024)
		}
		seg.Name = strconv.Itoa(int(start))
		if change != nil {
			change(&seg)
		}
		if t.ID.Kind == media.Video && seg.Independent && !seg.Gap {
			seg.KeySize = 31_000 + int64(s.number)
		}
		s.at[t.ID] = seg.End().Time(t.Timescale)
		s.Add(t.ID, seg, live.Targets{Segment: 2 * time.Second}, s.at[t.ID])
	}
	s.number++
}

func (s *show) addMany(n int) *show {
	for range n {
		s.add(2, nil)
	}
	return s
}

func steady(headers ...*live.Header) *show {
	s := newShow()
	s.begin(0, 0.451, headers...)
	return s.addMany(6)
}

var cases = []struct {
	name   string
	make   func() *show
	prefix string
}{
	{name: "av", make: func() *show { return steady(hd, lc) }},
	{name: "audio", make: func() *show { return steady(lc) }},
	{name: "video", make: func() *show { return steady(hd) }},
	{name: "alias", make: func() *show { return steady(hd, lc) }, prefix: "show/"},
	{name: "ended", make: func() *show {
		s := steady(hd, lc)
		s.add(0.7, nil)
		s.End(noon.Add(time.Minute))
		return s
	}},
	{name: "periods", make: func() *show {
		s := steady(hd, lc)
		s.begin(1, 14, sd, lc2)
		return s.addMany(2)
	}},
	{name: "gap", make: func() *show {
		s := steady(hd, lc)
		s.add(2, func(seg *live.Segment) { seg.Gap, seg.Frames, seg.Size = seg.Header == lc, 0, 0 })
		return s.addMany(1)
	}},
	{name: "forced", make: func() *show {
		s := steady(hd, lc)
		s.add(2.4, func(seg *live.Segment) { seg.Independent = seg.Header != hd })
		return s
	}},
	{name: "ladder", make: func() *show {
		return steady(hd, rung, lc, titled(fra, "fr", `les "autres"`), titled(as(lc, media.AAC, media.TrackID{Kind: media.Audio, Index: 4}, media.Color{}), "pt-BR", ""),
			titled(as(lc, media.AAC, media.TrackID{Kind: media.Audio, Index: 5}, media.Color{}), "", "pt-BR"), titled(as(lc, media.AAC, media.TrackID{Kind: media.Audio, Index: 6}, media.Color{}), "", "pt-BR"))
	}},
	{name: "codecs", make: func() *show { return steady(hd, hdr, lc, opus) }},
	{name: "other-members", make: func() *show {
		return steady(hd, titled(lc, "en", ""), titled(as(lc, media.AAC, media.TrackID{Kind: media.Audio, Index: 1}, media.Color{}), "de", ""),
			titled(as(audio("ac3", "ac-3"), media.AC3, media.TrackID{Kind: media.Audio, Index: 2}, media.Color{}), "fr", ""))
	}},
	{name: "mp3", make: func() *show { return steady(hd, as(audio("mp3", "mp4a.6B"), media.MP3, a0, media.Color{})) }},
	{name: "audio-without-ts", make: func() *show { return steady(hd, f960) }},
}

func TestPlaylists(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.make().Snapshot()
			for name, text := range map[string][]byte{
				"index.m3u8":    hls.Multivariant(s, hls.CMAF, c.prefix),
				"ts.m3u8":       hls.Multivariant(s, hls.TS, c.prefix),
				"v0/index.m3u8": hls.Media(s, v0, hls.CMAF).Bytes(),
				"a0/index.m3u8": hls.Media(s, a0, hls.CMAF).Bytes(),
				"v0/ts.m3u8":    hls.Media(s, v0, hls.TS).Bytes(),
				"a0/ts.m3u8":    hls.Media(s, a0, hls.TS).Bytes(),

				"v0/iframes.m3u8": hls.Media(s, v0, hls.IFrames).Bytes(),
			} {
				golden(t, filepath.Join("testdata", c.name, name), text)
				obey(t, name, text)
			}
		})
	}
}

// golden compares a text with a file. A text that does not exist has none.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if text == nil {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	onceTags = regexp.MustCompile(`(?m)^#(EXTM3U|EXT-X-VERSION|EXT-X-TARGETDURATION|EXT-X-MEDIA-SEQUENCE|EXT-X-DISCONTINUITY-SEQUENCE|EXT-X-INDEPENDENT-SEGMENTS|EXT-X-ENDLIST)`)
	lengths  = regexp.MustCompile(`(?m)^#EXTINF:([0-9.]+),$`)
	dates    = regexp.MustCompile(`(?m)^#EXT-X-PROGRAM-DATE-TIME:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)

// obey checks rules that hold for every playlist (RFC 8216bis 4).
func obey(t *testing.T, name string, text []byte) {
	t.Helper()
	if text == nil {
		return
	}
	if !bytes.HasPrefix(text, []byte("#EXTM3U\n")) || !bytes.HasSuffix(text, []byte("\n")) {
		t.Errorf("%s: begins or ends wrong:\n%s", name, text)
	}
	seen := map[string]bool{}
	for _, tag := range onceTags.FindAll(text, -1) {
		if seen[string(tag)] {
			t.Errorf("%s: %s twice", name, tag)
		}
		seen[string(tag)] = true
	}
	all := lengths.FindAllSubmatch(text, -1)
	for _, m := range all {
		if seconds, err := strconv.ParseFloat(string(m[1]), 64); err != nil || math.Round(seconds) > 2 {
			t.Errorf("%s: %s with target duration 2", name, m[0])
		}
	}
	if n := len(dates.FindAll(text, -1)); n != len(all) {
		t.Errorf("%s: %d dates of %d segments have three digits", name, n, len(all))
	}
}

func TestNothingToPlayHasNoText(t *testing.T) {
	s := newShow()
	empty := s.Snapshot()
	s.begin(0, 0, hd, lc)
	s.Add(v0, live.Segment{Number: 1, Period: s.period, Header: hd, Duration: 180000}, live.Targets{Segment: 2 * time.Second}, noon)
	for i, snap := range []*live.Snapshot{empty, s.Snapshot()} {
		if hls.Multivariant(snap, hls.CMAF, "") != nil || hls.Media(snap, v0, hls.CMAF).Bytes() != nil || hls.Media(snap, a0, hls.CMAF).Bytes() != nil {
			t.Errorf("state %d: a playlist although not all tracks have a segment", i)
		}
	}
}

func TestTransportStreamWaitsForAudio(t *testing.T) {
	s := steady(hd, lc)
	before := hls.Media(s.Snapshot(), v0, hls.TS).Bytes()
	seg := live.Segment{Number: s.number, Period: s.period, Header: hd, Start: media.TicksAt(s.at[v0], 90000), Duration: 180000, Name: "early", Independent: true}
	s.Add(v0, seg, live.Targets{Segment: 2 * time.Second}, noon)
	if bytes.Contains(hls.Media(s.Snapshot(), v0, hls.TS).Bytes(), []byte("early")) {
		t.Errorf("listed before its audio is finished; before it was\n%s", before)
	}
	if !bytes.Contains(hls.Media(s.Snapshot(), v0, hls.CMAF).Bytes(), []byte("early")) {
		t.Error("the CMAF playlist waits for audio")
	}
}

// TestTransportStreamKeepsThreeTargetDurations looks at the shortest window when the video of a
// segment is finished and its audio is not (RFC 8216bis 6.2.2).
func TestTransportStreamKeepsThreeTargetDurations(t *testing.T) {
	s := newShow()
	s.Presentation = live.New(live.Settings{App: "live", Name: "show", Window: 6 * time.Second, Started: noon})
	s.begin(0, 0.451, hd, lc)
	s.addMany(1)
	early, sequence := 0, ""
	for i := range 60 {
		s.add([]float64{2, 1.5, 2, 0.6, 2, 2, 1}[i%7], func(seg *live.Segment) {
			text := hls.Media(s.Snapshot(), v0, hls.TS).Bytes()
			depth := 0.0
			for _, m := range lengths.FindAllSubmatch(text, -1) {
				length, _ := strconv.ParseFloat(string(m[1]), 64)
				depth += length
			}
			at := string(sequences.Find(text))
			if at < sequence || at > "#EXT-X-MEDIA-SEQUENCE:1000" && depth < 6 {
				t.Errorf("segment %d of %v: %.3f s are listed, behind %s:\n%s", i, seg.Header.Track.ID, depth, sequence, text)
			}
			sequence = at
			if r := s.Snapshot().Rendition(v0); seg.Header.Track.ID == a0 && !bytes.Contains(text, []byte(r.Segments[len(r.Segments)-1].Name+".ts")) {
				early++
			}
		})
	}
	if early != 60 {
		t.Errorf("%d segments of video were not listed before their audio was finished", early)
	}
}

var sequences = regexp.MustCompile(`(?m)^#EXT-X-MEDIA-SEQUENCE:\d+`)

// TestOpenGroups has segments of H.264 and of HEVC, of which only the former are said to be independent.
func TestOpenGroups(t *testing.T) {
	s := steady(hd, hdr).Snapshot()
	for id, want := range map[media.TrackID]bool{hd.Track.ID: true, hdr.Track.ID: false} {
		if got := strings.Contains(string(hls.Media(s, id, hls.CMAF).Bytes()), "#EXT-X-INDEPENDENT-SEGMENTS"); got != want {
			t.Errorf("%v: %v, want %v", id, got, want)
		}
	}
}
