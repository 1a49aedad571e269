package check

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// An mpd is a DASH manifest. Attributes are texts: whoever uses one reads it.
type mpd struct {
	line        int
	space       string
	Profiles    string          `xml:"profiles,attr"`
	Type        string          `xml:"type,attr"`
	Start       string          `xml:"availabilityStartTime,attr"`
	Published   string          `xml:"publishTime,attr"`
	Update      string          `xml:"minimumUpdatePeriod,attr"`
	Depth       string          `xml:"timeShiftBufferDepth,attr"`
	Delay       string          `xml:"suggestedPresentationDelay,attr"`
	MaxSegment  string          `xml:"maxSegmentDuration,attr"`
	MinBuffer   string          `xml:"minBufferTime,attr"`
	Duration    string          `xml:"mediaPresentationDuration,attr"`
	BaseURLs    []baseURL       `xml:"BaseURL"`
	Locations   []string        `xml:"Location"`
	Services    []service       `xml:"ServiceDescription"`
	Periods     []period        `xml:"Period"`
	UTCTimings  []descriptor    `xml:"UTCTiming"`
	Supplements []descriptor    `xml:"SupplementalProperty"`
	raw         []byte          // the text
	published   time.Time       // zero if not said or not to be read
	start       time.Time       // so too
	asked       time.Time       // by our clock
	durations   mpdDurations    // of the attributes
	streams     []*stream       // one for each Representation of each Period
	periods     []time.Duration // when each begins
	listed      int             // segments of all streams
}

// mpdDurations are attributes of the MPD; negative where there is none.
type mpdDurations struct{ update, depth, delay, maxSegment, minBuffer, duration time.Duration }

type baseURL struct {
	Value    string `xml:",chardata"`
	Offset   string `xml:"availabilityTimeOffset,attr"`
	Complete string `xml:"availabilityTimeComplete,attr"`
}

type descriptor struct {
	Scheme string `xml:"schemeIdUri,attr"`
	Value  string `xml:"value,attr"`
}

type service struct {
	Latencies []latency `xml:"Latency"`
	Rates     []struct {
		Min string `xml:"min,attr"`
		Max string `xml:"max,attr"`
	} `xml:"PlaybackRate"`
}

type latency struct {
	Target    string `xml:"target,attr"`
	Min       string `xml:"min,attr"`
	Max       string `xml:"max,attr"`
	Reference string `xml:"referenceId,attr"`
}

type period struct {
	line     int
	ID       string          `xml:"id,attr"`
	Start    string          `xml:"start,attr"`
	Duration string          `xml:"duration,attr"`
	BaseURLs []baseURL       `xml:"BaseURL"`
	Template *template       `xml:"SegmentTemplate"`
	Sets     []adaptationSet `xml:"AdaptationSet"`
}

type adaptationSet struct {
	line            int
	ID              string           `xml:"id,attr"`
	ContentType     string           `xml:"contentType,attr"`
	MimeType        string           `xml:"mimeType,attr"`
	Codecs          string           `xml:"codecs,attr"`
	Aligned         string           `xml:"segmentAlignment,attr"`
	StartsWith      string           `xml:"startWithSAP,attr"`
	FrameRate       string           `xml:"frameRate,attr"`
	Width           string           `xml:"width,attr"`
	Height          string           `xml:"height,attr"`
	Rate            string           `xml:"audioSamplingRate,attr"`
	BaseURLs        []baseURL        `xml:"BaseURL"`
	Template        *template        `xml:"SegmentTemplate"`
	References      []producer       `xml:"ProducerReferenceTime"`
	Channels        []descriptor     `xml:"AudioChannelConfiguration"`
	Resyncs         []resync         `xml:"Resync"`
	Representations []representation `xml:"Representation"`
}

type representation struct {
	line        int
	ID          string       `xml:"id,attr"`
	Bandwidth   string       `xml:"bandwidth,attr"`
	MimeType    string       `xml:"mimeType,attr"`
	Codecs      string       `xml:"codecs,attr"`
	Width       string       `xml:"width,attr"`
	Height      string       `xml:"height,attr"`
	FrameRate   string       `xml:"frameRate,attr"`
	Rate        string       `xml:"audioSamplingRate,attr"`
	BaseURLs    []baseURL    `xml:"BaseURL"`
	Template    *template    `xml:"SegmentTemplate"`
	References  []producer   `xml:"ProducerReferenceTime"`
	Channels    []descriptor `xml:"AudioChannelConfiguration"`
	Resyncs     []resync     `xml:"Resync"`
	SegmentList *struct{}    `xml:"SegmentList"`
	SegmentBase *struct{}    `xml:"SegmentBase"`
}

type producer struct {
	ID         string       `xml:"id,attr"`
	Type       string       `xml:"type,attr"`
	Clock      string       `xml:"wallClockTime,attr"`
	Media      string       `xml:"presentationTime,attr"`
	Inband     string       `xml:"inband,attr"`
	UTCTimings []descriptor `xml:"UTCTiming"`
}

