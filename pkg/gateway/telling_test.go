package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/hooks"
)

// badReceivers starts programs that do everything wrong that can be done to who tells them something, and
// returns their addresses.
func badReceivers(t *testing.T) []string {
	t.Helper()
	release := make(chan struct{})
	var all []string
	for _, respond := range []http.HandlerFunc{
		func(http.ResponseWriter, *http.Request) { <-release },
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
		func(w http.ResponseWriter, _ *http.Request) { // floods
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
		func(w http.ResponseWriter, r *http.Request) { // has a slow body
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte("."))
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(50 * time.Millisecond):
				case <-release:
					return
				}
			}
		},
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		},
	} {
		program := httptest.NewServer(respond)
		t.Cleanup(program.Close)
		all = append(all, program.URL)
	}
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // whose connections nobody takes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = deaf.Close()
		close(release) // before the programs close, which wait
	})
	away := httptest.NewServer(nil)
	away.Close()
	return append(all, "http://"+deaf.Addr().String(), away.URL)
}

// A taker is a program that takes what it is told.
type taker struct {
	*httptest.Server
	mu   sync.Mutex
	told []hooks.Details
	what []string
}

func newTaker(t *testing.T) *taker {
	p := &taker{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var e struct {
			Type string
			Data hooks.Details
		}
		if err := json.Unmarshal(content, &e); err != nil {
			t.Errorf("%s: %v", content, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.what, p.told = append(p.what, e.Type), append(p.told, e.Data)
	}))
	t.Cleanup(p.Close)
	return p
}

// lines returns what it was told, in order.
func (p *taker) lines() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for i, d := range p.told {
		line := p.what[i] + " " + d.App + "/" + d.Name
		if d.Publisher != nil {
			line += " by " + d.Publisher.Encoder
		}
		for _, t := range d.Tracks {
			line += fmt.Sprintf(", %s %s %dx%d %.0f %d %d", t.ID, t.Codec, t.Width, t.Height, t.FrameRate, t.SampleRate, t.Channels)
		}
		if d.Reason != "" {
			line += ": " + d.Reason
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

// TestWebhooks publishes with a real ffmpeg while all receivers but one do what they should not: that one is told
// everything, and viewers get every frame.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	good := newTaker(t)
	list := []string{`{url: "` + good.URL + `"}`}
	for _, bad := range badReceivers(t) {
		list = append(list, `{url: "`+strings.Replace(bad, "//", "//user:password@", 1)+`/?key=in-the-url", timeout: 500ms}`)
	}
	s := start(t, "webhooks", "["+strings.Join(list, ", ")+"]")
	clip := makeClip(t, 8)
	if err := s.publish(clip, "live/show?token=presented"); err != nil {
		t.Fatal(err)
	}
	s.ended("live/show", "v0")
	want := fromFirstKeyFrame(packets(t, clip))
	for _, form := range []string{"index.m3u8", "index.mpd"} {
		compare(t, form, s.packetsOf("live/show", form, want), want)
	}
	eventually(t, "the end", func() bool { return strings.Contains(good.lines(), "stream.end ") })
	wantLines := `stream.publish live/show by FMLE/3.0 (compatible; Lavf59.27)
stream.start live/show by FMLE/3.0 (compatible; Lavf59.27), v0 H.264 480x270 30 0 0, a0 AAC 0x0 0 44100 1
stream.unpublish live/show by FMLE/3.0 (compatible; Lavf59.27): unpublished
stream.end live/show: abandoned`
	if diff := cmp.Diff(wantLines, regexp.MustCompile(`Lavf[\d.]+`).ReplaceAllString(good.lines(), "Lavf59.27")); diff != "" {
		t.Error(diff)
	}
	last := good.told[len(good.told)-1]
	if left := good.told[2]; left.Sum == nil || left.Bytes < 8*10_000 || left.Duration < 7 || last.Bytes != left.Bytes {
		t.Errorf("%+v, and the stream %+v", left.Sum, last.Sum)
	}
	if text := s.get("/metrics"); !strings.Contains(text, `sluice_webhook_deliveries_total{result="delivered"}`) || strings.Contains(text, `sluice_webhook_deliveries_total{result="retried"} 0`) {
		t.Error("the metrics say nothing of it")
	}
	s.stop()
	log := s.log.String()
	for _, secret := range []string{"in-the-url", "password", "presented"} {
		if strings.Contains(log, secret) || strings.Contains(good.lines(), secret) {
			t.Errorf("%s is told:\n%s\n%s", secret, log, good.lines())
		}
	}
	if len(s.log.find("stopped, and left events for a webhook")) == 0 || len(s.log.find("a webhook did not take an event: it is sent again")) == 0 {
		t.Errorf("the log does not say what became of events:\n%s", log)
	}
}

// TestWebhooksOfAnotherServer has a program for nginx-rtmp be told of what it asks for, signed.
func TestWebhooksOfAnotherServer(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_YSBzZWNyZXQ=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	calls := make(chan string, 10)
	program := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Header.Get("Webhook-Signature") == "" {
			t.Errorf("%v, %v", err, r.Header)
		}
		calls <- strings.Join([]string{r.PostForm.Get("call"), r.PostForm.Get("app"), r.PostForm.Get("name"), r.PostForm.Get("tcurl")}, " ")
	}))
	t.Cleanup(program.Close)
	s := start(t, "webhooks", `[{url: "`+program.URL+`", format: nginx-rtmp, secret_file: "`+secret+`", events: [unpublish]}]`)
	if err := s.publish(makeClip(t, 1), "live/show?token=x"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-calls, "publish_done live show "+s.rtmp+"/live"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
