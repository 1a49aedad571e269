package dash_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/dash"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
)

// cd is audio whose frames and grids have no whole milliseconds.
var cd = &live.Header{Name: "cd", Track: media.Track{
	ID: a0, Codec: media.AAC, Timescale: 44100, Codecs: "mp4a.40.2", SampleRate: 44100, Channels: 2, FrameTicks: 1024,
}}

var targets = live.Targets{Segment: 2 * time.Second, Part: 250 * time.Millisecond, Chunk: 250 * time.Millisecond}

// film publishes segments of so many frames of the first track each, with what
// the others have of the same time: as they grow, and when they are complete.
// each sees every snapshot.
func (s *show) film(each func(*live.Snapshot), frames ...int) *show {
	for _, count := range frames {
		var segments []live.Segment
		for _, h := range s.period.Headers {
			seg := s.next(h)
			if rate := h.Track.FrameRate; rate.Known() {
				seg.Frames, seg.Size = count, 500_000
				seg.Duration = media.Ticks(count * int(rate.Den) * int(h.Track.Timescale) / int(rate.Num))
			} else if len(segments) == 0 {
				seg.Frames, seg.Duration = count, media.Ticks(count)*h.Track.FrameTicks
			} else {
				lead := segments[0]
				for seg.End() < lead.End().Rescale(lead.Timescale(), seg.Timescale()) {
					seg.Duration += h.Track.FrameTicks
					seg.Frames++
				}
			}
			segments = append(segments, seg)
		}
		for _, seg := range segments {
			s.grow(seg, 2)
		}
		each(s.Snapshot())
		for _, seg := range segments {
			s.at[seg.Header.Track.ID] = seg.End()
			s.Add(seg.Header.Track.ID, seg, targets, seg.End().Time(seg.Timescale()))
			each(s.Snapshot())
		}
		s.number++
	}
	return s
}

// next returns the beginning of the segment that comes next.
func (s *show) next(h *live.Header) live.Segment {
	at := s.at[h.Track.ID]
	return live.Segment{
		Number: s.number, Period: s.period, Header: h, Name: strconv.Itoa(int(at)), Start: at, Independent: true, Size: 32_000,
	}
}

// grow shows the beginning of a segment: so many parts of an eighth of its
// length.
func (s *show) grow(seg live.Segment, parts int) {
	eighth := seg.Duration / 8
	seg.Duration = eighth * media.Ticks(parts)
	for i := range parts {
		seg.Parts = append(seg.Parts, live.Part{Start: seg.Start + media.Ticks(i)*eighth, Duration: eighth, Size: 1000})
	}
	s.Grow(seg.Header.Track.ID, live.Growing{Segment: seg}, "", seg.End().Time(seg.Timescale()))
}

// open begins to grow the next segment of some tracks.
func (s *show) open(headers ...*live.Header) *show {
	for _, h := range headers {
		seg := s.next(h)
		seg.Duration, seg.Frames = media.Ticks(2*h.Track.Timescale), 7
		s.grow(seg, 1)
	}
	return s
}

func unseen(*live.Snapshot) {}

func on(headers ...*live.Header) *show { return newShow().begin(0, 0.451, headers...) }

func repeated(frames, times int) []int {
	all := make([]int, times)
	for i := range all {
		all[i] = frames
	}
	return all
}

// again begins a period after a pause, which gaps fill.
func (s *show) again(after float64, headers ...*live.Header) *show {
	before := s.period
	for _, h := range before.Headers {
		id, scale := h.Track.ID, h.Track.Timescale
		end := media.TicksAt(noon.Add(time.Duration(after*float64(time.Second))), scale)
		s.Add(id, live.Segment{
			Number: s.number, Period: before, Header: h, Name: "x", Start: s.at[id], Duration: end - s.at[id], Gap: true,
		}, targets, end.Time(scale))
	}
	s.number++
	return s.begin(before.Sequence+1, after, headers...)
}

var lowLatencyCases = []struct {
	name   string
	make   func() *show
	prefix string
}{
	{name: "av", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60).open(hd, lc) }},
	{name: "alias", make: func() *show { return on(hd, lc).film(unseen, 60).open(hd, lc) }, prefix: "show/"},
	{name: "cd", make: func() *show { return on(hd, cd).film(unseen, 60, 60) }},
	{name: "audio", make: func() *show { return on(lc).film(unseen, 94, 94, 94) }},
	{name: "video", make: func() *show { return on(sd).film(unseen, 50, 50).open(sd) }},
	{name: "irregular", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60, 40, 55).open(hd, lc) }},
	{name: "irregular-late-audio", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 40).open(hd) }},
	{name: "back", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60, 29).again(12.6, sd, lc).open(sd, lc) }},
	{name: "back-alike", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60, 29).again(12.6, hd, lc).open(hd, lc) }},
	{name: "back-late-audio", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60, 29).again(12.6, hd, lc).open(hd) }},
	{name: "long-pause", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60).again(60, hd, lc).open(hd, lc) }},
	{name: "ended", make: func() *show { return on(hd, lc).film(unseen, 60, 60, 60).end() }},
}

