package gateway_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

// An mpd is what a player reads of a manifest.
type mpd struct {
	Type      string `xml:"type,attr"`
	Start     string `xml:"availabilityStartTime,attr"`
	Published string `xml:"publishTime,attr"`
	Longest   string `xml:"maxSegmentDuration,attr"`
	Periods   []struct {
		ID    string `xml:"id,attr"`
		Start string `xml:"start,attr"`
		Sets  []struct {
			ID              string `xml:"id,attr"`
			Representations []struct {
				ID       string   `xml:"id,attr"`
				Template template `xml:"SegmentTemplate"`
			} `xml:"Representation"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
	Timing struct {
		Scheme string `xml:"schemeIdUri,attr"`
		Value  string `xml:"value,attr"`
	} `xml:"UTCTiming"`
}

type template struct {
	Timescale uint32 `xml:"timescale,attr"`
	Offset    int64  `xml:"presentationTimeOffset,attr"`
	Header    string `xml:"initialization,attr"`
	Media     string `xml:"media,attr"`
	Timeline  []struct {
		T *int64 `xml:"t,attr"`
		D int64  `xml:"d,attr"`
		R int    `xml:"r,attr"`
	} `xml:"SegmentTimeline>S"`
}

// A manifestHistory is what earlier looks at a manifest have shown.
type manifestHistory struct {
	start, text string
	published   time.Time
	periods     map[string]string          // what is fixed of each, by its ID
	segments    map[string]map[int64]int64 // durations by time, by representation
	newest      map[string]int64           // time, by representation
}

// manifest compares the manifest with what it was, and with the segments.
func (p *player) manifest() {
	p.t.Helper()
	text := p.s.get(p.folder + "index.mpd")
	var m mpd
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		p.t.Fatalf("%v\n%s", err, text)
	}
	if m.Type == "static" {
		return // the stream has ended meanwhile
	}
	h := &p.mpd
	if h.periods == nil {
		*h = manifestHistory{start: m.Start, periods: map[string]string{}, segments: map[string]map[int64]int64{}, newest: map[string]int64{}}
	}
	published, err := time.Parse("2006-01-02T15:04:05.000Z", m.Published)
	switch {
	case err != nil || m.Type != "dynamic" || m.Start != h.start || len(m.Periods) == 0:
		p.t.Errorf("%v in\n%s", err, text)
	case published.Before(h.published), published.After(time.Now().Add(time.Millisecond)),
		h.text != "" && (published.Equal(h.published) != (text == h.text)):
		p.t.Errorf("published at %v after %v:\n%s\nbefore:\n%s", published, h.published, text, h.text)
	}
	h.published, h.text = published, text
	if m.Timing.Scheme != "urn:mpeg:dash:utc:http-xsdate:2014" {
		p.t.Errorf("UTCTiming %+v", m.Timing)
	} else if at, err := time.Parse("2006-01-02T15:04:05.000Z", p.s.get(p.folder+m.Timing.Value)); err != nil || time.Since(at).Abs() > time.Second {
		p.t.Errorf("time is %v (%v)", at, err)
	}
	for _, period := range m.Periods {
		fixed := period.Start
		for _, set := range period.Sets {
			for _, r := range set.Representations {
				fixed += " " + set.ID + "/" + r.ID
				p.timeline(period.ID+"/"+r.ID, r.ID, r.Template, seconds(m.Longest))
			}
		}
		if before, ok := h.periods[period.ID]; ok && before != fixed {
			p.t.Errorf("period %s is %s and was %s", period.ID, fixed, before)
		}
		h.periods[period.ID] = fixed
	}
}

// timeline checks the segments of one representation.
func (p *player) timeline(key, track string, tpl template, longest float64) {
	p.t.Helper()
	segments := p.mpd.segments[key]
	if segments == nil {
		segments = map[int64]int64{}
		p.mpd.segments[key] = segments
		p.learn(p.folder+tpl.Header, 0)
	}
	var at int64
	first := true
	for _, s := range tpl.Timeline {
		if s.T != nil {
			if !first && *s.T != at {
				p.t.Errorf("%s: a segment at %d after an end at %d", key, *s.T, at)
			}
			at = *s.T
		}
		for range s.R + 1 {
			known, listed := segments[at]
			switch {
			case listed && known != s.D:
				p.t.Errorf("%s: segment %d lasts %d and lasted %d", key, at, s.D, known)
			case !listed && at < p.mpd.newest[key]:
				p.t.Errorf("%s: segment %d comes after %d", key, at, p.mpd.newest[key])
			case !listed:
				p.bytesOf(track, tpl, at, s.D)
			}
			if float64(s.D)/float64(tpl.Timescale) > longest {
				p.t.Errorf("%s: a segment of %d, maxSegmentDuration %f", key, s.D, longest)
			}
			segments[at], p.mpd.newest[key], first = s.D, max(at, p.mpd.newest[key]), false
			at += s.D
		}
	}
	end := media.Ticks(at).Time(tpl.Timescale)
	if ahead := time.Until(end); ahead > 300*time.Millisecond {
		p.t.Errorf("%s: the newest segment ends %v in the future", key, ahead)
	}
}

// bytesOf checks that a segment holds the time that is told of it.
func (p *player) bytesOf(track string, tpl template, at, duration int64) {
	p.t.Helper()
	body := p.fetch(p.folder + strings.Replace(tpl.Media, "$Time$", strconv.FormatInt(at, 10), 1))
	start, end, err := cmaf.Times(body)
	if err != nil || int64(start) != at || int64(end) != at+duration {
		p.t.Errorf("%s: segment %d of %d holds %d to %d (%v)", track, at, duration, start, end, err)
	}
}

var xsDuration = regexp.MustCompile(`^PT([0-9.]+)S$`)

// seconds reads an xs:duration of seconds.
func seconds(text string) float64 {
	m := xsDuration.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	s, _ := strconv.ParseFloat(m[1], 64)
	return s
}

// validate checks a manifest against the MPEG schema, where that is at hand:
// it may not be copied.
func validate(t *testing.T, text string) {
	t.Helper()
	schema := filepath.Join("..", "..", "..", "shared", "dash-schema", "DASH-MPD.xsd")
	if _, err := os.Stat(schema); err != nil {
		t.Skip("the MPD is not validated: no MPEG schema in ../shared/dash-schema beside the repository")
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("the MPD is not validated: no xmllint")
	}
	dir, err := filepath.Abs(filepath.Dir(schema))
	if err != nil {
		t.Fatal(err)
	}
	file, catalog := filepath.Join(t.TempDir(), "index.mpd"), filepath.Join(t.TempDir(), "catalog.xml")
	for name, content := range map[string]string{file: text, catalog: `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">` +
		`<system systemId="http://www.w3.org/XML/2008/06/xlink.xsd" uri="file://` + dir + `/xlink.xsd"/></catalog>`} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("xmllint", "--nonet", "--noout", "--schema", schema, file)
	cmd.Env = append(os.Environ(), "XML_CATALOG_FILES="+catalog)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", out, text)
	}
}
