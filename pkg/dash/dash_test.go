package dash_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/dash"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	v0   = media.TrackID{Kind: media.Video}
	a0   = media.TrackID{Kind: media.Audio}
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	hd   = video("hd", "avc1.64001F", 1280, 720, media.Ratio{Num: 30000, Den: 1001})
	sd   = video("sd", "avc1.42C01E", 704, 576, media.Ratio{Num: 25, Den: 1})
	low  = as(video("low", "avc1.42C01E", 640, 360, media.Ratio{Num: 30000, Den: 1001}), media.H264, media.TrackID{Kind: media.Video, Index: 1}, media.Color{})
	hdr  = as(video("hdr", "hvc1.2.4.L120.90", 3840, 2160, media.Ratio{Num: 30000, Den: 1001}), media.HEVC, media.TrackID{Kind: media.Video, Index: 2},
		media.Color{Primaries: 9, Transfer: media.TransferPQ, Matrix: 9})
	fra = titled("fr", "l'été <1>", as(lc, media.AAC, media.TrackID{Kind: media.Audio, Index: 1}, media.Color{}))
	lc  = &live.Header{Name: "aac", Track: media.Track{
		ID: a0, Codec: media.AAC, Timescale: 48000, Codecs: "mp4a.40.2", SampleRate: 48000, Channels: 2, FrameTicks: 1024,
	}}
)

// as returns a header as that of another track.
func as(h *live.Header, codec media.Codec, id media.TrackID, color media.Color) *live.Header {
	other := *h
	other.Track.Codec, other.Track.ID, other.Track.Color = codec, id, color
	return &other
}

// titled returns a header as that of a track with a title.
func titled(language, name string, h *live.Header) *live.Header {
	other := *h
	other.Track.Title = media.Title{Language: language, Name: name}
	return &other
}

func video(name, codecs string, width, height int, rate media.Ratio) *live.Header {
	return &live.Header{Name: name, Track: media.Track{
		ID: v0, Codec: media.H264, Timescale: 90000, Codecs: codecs, CodedWidth: width, CodedHeight: height,
		Width: width, Height: height, FrameRate: rate, SampleAspect: media.Ratio{Num: 1, Den: 1},
	}}
}

// A show is a presentation in the making.
type show struct {
	*live.Presentation
	number uint64
	at     map[media.TrackID]media.Ticks // the end of each track
	period *live.Period
}

func newShow() *show {
	return &show{
		Presentation: live.New(live.Settings{App: "live", Name: "show", Window: 8 * time.Second, Started: noon}),
		number:       1000, at: map[media.TrackID]media.Ticks{},
	}
}

// begin starts a period at so many seconds after noon.
func (s *show) begin(sequence uint64, after float64, headers ...*live.Header) *show {
	start := noon.Add(time.Duration(after * float64(time.Second)))
	s.period = &live.Period{Sequence: sequence, Start: start, Headers: headers}
	for _, h := range headers {
		s.at[h.Track.ID] = media.TicksAt(start, h.Track.Timescale)
	}
	return s
}

// add lists segments of two seconds of all tracks, as near as frames allow.
func (s *show) add(count int, change func(*live.Segment)) *show {
	for range count {
		for _, h := range s.period.Headers {
			s.put(h, s.number, change)
		}
		s.number++
	}
	return s
}

// put lists one segment of one track.
func (s *show) put(h *live.Header, number uint64, change func(*live.Segment)) {
	id, scale := h.Track.ID, h.Track.Timescale
	seg := live.Segment{
		Number: number, Period: s.period, Header: h, Name: strconv.Itoa(int(s.at[id])), Start: s.at[id],
		Duration: media.Ticks(2 * scale), Size: 500_000, Frames: 60, Independent: true,
	}
	if frame := h.Track.FrameTicks; frame != 0 {
		frames := 93 + media.Ticks(number%4+3)/4
		seg.Duration, seg.Frames, seg.Size = frames*frame, int(frames), 32_000
	}
	if change != nil {
		change(&seg)
	}
	if h.Track.ID.Kind == media.Video && seg.Independent && !seg.Gap {
		seg.KeySize = 31_000
	}
	s.at[id] = seg.End()
	s.Add(id, seg, live.Targets{Segment: 2 * time.Second}, seg.End().Time(scale))
}

func (s *show) end() *show {
	s.End(noon.Add(time.Minute))
	return s
}

// without makes a gap of what one header has.
func without(h *live.Header) func(*live.Segment) {
	return func(seg *live.Segment) {
		if seg.Header == h {
			seg.Gap, seg.Frames, seg.Size = true, 0, 0
		}
	}
}

func steady(headers ...*live.Header) *show {
	return newShow().begin(0, 0.451, headers...).add(6, nil)
}

