package hooks

import (
	"encoding/json"
	"fmt"
	"time"
)

// An Event is something that happened to a stream, as receivers are told.
type Event struct {
	Kind    string // publish, unpublish, start, end, failover, repair
	Time    time.Time
	Details Details

	Publisher Publisher // for the formats of other servers; zero if nobody is meant
}

// Details are what an event is about. What does not belong to its kind is left out.
type Details struct {
	App       string            `json:"app"`
	Name      string            `json:"name"`
	Publisher *Party            `json:"publisher,omitempty"`
	Standby   bool              `json:"standby,omitempty"`    // the publisher stands by, or did
	InsteadOf *Party            `json:"instead_of,omitempty"` // who was on air before
	Reason    string            `json:"reason,omitempty"`
	Tracks    []Track           `json:"tracks,omitempty"`
	Repairs   map[string]uint64 `json:"repairs,omitempty"` // how often, by kind
	*Sum
}

// A Party is who publishes.
type Party struct {
	Remote  string `json:"remote"` // address
	Conn    uint64 `json:"conn"`   // number of the connection in the log
	Encoder string `json:"encoder,omitempty"`
}

// A Track is what viewers get.
type Track struct {
	ID         string  `json:"id"`     // v0, a0
	Codec      string  `json:"codec"`  // H.264
	Codecs     string  `json:"codecs"` // avc1.64001F, as RFC 6381 has it
	Width      int     `json:"width,omitempty"`
	Height     int     `json:"height,omitempty"`
	FrameRate  float64 `json:"frame_rate,omitempty"`
	SampleRate int     `json:"sample_rate,omitempty"`
	Channels   int     `json:"channels,omitempty"`
	Language   string  `json:"language,omitempty"`
	Title      string  `json:"title,omitempty"`
}

// A Sum is what came in all.
type Sum struct {
	Duration float64 `json:"duration"` // seconds
	Bytes    uint64  `json:"bytes"`
}

// tellable says of which events a format has a form.
func (f Format) tellable(kind string) bool {
	return f == Sluice || (f == NginxRTMP || f == SRS) && (kind == "publish" || kind == "unpublish")
}

// CheckEvents returns what is wrong with telling of kinds of event in a format.
func (f Format) CheckEvents(kinds ...string) error {
	for _, kind := range kinds {
		if !f.tellable(kind) {
			return fmt.Errorf("%s has no form for %s", f, kind)
		}
	}
	return nil
}

// encode makes what is posted of an event.
func (f Format) encode(e Event, id string) (body, error) {
	p := e.Publisher
	p.App, p.Key = e.Details.App, e.Details.Name
	switch {
	case f == NginxRTMP && e.Kind == "publish":
		return callNginx(p, "publish"), nil
	case f == NginxRTMP:
		return callNginx(p, "publish_done"), nil
	case f == SRS:
		return callSRS(p, "on_"+e.Kind)
	}
	text, err := json.Marshal(struct {
		Type string    `json:"type"`
		ID   string    `json:"id"`
		Time time.Time `json:"timestamp"`
		Data Details   `json:"data"`
	}{"stream." + e.Kind, id, e.Time.UTC(), e.Details})
	return body{"application/json", text}, err
}
