package hooks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"sluice/pkg/hooks"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// details are all there are of an event.
var details = hooks.Details{
	App: "live", Name: "show", Publisher: &hooks.Party{Remote: "192.0.2.1", Conn: 7, Encoder: "OBS"}, InsteadOf: &hooks.Party{Remote: "192.0.2.2", Conn: 6},
	Reason: "silent", Standby: true, Repairs: map[string]uint64{"audio missing": 3}, Sum: &hooks.Sum{Duration: 1.5, Bytes: 7},
	Tracks: []hooks.Track{
		{ID: "v0", Codec: "H.264", Codecs: "avc1.64001F", Width: 1280, Height: 720, FrameRate: 29.97},
		{ID: "a0", Codec: "AAC", Codecs: "mp4a.40.2", SampleRate: 48000, Channels: 2, Language: "de", Title: "Ton"},
	},
}

// deliver tells a program of events of one stream until as many came as are wanted, or all patience has ended. It
// returns what became of them, and the log.
func deliver(t *testing.T, h *hooks.Hook, done func(hooks.Tally) bool, kinds ...string) (hooks.Tally, string) {
	t.Helper()
	log := &book{}
	r := hooks.NewReceiver(h, []string{"publish", "unpublish", "start"}, zerolog.New(log))
	r.Hasten(time.Millisecond)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { r.Run(ctx, ctx) })
	for _, kind := range kinds {
		r.Tell(hooks.Event{Kind: kind, Time: noon, Details: details, Publisher: publisher})
	}
	for deadline := time.Now().Add(patience); !done(r.Tally()); {
		if time.Now().After(deadline) {
			t.Errorf("never came: %+v\n%s", r.Tally(), log)
			break
		}
		time.Sleep(time.Millisecond)
	}
	return r.Tally(), log.String()
}

func settled(n int) func(hooks.Tally) bool {
	return func(t hooks.Tally) bool { return t.Delivered+t.Failed == uint64(n) && t.Waiting == 0 }
}

