package gateway_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sluice/pkg/access"
	"sluice/pkg/config"
	"sluice/pkg/gateway"
)

// A house is a gateway whose settings are in a file.
type house struct {
	*server
	path string
	fix  []string // keys and values that are over the file
	hup  chan os.Signal
}

func (h *house) load() (config.Config, error) {
	cfg, err := config.Load(h.path, nil)
	for i := 0; i < len(h.fix); i += 2 {
		err = errors.Join(err, cfg.Set("test", h.fix[i], h.fix[i+1]))
	}
	return cfg, errors.Join(err, cfg.Validate())
}

// write replaces the file as editors and Kubernetes do.
func (h *house) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(h.path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(h.path+".new", h.path); err != nil {
		t.Fatal(err)
	}
}

// TestReload has keys, a secret and other settings change while a real ffmpeg publishes: by the file, by its being wrong
// meanwhile, by SIGHUP and by the API. Nothing that is on air is disturbed, and what cannot change stays and is named.
func TestReload(t *testing.T) {
	t.Parallel()
	token, secret := strings.Repeat("0123456789abcdef", 2), strings.Repeat("secret!!", 4)
	dir := t.TempDir()
	h := &house{path: filepath.Join(dir, "sluice.yml"), hup: make(chan os.Signal, 1)}
	h.fix = []string{
		"rtmp.address", "127.0.0.1:0", "http.address", "127.0.0.1:0", "store.path", t.TempDir(),
		"api.address", "127.0.0.1:0", "api.token_file", file(t, token),
	}
	old, young := access.NewKey(), access.NewKey()
	keys := func(keys ...string) string {
		var all []string
		for _, k := range keys {
			all = append(all, access.HashOf(k).String())
		}
		return "publish:\n  keys:\n    'live/*': ['" + strings.Join(all, "', '") + "']\n"
	}
	h.write(t, keys(old))
	cfg, err := h.load()
	if err != nil {
		t.Fatal(err)
	}
	h.server = startWith(t, cfg, func(g *gateway.Gateway) {
		g.ReloadBy(gateway.Reloading{Load: h.load, Asked: h.hup, Level: func(zerolog.Level) {}})
	})
	o := operator{h.server, token}
	clip := makeClip(t, 30)
	published := make(chan error, 1)
	go func() { published <- h.publish(clip, "live/show?token="+old) }()
	h.playing("live/show", 1)
	reloads := func() int { return len(h.log.find("settings reloaded")) }
	admits := func(key string) bool {
		t.Helper()
		return ffmpeg("-i", clip, "-t", "0.2", "-c", "copy", "-f", "flv", h.rtmp+"/live/other?token="+key) == nil
	}
	if !admits(old) || admits(young) {
		t.Fatal("the keys are not those of the file")
	}

	h.write(t, keys(young)+"window: {duration: 1m}\nlimits: {publishers: 7}\n")
	eventually(t, "a reload", func() bool { return reloads() == 1 })
	event := h.log.find("settings reloaded")[0]
	if text := func(v any) string { s, _ := v.([]any); return strings.Trim(strings.Join(texts(s), " "), " ") }; text(event["changed"]) != "publish.keys limits.publishers" || text(event["needs_restart"]) != "window.duration" {
		t.Errorf("%v", event)
	}
	if admits(old) || !admits(young) {
		t.Error("the keys are not those of the new file")
	}

	h.write(t, "publish: {key: x}\n")
	eventually(t, "a complaint", func() bool { return len(h.log.find("settings are not reloaded: those before stay in force")) == 1 })
	if !admits(young) {
		t.Error("a file that is wrong changed something")
	}
	if status := o.call("POST", "/reload", "", nil); status != http.StatusConflict {
		t.Errorf("the API reloads what is wrong: %d", status)
	}

	watch := filepath.Join(dir, "secret")
	if err := os.WriteFile(watch, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	before := reloads()
	h.write(t, keys(young)+"watch: {secret_file: '"+watch+"'}\n")
	h.hup <- os.Interrupt
	eventually(t, "a reload when it is asked for", func() bool { return reloads() > before })
	if status, _ := h.try("/live/show/index.m3u8"); status != http.StatusForbidden {
		t.Errorf("without a token: %d", status)
	}
	var made struct{ Prefix string }
	o.call("POST", "/tokens", `{"scope": "live/show"}`, &made)
	h.get(made.Prefix + "/live/show/index.m3u8")

	before = reloads()
	if err := os.WriteFile(watch, []byte(strings.Repeat("another!", 4)), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a reload of a secret", func() bool { return reloads() > before })
	if status, _ := h.try(made.Prefix + "/live/show/index.m3u8"); status != http.StatusForbidden {
		t.Errorf("with a token of a secret that has gone: %d", status)
	}

	h.write(t, keys(young))
	var done struct{ Changed, NeedsRestart []string }
	eventually(t, "no secret", func() bool {
		if status := o.call("POST", "/reload", "", &done); status != http.StatusOK {
			t.Errorf("the API: %d", status)
		}
		status, _ := h.try("/live/show/index.m3u8")
		return status == http.StatusOK
	})
	if n := len(h.log.find("who may watch is no longer configured: anyone who reaches the HTTP port may")); n != 1 {
		t.Errorf("the log warns %d times that everybody may watch", n)
	}
	h.write(t, "limits: {publishers: 7}\n")
	eventually(t, "a warning that everybody may publish", func() bool {
		return len(h.log.find("no authorisation is configured: anyone who reaches the RTMP port may publish")) == 1
	})
	if err := <-published; err != nil {
		t.Errorf("who published was disturbed: %v", err)
	}
	list := h.get("/live/show/v0/index.m3u8")
	if strings.Contains(list, "EXT-X-DISCONTINUITY\n") || strings.Contains(list, "EXT-X-GAP") {
		t.Errorf("the stream was disturbed:\n%s", list)
	}
}

// texts returns those among values.
func texts(values []any) (all []string) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return slices.Clip(all)
}
