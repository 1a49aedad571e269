package origin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/store"
)

// A listing is one stream in streams.json.
type listing struct {
	App       string    `json:"app"`
	Name      string    `json:"name"`
	Path      string    `json:"path"`
	Started   time.Time `json:"started"`
	Live      bool      `json:"live"`
	Ready     bool      `json:"ready"`
	Width     int       `json:"width,omitempty"`
	Height    int       `json:"height,omitempty"`
	FrameRate float64   `json:"frameRate,omitempty"` // frames a second
	Codecs    string    `json:"codecs,omitempty"`
	Bandwidth int       `json:"bandwidth,omitempty"` // bits a second
}

// publishing serves what an encoder must be told to publish here.
func (o *Origin) publishing(w http.ResponseWriter, r *http.Request) {
	text := fmt.Appendf(nil, `{"rtmpPort":%d`, o.RTMP)
	if o.RTMPS != 0 {
		text = fmt.Appendf(text, `,"rtmpsPort":%d`, o.RTMPS)
	}
	serveJSON(w, r, revalidate, append(text, '}'))
}

// streams serves what is on air, for the page.
func (o *Origin) streams(w http.ResponseWriter, r *http.Request) {
	all := make([]listing, 0)
	for _, p := range o.Source.List() {
		all = append(all, list(p))
	}
	text, err := json.Marshal(all)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	serveJSON(w, r, cacheFor(current), text)
}

func serveJSON(w http.ResponseWriter, r *http.Request, cache string, text []byte) {
	serve(w, r, entity{typeJSON, cache, strong(digest(text))}, store.NewBytes(text))
}

func list(p *live.Presentation) listing {
	s := p.Snapshot()
	l := listing{
		App: p.App, Name: p.Name, Path: "/" + p.App + "/" + p.Name + "/",
		Started: p.Started.UTC().Truncate(time.Millisecond), Live: !s.Ended && !s.Away,
	}
	spans := s.Spans()
	if len(spans) == 0 {
		return l
	}
	l.Ready = true
	var codecs []string
	for _, listed := range spans[len(spans)-1].Tracks {
		t := listed.Header.Track
		codecs = append(codecs, t.Codecs)
		l.Bandwidth += listed.Rendition.Bandwidth
		if t.ID.Kind == media.Video && l.Width == 0 {
			l.Width, l.Height, l.FrameRate = t.Width, t.Height, listed.FrameRate().Float()
		}
	}
	l.Codecs = strings.Join(codecs, ",")
	return l
}