func TestLowLatency(t *testing.T) {
	for _, c := range lowLatencyCases {
		path := filepath.Join("testdata", "ll-"+c.name+".mpd")
		got := dash.LowLatency(c.make().Snapshot(), c.prefix).Bytes()
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

// A numbered is a low-latency manifest as the rules below look at it.
type numbered struct {
	Periods []numberedPeriod `xml:"Period"`
}

type numberedPeriod struct {
	ID       string `xml:"id,attr"`
	Start    string `xml:"start,attr"`
	Duration string `xml:"duration,attr"`
	Sets     []struct {
		ID        string `xml:"id,attr"`
		Reference struct {
			Wall string `xml:"wallClockTime,attr"`
			Time int64  `xml:"presentationTime,attr"`
		} `xml:"ProducerReferenceTime"`
		Template struct {
			Timescale    int64  `xml:"timescale,attr"`
			Offset       int64  `xml:"presentationTimeOffset,attr"`
			Duration     int64  `xml:"duration,attr"`
			StartNumber  uint64 `xml:"startNumber,attr"`
			Availability string `xml:"availabilityTimeOffset,attr"`
		} `xml:"Representation>SegmentTemplate"`
	} `xml:"AdaptationSet"`
}

func parse(t *testing.T, text []byte) numbered {
	t.Helper()
	var doc numbered
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// seconds reads what the manifest writes of a duration.
func seconds(t *testing.T, text string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(text, "PT"), "S"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var courses = []struct {
	name    string
	headers []*live.Header
	frames  []int
	periods int // at most
}{
	{"regular", []*live.Header{hd, lc}, repeated(60, 100), 1},
	{"regular, audio of a CD", []*live.Header{hd, cd}, repeated(60, 100), 1},
	{"audio alone", []*live.Header{cd}, repeated(87, 100), 1},
	{"one odd segment", []*live.Header{hd, lc}, append(repeated(60, 20), append([]int{41}, repeated(60, 40)...)...), 2},
	{"the first is odd", []*live.Header{sd, lc}, append([]int{73}, repeated(50, 40)...), 2},
	{"another distance of key frames", []*live.Header{sd, lc}, append(repeated(50, 20), repeated(60, 40)...), 3},
	{"irregular", []*live.Header{sd, lc}, []int{
		46, 61, 50, 45, 62, 55, 48, 59, 62, 62, 45, 45, 47, 62, 50, 51, 46, 46, 46, 61, 61, 62, 50, 48, 55, 62, 60, 45, 45, 58,
	}, 8},
}

// TestSegmentsAreWhereTheirNumbersSay computes the time of every listed segment
// as players do. Half a length is what ISO/IEC 23009-1 7.2.1 allows; audio
// begins with its first frame behind the boundary.
func TestSegmentsAreWhereTheirNumbersSay(t *testing.T) {
	for _, c := range courses {
		ids := map[string]bool{}
		on(c.headers...).film(func(s *live.Snapshot) {
			doc := parse(t, orEmpty(dash.LowLatency(s, "").Bytes()))
			for _, p := range doc.Periods {
				ids[p.ID] = true
			}
			for _, r := range s.Renditions {
				for _, seg := range r.Segments {
					p, set := find(doc, r.ID, seg.Number)
					if p == nil {
						continue
					}
					tmpl := p.Sets[set].Template
					length := float64(tmpl.Duration) / float64(tmpl.Timescale)
					at := seconds(t, p.Start) + float64(seg.Number-tmpl.StartNumber)*length
					off := seg.Start.Seconds(seg.Timescale()) - at
					if off < -length/4-0.002 || off > length/2+0.002 {
						t.Errorf("%s: %s %d is %.3f s off where %s has %.3f s", c.name, r.ID, seg.Number, off, p.ID, length)
					}
				}
			}
		}, c.frames...)
		if len(ids) > c.periods || len(ids) == 0 {
			t.Errorf("%s: %d Periods", c.name, len(ids))
		}
	}
}

func orEmpty(text []byte) []byte {
	if text == nil {
		return []byte("<MPD/>")
	}
	return text
}

// find returns the newest Period that numbers a segment of a track so, and the
// track's set in it.
func find(doc numbered, id media.TrackID, number uint64) (*numberedPeriod, int) {
	for i := len(doc.Periods) - 1; i >= 0; i-- {
		for set, s := range doc.Periods[i].Sets {
			if s.ID == strconv.Itoa(int(id.Kind)) && number >= s.Template.StartNumber {
				return &doc.Periods[i], set
			}
		}
	}
	return nil, 0
}

// TestPeriodsNeverChange compares each Period with what an earlier manifest
// said of it: only that it is over may come later.
func TestPeriodsNeverChange(t *testing.T) {
	for _, c := range courses {
		said := map[string]numberedPeriod{}
		watch := func(s *live.Snapshot) {
			for _, p := range parse(t, orEmpty(dash.LowLatency(s, "").Bytes())).Periods {
				old, ok := said[p.ID]
				said[p.ID] = p
				if ok && old.Duration == "" {
					p.Duration = ""
				}
				if diff := cmp.Diff(old, p); ok && diff != "" {
					t.Errorf("%s: Period %s changed:\n%s", c.name, p.ID, diff)
				}
			}
		}
		s := on(c.headers...).film(watch, c.frames...)
		after := s.Snapshot().Published.Add(5 * time.Second).Sub(noon).Truncate(time.Millisecond)
		s.again(after.Seconds(), c.headers...).film(watch, c.frames...)
	}
}

// TestTimeStaysTheEpoch checks that the presentation time of a sample is its
// media time: offset and start of a Period are the same, as exact as
// milliseconds are on the timescale.
func TestTimeStaysTheEpoch(t *testing.T) {
	for _, c := range lowLatencyCases {
		if c.name == "ended" {
			continue
		}
		for _, p := range parse(t, dash.LowLatency(c.make().Snapshot(), c.prefix).Bytes()).Periods {
			start := seconds(t, p.Start)
			for _, set := range p.Sets {
				tmpl := set.Template
				if off := float64(tmpl.Offset)/float64(tmpl.Timescale) - start; off < -0.5/44100 || off > 0.5/44100 {
					t.Errorf("%s: set %s is %v s off", c.name, set.ID, off)
				}
				wall, err := time.Parse(time.RFC3339, set.Reference.Wall)
				if err != nil || set.Reference.Time != tmpl.Offset || float64(wall.UnixMilli())/1000 != start {
					t.Errorf("%s: set %s refers to %+v", c.name, set.ID, set.Reference)
				}
				early := seconds(t, tmpl.Availability)
				length := float64(tmpl.Duration) / float64(tmpl.Timescale)
				if off := length - early - 0.25; early <= 0 || off < -0.001 || off > 0.001 {
					t.Errorf("%s: segments of %v s are there %v s early", c.name, length, early)
				}
			}
		}
	}
}

func TestNothingToPlayHasNoLowLatencyMPD(t *testing.T) {
	s := on(hd, lc)
	if dash.LowLatency(s.Snapshot(), "").Bytes() != nil || dash.LowLatency(s.open(hd, lc).Snapshot(), "").Bytes() != nil {
		t.Error("an MPD although no segment is complete")
	}
}

// BenchmarkWindows writes the manifests of what has a new part, with windows of three
// lengths. The parts, and every eighth time the segment that one ends, are published
// beforehand.
func BenchmarkWindows(b *testing.B) {
	for _, manifest := range []struct {
		name  string
		write func(*live.Snapshot, string) *scroll.Text
	}{{"index.mpd", dash.MPD}, {"ll.mpd", dash.LowLatency}} {
		for _, window := range []time.Duration{10 * time.Second, 30 * time.Second, 3 * time.Hour} {
			b.Run(manifest.name+"/"+window.String(), func(b *testing.B) {
				s := &show{Presentation: live.New(live.Settings{App: "live", Name: "show", Window: window, Started: noon}), number: 1, at: map[media.TrackID]media.Ticks{}}
				s.begin(0, 0.451, hd, lc).film(unseen, repeated(60, int(window/(2*time.Second))+5)...)
				var news [64]*live.Snapshot
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if i%len(news) == 0 {
						b.StopTimer()
						for k := range news {
							s.part(k % 8)
							news[k] = s.Snapshot()
						}
						b.StartTimer()
					}
					manifest.write(news[i%len(news)], "")
				}
			})
		}
	}
}

// part publishes the next part, of eight, of all tracks, and with the last one the segment.
func (s *show) part(number int) {
	for _, h := range s.period.Headers {
		seg := s.next(h)
		seg.Duration, seg.Frames = media.Ticks(2*h.Track.Timescale), 60
		s.grow(seg, number+1)
		if number == 7 {
			s.at[h.Track.ID] = seg.End()
			s.Add(h.Track.ID, seg, targets, seg.End().Time(seg.Timescale()))
		}
	}
	if number == 7 {
		s.number++
	}
}