// A resync says how far apart points are at which a player can set in.
type resync struct {
	Type     string `xml:"type,attr"`
	Distance string `xml:"dT,attr"`
}

type template struct {
	line      int
	Timescale string    `xml:"timescale,attr"`
	Offset    string    `xml:"presentationTimeOffset,attr"`
	Media     string    `xml:"media,attr"`
	Init      string    `xml:"initialization,attr"`
	Duration  string    `xml:"duration,attr"`
	Number    string    `xml:"startNumber,attr"`
	Early     string    `xml:"availabilityTimeOffset,attr"`
	Complete  string    `xml:"availabilityTimeComplete,attr"`
	Timeline  *timeline `xml:"SegmentTimeline"`
}

type timeline struct {
	Runs []run `xml:"S"`
}

type run struct {
	line     int
	Time     string `xml:"t,attr"`
	Duration string `xml:"d,attr"`
	Repeat   string `xml:"r,attr"`
	Number   string `xml:"n,attr"`
}

// UnmarshalXML notes the line of the element.
func (m *mpd) UnmarshalXML(d *xml.Decoder, e xml.StartElement) error {
	type plain mpd
	m.line, _ = d.InputPos()
	m.space = e.Name.Space
	if e.Name.Local != "MPD" {
		return fmt.Errorf("the root is <%s>, not <MPD>", clip(e.Name.Local))
	}
	return d.DecodeElement((*plain)(m), &e)
}

// UnmarshalXML notes the line of the element.
func (p *period) UnmarshalXML(d *xml.Decoder, e xml.StartElement) error {
	type plain period
	p.line, _ = d.InputPos()
	return d.DecodeElement((*plain)(p), &e)
}

// UnmarshalXML notes the line of the element.
func (a *adaptationSet) UnmarshalXML(d *xml.Decoder, e xml.StartElement) error {
	type plain adaptationSet
	a.line, _ = d.InputPos()
	return d.DecodeElement((*plain)(a), &e)
}

// UnmarshalXML notes the line of the element.
func (r *representation) UnmarshalXML(d *xml.Decoder, e xml.StartElement) error {
	type plain representation
	r.line, _ = d.InputPos()
	return d.DecodeElement((*plain)(r), &e)
}

// UnmarshalXML notes the line of the element.
func (t *template) UnmarshalXML(d *xml.Decoder, e xml.StartElement) error {
	type plain template
	t.line, _ = d.InputPos()
	return d.DecodeElement((*plain)(t), &e)
}

// UnmarshalXML notes the line of the element.
func (r *run) UnmarshalXML(d *xml.Decoder, e xml.StartElement) error {
	type plain run
	r.line, _ = d.InputPos()
	return d.DecodeElement((*plain)(r), &e)
}

// maxDepth bounds how deep the elements of an MPD may nest.
const maxDepth = 64

var errDeep = errors.New("elements nest too deep")

// readMPD reads a manifest. The address is the one that it came from.
func readMPD(address string, body []byte, n notes) *mpd {
	if err := judgeDepth(body); err != nil {
		n.broken("dash/xml", 0, "%v", err)
		return nil
	}
	m := &mpd{raw: body}
	if err := xml.Unmarshal(body, m); err != nil {
		n.broken("dash/xml", 0, "%v", err)
		return nil
	}
	m.published, m.start = m.dateTime(m.Published, "publishTime", n), m.dateTime(m.Start, "availabilityStartTime", n)
	read := func(text, name string) time.Duration {
		return durationOr(text, -1, func(err error) { n.broken("dash/schema", m.line, "@%s: %v", name, err) })
	}
	m.durations = mpdDurations{
		update: read(m.Update, "minimumUpdatePeriod"), depth: read(m.Depth, "timeShiftBufferDepth"),
		delay: read(m.Delay, "suggestedPresentationDelay"), maxSegment: read(m.MaxSegment, "maxSegmentDuration"),
		minBuffer: read(m.MinBuffer, "minBufferTime"), duration: read(m.Duration, "mediaPresentationDuration"),
	}
	m.resolve(address, n)
	return m
}

// judgeDepth passes over the elements of a text and returns an error when they
// nest too deep to be read safely, or are not well-formed.
func judgeDepth(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	for depth := 0; ; {
		token, err := d.RawToken()
		if err != nil {
			return nil //nolint:nilerr // the end, or a fault that the real reading tells better
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return errDeep
			}
		case xml.EndElement:
			depth--
		}
	}
}

// dynamic reports whether an MPD can change.
func (m *mpd) dynamic() bool { return m.Type == "dynamic" }

func (m *mpd) dateTime(text, name string, n notes) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := readDateTime(text)
	if err != nil {
		n.broken("dash/schema", m.line, "@%s: %v", name, err)
	}
	return t
}

// integer reads an attribute that is an unsigned integer.
func integer(text string, otherwise uint64, tell func(error)) uint64 {
	if text == "" {
		return otherwise
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		tell(fmt.Errorf("%q is no unsigned integer", clip(text)))
		return otherwise
	}
	return v
}