// TestBodies has each format tell what programs for it expect.
func TestBodies(t *testing.T) {
	p := newProgram(t)
	p.says(200, "")
	tell := func(format hooks.Format, kind string) {
		t.Helper()
		if tally, _ := deliver(t, p.hook(format), settled(1), kind); tally.Delivered != 1 {
			t.Errorf("%s: %+v", format, tally)
		}
	}
	tell(hooks.Sluice, "start")
	id := p.fields.Get("Webhook-Id")
	want := `{"type":"stream.start","id":"` + id + `","timestamp":"2026-06-01T12:00:00Z","data":{"app":"live","name":"show",` +
		`"publisher":{"remote":"192.0.2.1","conn":7,"encoder":"OBS"},"standby":true,"instead_of":{"remote":"192.0.2.2","conn":6},"reason":"silent","tracks":[` +
		`{"id":"v0","codec":"H.264","codecs":"avc1.64001F","width":1280,"height":720,"frame_rate":29.97},` +
		`{"id":"a0","codec":"AAC","codecs":"mp4a.40.2","sample_rate":48000,"channels":2,"language":"de","title":"Ton"}],"repairs":{"audio missing":3},"duration":1.5,"bytes":7}}`
	if diff := cmp.Diff(want, p.asked); diff != "" || !strings.HasPrefix(id, "msg_") {
		t.Errorf("%q: %s", id, diff)
	}
	for kind, call := range map[string]string{"publish": "publish", "unpublish": "publish_done"} {
		tell(hooks.NginxRTMP, kind)
		if form, err := url.ParseQuery(p.asked); err != nil || form.Get("call") != call || form.Get("name") != "show" || form.Get("addr") != "192.0.2.1" {
			t.Errorf("%s: %v, %v", kind, form, err)
		}
		tell(hooks.SRS, kind)
		var got map[string]string
		if err := json.Unmarshal([]byte(p.asked), &got); err != nil || got["action"] != "on_"+kind || got["stream"] != "show" || got["client_id"] != "7" {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
}

// A listener answers connections as it likes, without HTTP.
func listener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return "http://user:password@" + ln.Addr().String() + "/?key=in-the-url"
}

// TestReceiversThatMisbehave has programs fail in many ways, at first or for ever. What is said of that has
// no secret in it, nor more of their answers than a line.
func TestReceiversThatMisbehave(t *testing.T) {
	closed := listener(t, func(net.Conn) {})
	request := func(conn net.Conn) { // until its body, which is one write
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = conn.Read(make([]byte, 64<<10))
	}
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  hooks.Tally
	}{
		"hangs":  {func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, hooks.Tally{Failed: 1, Retried: 9}},
		"closes": {func(net.Conn) {}, hooks.Tally{Failed: 1, Retried: 9}},
		"speaks no HTTP": {func(conn net.Conn) {
			request(conn)
			_, _ = io.WriteString(conn, strings.Repeat("garbage ", 1<<12)+"\r\n")
		}, hooks.Tally{Failed: 1, Retried: 9}},
		"floods with fields": {func(conn net.Conn) { request(conn); flood(conn, "HTTP/1.1 200 OK\r\n", "X-Much: more\r\n") }, hooks.Tally{Failed: 1, Retried: 9}},
		"floods with 1xx":    {func(conn net.Conn) { request(conn); flood(conn, "", "HTTP/1.1 103 Early Hints\r\n\r\n") }, hooks.Tally{Failed: 1, Retried: 9}},
		"floods": {
			func(conn net.Conn) { request(conn); flood(conn, "HTTP/1.1 200 OK\r\n\r\n", "more and more") }, hooks.Tally{Delivered: 1},
		},
		"floods behind a failure": {
			func(conn net.Conn) { request(conn); flood(conn, "HTTP/1.1 500 No\r\n\r\n", "more and more") }, hooks.Tally{Failed: 1, Retried: 9},
		},
		"has a slow body": {
			func(conn net.Conn) {
				request(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
				_, _ = io.Copy(io.Discard, conn)
			}, hooks.Tally{Delivered: 1},
		},
		"redirects": {
			func(conn net.Conn) {
				request(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 308 There\r\nLocation: "+closed+"\r\nContent-Length: 0\r\n\r\n")
			}, hooks.Tally{Failed: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &hooks.Hook{URL: listener(t, c.serve), Format: hooks.Sluice, Limit: 200 * time.Millisecond, Client: hooks.NewClient(), Now: time.Now}
			got, log := deliver(t, h, settled(1), "start")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(log, "in-the-url") || strings.Contains(log, "password") || len(log) > 2000 {
				t.Errorf("%d bytes in the log: %s", len(log), log)
			}
			if (c.want.Failed > 0) != strings.Contains(log, "an event is lost") {
				t.Errorf("the log says %s", log)
			}
		})
	}
	h := &hooks.Hook{URL: "http://127.0.0.1:1/?key=in-the-url", Format: hooks.Sluice, Limit: time.Second, Client: hooks.NewClient(), Now: time.Now}
	if got, log := deliver(t, h, settled(1), "start"); got.Retried != 9 || strings.Contains(log, "in-the-url") || !strings.Contains(log, "connection refused") {
		t.Errorf("one that is away: %+v: %s", got, log)
	}
}

// flood writes something, and then other things until nobody reads.
func flood(conn net.Conn, first, more string) {
	_, _ = io.WriteString(conn, first)
	more = strings.Repeat(more, 1000)
	for {
		if _, err := io.WriteString(conn, more); err != nil {
			return
		}
	}
}

// TestTriesAreOneMessage has a program fail twice: it gets the same message, under one identifier, and each try
// signed by itself, before the next of the stream.
func TestTriesAreOneMessage(t *testing.T) {
	p := newProgram(t)
	secret := []byte("a secret")
	h := p.hook(hooks.Sluice)
	h.Secret, h.Now = secret, time.Now
	tries := 0
	var ids, bodies []string
	p.does(func(w http.ResponseWriter) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(p.fields.Get("Webhook-Id") + "." + p.fields.Get("Webhook-Timestamp") + "." + p.asked))
		if p.fields.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Error("the signature is wrong")
		}
		ids, bodies = append(ids, p.fields.Get("Webhook-Id")), append(bodies, p.asked)
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	got, _ := deliver(t, h, settled(2), "publish", "start")
	if diff := cmp.Diff(hooks.Tally{Delivered: 2, Retried: 2}, got); diff != "" {
		t.Error(diff)
	}
	if len(ids) != 4 || ids[0] != ids[1] || ids[1] != ids[2] || ids[2] == ids[3] || bodies[0] != bodies[2] || !strings.Contains(bodies[3], "stream.start") {
		t.Errorf("%q %q", ids, bodies)
	}
}

func TestSecrets(t *testing.T) {
	for text, want := range map[string]string{"a secret\n": "a secret", " whsec_YSBzZWNyZXQ= ": "a secret", "": "", "\n": "", "whsec_": "", "whsec_?": ""} {
		if got, err := hooks.ParseSecret([]byte(text)); string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestFormatsOfEvents(t *testing.T) {
	for format, want := range map[hooks.Format]bool{hooks.Sluice: true, hooks.NginxRTMP: false, hooks.SRS: false, hooks.MediaMTX: false} {
		if err := format.CheckEvents("unpublish", "start"); (err == nil) != want {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := hooks.NginxRTMP.CheckEvents("publish", "unpublish"); err != nil {
		t.Error(err)
	}
	if err := hooks.MediaMTX.CheckEvents("publish"); err == nil {
		t.Error("MediaMTX tells of nothing")
	}
}