var cases = []struct {
	name   string
	make   func() *show
	prefix string
}{
	{name: "av", make: func() *show { return steady(hd, lc) }},
	{name: "audio", make: func() *show { return steady(lc) }},
	{name: "video", make: func() *show { return steady(sd) }},
	{name: "alias", make: func() *show { return steady(hd, lc) }, prefix: "show/"},
	{name: "ladder", make: func() *show { return steady(hd, low, hdr, lc, fra) }},
	{name: "ended", make: func() *show { return steady(hd, lc).end() }},
	{name: "periods", make: func() *show { return steady(hd, lc).begin(1, 12.6, sd, lc).add(2, nil) }},
	{name: "periods-ended", make: func() *show { return steady(hd, lc).begin(1, 12.6, sd, lc).add(2, nil).end() }},
	{name: "lost", make: func() *show {
		return steady(hd, lc).add(1, without(hd)).begin(1, 14.451, hd, lc).add(2, nil)
	}},
	{name: "gap", make: func() *show { return steady(hd, lc).add(1, without(hd)).add(2, nil) }},
	{name: "forced", make: func() *show {
		return steady(hd, lc).add(1, func(seg *live.Segment) { seg.Independent = seg.Header != hd }).add(2, nil)
	}},
	{name: "silent-track", make: func() *show { return steady(hd, lc).begin(1, 12.6, hd, lc).add(2, without(lc)) }},
	{name: "rest", make: func() *show { return steady(hd, low, lc).add(1, without(low)).begin(1, 14.451, hd, lc).add(2, nil) }},
	{name: "rest-ended", make: func() *show { return steady(hd, low, lc).add(2, without(hd)).end() }},
	{name: "long-pause", make: func() *show { return steady(hd, lc).begin(1, 60, hd, lc).add(2, nil) }},
}

