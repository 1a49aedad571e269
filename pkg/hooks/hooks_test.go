package hooks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/hooks"
)

var (
	noon      = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	publisher = hooks.Publisher{
		App: "live", Key: "show", Query: url.Values{"token": {"secret"}, "user": {"u"}, "pass": {"p w"}, "app": {"evil"}}, URL: "rtmp://host/live", Encoder: "OBS",
		Remote: netip.MustParseAddr("192.0.2.1"), Conn: 7,
	}
)

// A program is what a hook asks: it keeps what it was asked and gives one answer.
type program struct {
	*httptest.Server

	mu      sync.Mutex
	asked   string
	fields  http.Header
	respond func(http.ResponseWriter)
}

// does makes the program respond in a way.
func (p *program) does(respond func(http.ResponseWriter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.respond = respond
}

func newProgram(t *testing.T) *program {
	p := &program{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		p.asked, p.fields = string(content), r.Header
		respond := p.respond
		p.mu.Unlock()
		respond(w)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *program) hook(format hooks.Format) *hooks.Hook {
	return &hooks.Hook{URL: p.URL + "/?key=in-the-url", Format: format, Limit: 200 * time.Millisecond, Client: hooks.NewClient(), Now: func() time.Time { return noon }}
}

// says makes the program answer with a status, a body and a Location.
func (p *program) says(status int, content string, location ...string) {
	p.does(func(w http.ResponseWriter) {
		for _, to := range location {
			w.Header().Set("Location", to)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(content))
	})
}

// TestQuestions has each format ask what programs for it expect.
func TestQuestions(t *testing.T) {
	p := newProgram(t)
	for format, want := range map[hooks.Format]map[string]any{
		hooks.Sluice: {
			"type": "publish.authorize", "timestamp": "2026-06-01T12:00:00Z", "data": map[string]any{
				"app": "live", "name": "show", "token": "secret", "query": "app=evil&pass=p+w&token=secret&user=u", "url": "rtmp://host/live", "encoder": "OBS", "remote": "192.0.2.1", "conn": 7.0,
			},
		},
		hooks.SRS: {
			"action": "on_publish", "client_id": "7", "ip": "192.0.2.1", "vhost": "__defaultVhost__", "app": "live", "tcUrl": "rtmp://host/live", "stream": "show",
			"param": "?app=evil&pass=p+w&token=secret&user=u",
		},
		hooks.MediaMTX: {
			"user": "u", "password": "p w", "token": "secret", "ip": "192.0.2.1", "action": "publish", "path": "live/show", "protocol": "rtmp", "id": "7", "query": "app=evil&pass=p+w&token=secret&user=u",
		},
	} {
		p.says(200, `{"code": 0}`)
		if app, key, err := p.hook(format).Admit(t.Context(), publisher); err != nil || app != "live" || key != "show" {
			t.Errorf("%s: %s/%s, %v", format, app, key, err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(p.asked), &got); err != nil || p.fields.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %q: %v", format, p.asked, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
	p.says(200, "")
	if _, _, err := p.hook(hooks.NginxRTMP).Admit(t.Context(), publisher); err != nil {
		t.Error(err)
	}
	form, err := url.ParseQuery(p.asked)
	want := url.Values{
		"app": {"live"}, "name": {"show"}, "call": {"publish"}, "type": {"live"}, "addr": {"192.0.2.1"}, "clientid": {"7"}, "flashver": {"OBS"}, "tcurl": {"rtmp://host/live"},
		"swfurl": {""}, "pageurl": {""}, "token": {"secret"}, "user": {"u"}, "pass": {"p w"},
	}
	if diff := cmp.Diff(want, form); err != nil || diff != "" || p.fields.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%v: %s", err, diff)
	}
}

// TestAnswers has programs let publishers in, rename them, refuse them, and fail.
func TestAnswers(t *testing.T) {
	p := newProgram(t)
	all := hooks.Formats()
	refused := hooks.ErrRefused.Error()
	for _, c := range []struct {
		formats  []hooks.Format
		status   int
		content  string
		location string
		want     string // name, or what the error says
	}{
		{[]hooks.Format{hooks.Sluice, hooks.NginxRTMP, hooks.MediaMTX}, 200, "", "", "live/show"},
		{[]hooks.Format{hooks.Sluice, hooks.NginxRTMP, hooks.MediaMTX}, 204, "", "", "live/show"},
		{[]hooks.Format{hooks.NginxRTMP, hooks.MediaMTX}, 200, "OK", "", "live/show"},
		{[]hooks.Format{hooks.Sluice}, 200, "OK", "", "neither nothing nor JSON"},
		{[]hooks.Format{hooks.Sluice}, 200, `{"name": "other"}`, "", "live/other"},
		{[]hooks.Format{hooks.Sluice}, 200, `{"app": "studio", "name": "other"}`, "", "studio/other"},
		{[]hooks.Format{hooks.SRS}, 200, "0", "", "live/show"},
		{[]hooks.Format{hooks.SRS}, 200, `{"code": 0, "data": null}`, "", "live/show"},
		{[]hooks.Format{hooks.SRS}, 200, `{"code": 1}`, "", refused},
		{[]hooks.Format{hooks.SRS}, 200, `{}`, "", refused},
		{[]hooks.Format{hooks.SRS}, 200, "", "", refused},
		{all, 403, "", "", refused},
		{all, 401, "0", "", refused},
		{[]hooks.Format{hooks.NginxRTMP}, 302, "", "other", "live/other"},
		{[]hooks.Format{hooks.NginxRTMP}, 302, "", "rtmp://127.0.0.1/studio/other", "studio/other"},
		{[]hooks.Format{hooks.NginxRTMP}, 302, "", "rtmp://127.0.0.1/", "redirects"},
		{[]hooks.Format{hooks.NginxRTMP}, 500, "", "", refused},
		{[]hooks.Format{hooks.Sluice, hooks.SRS, hooks.MediaMTX}, 302, "", "/other", "answers 302"},
		{[]hooks.Format{hooks.Sluice, hooks.SRS, hooks.MediaMTX}, 500, "0", "", "answers 500"},
	} {
		for _, format := range c.formats {
			p.says(c.status, c.content, c.location)
			app, key, err := p.hook(format).Admit(t.Context(), publisher)
			got := app + "/" + key
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) || strings.Contains(c.want, "/") != (err == nil) {
				t.Errorf("%s: %d %q %q: %s, want %s", format, c.status, c.content, c.location, got, c.want)
			}
		}
	}
}

// TestProgramsThatFail has programs hang, flood and be away. What is said of that has no secret in it.
func TestProgramsThatFail(t *testing.T) {
	p := newProgram(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	for what, respond := range map[string]func(http.ResponseWriter){
		"hangs": func(http.ResponseWriter) { <-release },
		"stops within": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
			<-release
		},
		"floods": func(w http.ResponseWriter) {
			for range 4 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		},
		"breaks off": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		p.does(respond)
		_, _, err := p.hook(hooks.Sluice).Admit(t.Context(), publisher)
		if err == nil || errors.Is(err, hooks.ErrRefused) || strings.Contains(err.Error(), "in-the-url") || strings.Contains(err.Error(), "secret") {
			t.Errorf("one that %s: %v", what, err)
		}
	}
	away := p.hook(hooks.Sluice)
	away.URL = "http://127.0.0.1:1/?key=in-the-url"
	if _, _, err := away.Admit(t.Context(), publisher); err == nil || strings.Contains(err.Error(), "in-the-url") {
		t.Errorf("one that is away: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.hook(hooks.Sluice).Admit(ended, publisher); err == nil {
		t.Error("no error when the publisher has gone")
	}
}

// TestSignature verifies a request as Standard Webhooks say.
func TestSignature(t *testing.T) {
	p := newProgram(t)
	p.says(200, "")
	h := p.hook(hooks.Sluice)
	h.Secret = []byte("a secret")
	if _, _, err := h.Admit(t.Context(), publisher); err != nil {
		t.Fatal(err)
	}
	id, at, signature := p.fields.Get("Webhook-Id"), p.fields.Get("Webhook-Timestamp"), p.fields.Get("Webhook-Signature")
	mac := hmac.New(sha256.New, h.Secret)
	mac.Write([]byte(id + "." + at + "." + p.asked))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); id == "" || signature != want || at != strconv.FormatInt(noon.Unix(), 10) {
		t.Errorf("%q %q %q, want %q", id, at, signature, want)
	}
}
