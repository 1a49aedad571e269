package hooks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Format is the form of requests, and of what answers mean.
type Format string

// The formats: our own, and those that programs for other servers know.
const (
	Sluice    Format = "sluice"     // JSON
	NginxRTMP Format = "nginx-rtmp" // a form, as on_publish of nginx-rtmp-module
	SRS       Format = "srs"        // JSON, as http_hooks of SRS
	MediaMTX  Format = "mediamtx"   // JSON, as authHTTPAddress of MediaMTX
)

// Formats returns all of them.
func Formats() []Format { return []Format{Sluice, NginxRTMP, SRS, MediaMTX} }

// A Publisher is somebody who wants to publish.
type Publisher struct {
	App, Key string     // as it names the stream
	Query    url.Values // of the stream key and of the URL
	URL      string     // of the application
	Encoder  string     // the name that it has of itself
	Remote   netip.Addr
	Conn     uint64 // number of its connection
}

// ErrRefused says that a publisher may not publish.
var ErrRefused = errors.New("the webhook refuses it")

// Admit asks whether somebody may publish, and returns the name of the stream. It returns ErrRefused if
// he may not, and another error if there is no answer, or none that has a meaning.
func (h *Hook) Admit(ctx context.Context, p Publisher) (app, key string, err error) {
	b, err := h.ask(p)
	if err != nil {
		return "", "", err
	}
	a, err := h.post(ctx, b)
	if err != nil {
		return "", "", fmt.Errorf("the webhook: %w", err)
	}
	app, key = p.App, p.Key
	switch {
	case a.status/100 == 2:
		return h.read(a, app, key)
	case a.status/100 == 3 && h.Format == NginxRTMP && a.location != "":
		return renamed(a.location, app)
	case a.status/100 == 4, h.Format == NginxRTMP:
		return "", "", ErrRefused
	}
	return "", "", fmt.Errorf("the webhook answers %d", a.status)
}

// ask makes the question.
func (h *Hook) ask(p Publisher) (body, error) {
	token, raw := p.Query.Get("token"), p.Query.Encode()
	var question any
	switch h.Format {
	case NginxRTMP:
		return callNginx(p, "publish"), nil
	case SRS:
		return callSRS(p, "on_publish")
	case MediaMTX:
		question = struct {
			User     string `json:"user"`
			Password string `json:"password"`
			Token    string `json:"token"`
			IP       string `json:"ip"`
			Action   string `json:"action"`
			Path     string `json:"path"`
			Protocol string `json:"protocol"`
			ID       string `json:"id"`
			Query    string `json:"query"`
		}{p.Query.Get("user"), p.Query.Get("pass"), cmp.Or(token, p.Query.Get("jwt")), p.Remote.String(), "publish", p.App + "/" + p.Key, "rtmp", strconv.FormatUint(p.Conn, 10), raw}
	default:
		question = struct {
			Type      string    `json:"type"`
			Timestamp time.Time `json:"timestamp"`
			Data      any       `json:"data"`
		}{"publish.authorize", h.Now().UTC(), struct {
			App     string `json:"app"`
			Name    string `json:"name"`
			Token   string `json:"token,omitempty"`
			Query   string `json:"query,omitempty"`
			URL     string `json:"url"`
			Encoder string `json:"encoder,omitempty"`
			Remote  string `json:"remote"`
			Conn    uint64 `json:"conn"`
		}{p.App, p.Key, token, raw, p.URL, p.Encoder, p.Remote.String(), p.Conn}}
	}
	text, err := json.Marshal(question)
	return body{"application/json", text}, err
}

// callNginx makes what nginx-rtmp posts of a publisher.
func callNginx(p Publisher, call string) body {
	form := url.Values{
		"app": {p.App}, "flashver": {p.Encoder}, "swfurl": {""}, "tcurl": {p.URL}, "pageurl": {""}, "addr": {p.Remote.String()},
		"clientid": {strconv.FormatUint(p.Conn, 10)}, "call": {call}, "name": {p.Key}, "type": {"live"},
	}
	for name, values := range p.Query {
		if !form.Has(name) {
			form[name] = values
		}
	}
	return body{"application/x-www-form-urlencoded", []byte(form.Encode())}
}

// callSRS makes what SRS posts of a publisher.
func callSRS(p Publisher, action string) (body, error) {
	param := p.Query.Encode()
	if param != "" {
		param = "?" + param
	}
	text, err := json.Marshal(struct {
		Action string `json:"action"`
		Client string `json:"client_id"`
		IP     string `json:"ip"`
		Vhost  string `json:"vhost"`
		App    string `json:"app"`
		TCURL  string `json:"tcUrl"`
		Stream string `json:"stream"`
		Param  string `json:"param"`
	}{action, strconv.FormatUint(p.Conn, 10), p.Remote.String(), cmp.Or(p.Query.Get("vhost"), "__defaultVhost__"), p.App, p.URL, p.Key, param})
	return body{"application/json", text}, err
}

// read reads an answer of 2xx.
func (h *Hook) read(a answer, app, key string) (string, string, error) {
	switch text := strings.TrimSpace(string(a.content)); h.Format {
	case SRS:
		var said struct {
			Code *int `json:"code"`
		}
		if text != "0" && (json.Unmarshal(a.content, &said) != nil || said.Code == nil || *said.Code != 0) {
			return "", "", ErrRefused
		}
	case Sluice:
		var said struct {
			App  string `json:"app"`
			Name string `json:"name"`
		}
		if text != "" && json.Unmarshal(a.content, &said) != nil {
			return "", "", errors.New("the webhook answers neither nothing nor JSON")
		}
		app, key = cmp.Or(said.App, app), cmp.Or(said.Name, key)
	case NginxRTMP, MediaMTX:
	}
	return app, key, nil
}

// renamed reads a Location of nginx-rtmp: another name, or an RTMP URL, of which only the path counts here.
func renamed(location, app string) (string, string, error) {
	u, err := url.Parse(location)
	if err != nil || u.Path == "" {
		return "", "", fmt.Errorf("the webhook redirects to %q", location)
	}
	path := strings.Trim(u.Path, "/")
	if u.Scheme == "rtmp" || strings.Contains(path, "/") {
		if a, key, ok := strings.Cut(path, "/"); ok {
			return a, key, nil
		}
		return "", "", fmt.Errorf("the webhook redirects to %q", location)
	}
	return app, path, nil
}