func TestMPD(t *testing.T) {
	for _, c := range cases {
		path := filepath.Join("testdata", c.name+".mpd")
		got := dash.MPD(c.make().Snapshot(), c.prefix).Bytes()
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestSchema validates the golden files against the MPEG schema, when that is
// in a folder beside the repository.
func TestSchema(t *testing.T) {
	schema := filepath.Join("..", "..", "..", "shared", "dash-schema", "DASH-MPD.xsd")
	if _, err := os.Stat(schema); err != nil {
		t.Skip("the MPEG schema is not beside the repository, in ../shared/dash-schema")
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (libxml2-utils)")
	}
	paths, err := filepath.Glob("testdata/*.mpd")
	if err != nil || len(paths) < len(cases) {
		t.Fatal(paths, err)
	}
	args := append([]string{"--nonet", "--noout", "--schema", schema}, paths...)
	validate := exec.Command(xmllint, args...)
	validate.Env = append(os.Environ(), "XML_CATALOG_FILES="+catalog(t, filepath.Join(filepath.Dir(schema), "xlink.xsd")))
	if out, err := validate.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
}

// catalog returns an XML catalog by which the schema's import is found in a
// file.
func catalog(t *testing.T, xlink string) string {
	t.Helper()
	xlink, err := filepath.Abs(xlink)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "catalog.xml")
	text := `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">` +
		`<system systemId="http://www.w3.org/XML/2008/06/xlink.xsd" uri="file://` + xlink + `"/></catalog>`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// An mpd is what the rules below look at.
type mpd struct {
	Type    string `xml:"type,attr"`
	Periods []struct {
		ID   string `xml:"id,attr"`
		Sets []struct {
			Representations []struct {
				ID       string `xml:"id,attr"`
				Template struct {
					Offset   int64 `xml:"presentationTimeOffset,attr"`
					Timeline []struct {
						T *int64 `xml:"t,attr"`
						D int64  `xml:"d,attr"`
						R int64  `xml:"r,attr"`
					} `xml:"SegmentTimeline>S"`
				} `xml:"SegmentTemplate"`
			} `xml:"Representation"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
}

// TestTimelineNamesEverySegment expands the timeline and compares it with what
// is listed.
func TestTimelineNamesEverySegment(t *testing.T) {
	for _, c := range cases {
		s := c.make().Snapshot()
		var doc mpd
		if err := xml.Unmarshal(dash.MPD(s, c.prefix).Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		type segment struct {
			track string
			at    int64
		}
		listed := map[segment]bool{}
		for _, r := range s.Renditions {
			for _, seg := range r.Segments {
				if !seg.Gap {
					listed[segment{seg.Header.Track.ID.String(), int64(seg.Start)}] = true
				}
				if seg.KeySize > 0 {
					listed[segment{"k" + seg.Header.Track.ID.String(), int64(seg.Start)}] = true
				}
			}
		}
		named := map[segment]bool{} // twice where a period has a rest
		for _, period := range doc.Periods {
			for _, set := range period.Sets {
				for _, rep := range set.Representations {
					at := int64(0)
					for _, run := range rep.Template.Timeline {
						if run.T != nil {
							at = *run.T
						}
						for range run.R + 1 {
							if !listed[segment{rep.ID, at}] {
								t.Errorf("%s: period %s names %d of %s, which does not exist", c.name, period.ID, at, rep.ID)
							}
							named[segment{rep.ID, at}] = true
							at += run.D
						}
					}
				}
			}
		}
		// A period is there when all its tracks have something, and as long as it is in the time shift buffer.
		if len(named) != len(listed) && c.name != "long-pause" && c.name != "silent-track" {
			t.Errorf("%s: %d of %d segments are named", c.name, len(named), len(listed))
		}
	}
}

// TestStaticPresentationDropsNothing has players drop what is shown before a period
// begins, and with a key frame all that needs it.
func TestStaticPresentationDropsNothing(t *testing.T) {
	for _, later := range []media.TrackID{v0, a0} {
		s := newShow().begin(0, 0.451, hd, lc)
		s.at[later] += 900 // less than a frame
		var doc mpd
		if err := xml.Unmarshal(dash.MPD(s.add(3, nil).end().Snapshot(), "").Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		for _, set := range doc.Periods[0].Sets {
			template := set.Representations[0].Template
			if first := *template.Timeline[0].T; first < template.Offset {
				t.Errorf("%s begins later: a segment at %d in a period from %d on", later, first, template.Offset)
			}
		}
	}
}

func TestNothingToPlayHasNoMPD(t *testing.T) {
	s := newShow()
	empty := s.Snapshot()
	s.begin(0, 0, hd, lc)
	s.Add(v0, live.Segment{Number: 1, Period: s.period, Header: hd, Duration: 180000}, live.Targets{Segment: 2 * time.Second}, noon)
	if dash.MPD(empty, "").Bytes() != nil || dash.MPD(s.Snapshot(), "").Bytes() != nil {
		t.Error("an MPD although not all tracks have a segment")
	}
}

// TestTracksLeaveAPeriodTogether has the window of video shrink at once, when an
// interruption is over, before that of audio does.
func TestTracksLeaveAPeriodTogether(t *testing.T) {
	s := newShow().begin(0, 0, hd, lc).add(4, nil)
	s.add(2, func(seg *live.Segment) { seg.Gap, seg.Frames, seg.Size = true, 0, 0 })
	periods := func() []string {
		var doc mpd
		if err := xml.Unmarshal(dash.MPD(s.Snapshot(), "").Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range doc.Periods {
			all = append(all, fmt.Sprintf("%s: %d sets", p.ID, len(p.Sets)))
		}
		return all
	}
	s.begin(1, 12, hd, lc)
	for n, want := range [][]string{
		{"p0: 3 sets"}, // audio has nothing of the next yet
		{"p0: 3 sets", "p1: 3 sets"},
		{"p1: 3 sets"}, // video has none of the first any more
		{"p1: 3 sets"},
	} {
		s.put([]*live.Header{hd, lc}[n%2], s.number+uint64(n/2), nil)
		if diff := cmp.Diff(want, periods()); diff != "" {
			t.Errorf("after %d segments (-want +got):\n%s", n+1, diff)
		}
	}
	if left := s.Snapshot().Rendition(a0).Segments[0]; left.Period == s.period || left.Gap {
		t.Error("audio has nothing of the first period either")
	}
}

func TestSameSnapshotGivesTheSameBytes(t *testing.T) {
	s := steady(hd, lc).Snapshot()
	if !bytes.Equal(dash.MPD(s, "").Bytes(), dash.MPD(s, "").Bytes()) {
		t.Error("texts differ")
	}
}

// TestChannelConfigurations looks at what is said of so many channels.
func TestChannelConfigurations(t *testing.T) {
	for channels, want := range map[int]string{1: "1", 2: "2", 6: "6", 7: "11", 8: "12", 24: "13", 9: "", 0: ""} {
		h := &live.Header{Track: media.Track{
			ID: a0, Codec: media.AAC, Timescale: 48000, Codecs: "mp4a.40.2", SampleRate: 48000, Channels: channels, FrameTicks: 1024,
		}, Name: "a"}
		mpd := string(dash.MPD(newShow().begin(0, 0, h).add(2, nil).Snapshot(), "").Bytes())
		_, rest, found := strings.Cut(mpd, `audio_channel_configuration:2011" value="`)
		if value, _, _ := strings.Cut(rest, `"`); found != (want != "") || value != want {
			t.Errorf("%d channels are %q, want %q", channels, value, want)
		}
	}
}
