package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/access"
	"sluice/pkg/monitor"
)

// An operator calls the API.
type operator struct {
	*server
	token string
}

// call returns the status of an answer, and has what it says in out, if that is not nil.
func (o operator) call(method, path, body string, out any) int {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.api+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := o.client.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		o.t.Fatalf("%s %s: %d %s: %v", method, path, answer.StatusCode, text, err)
	}
	return answer.StatusCode
}

// file writes what a test needs in a file, and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOperating has real ffmpegs publish, one of them with key frames that are far apart, and an operator look
// at them, make a token to watch one, send its publisher away and end it.
func TestOperating(t *testing.T) {
	t.Parallel()
	key, token := access.NewKey(), strings.Repeat("0123456789abcdef", 2)
	user, err := access.NewEntry("anna", "a password")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t,
		"api.address", "127.0.0.1:0", "api.token_file", file(t, token+"\n"), "stream.linger", "1m", "watch.secret_file", file(t, strings.Repeat("secret!!", 4)),
		"publish.keys", `{"*": ["`+access.HashOf(key).String()+`"]}`, "publish.users", `{"*": ["`+user.String()+`"]}`,
	)
	o := operator{s, token}
	if status := (operator{s, "x" + token}).call("GET", "/streams", "", nil); status != http.StatusUnauthorized {
		t.Errorf("a wrong token: %d", status)
	}
	if status, _ := s.try("/api/v1/streams"); status == http.StatusOK {
		t.Error("the API is where players are")
	}
	publishers := make(chan error, 2)
	for name, group := range map[string]string{"good": "60", "long": "120"} {
		clip := makeClip(t, 60, "-g", group)
		go func() { publishers <- s.publish(clip, "live/"+name+"?token="+key) }()
	}
	report := func(name string) (r monitor.Report) {
		t.Helper()
		o.call("GET", "/streams/live/"+name, "", &r)
		return r
	}
	found := func(r monitor.Report, code string) bool {
		return slices.ContainsFunc(r.Findings, func(f monitor.Finding) bool { return f.Code == code })
	}
	eventually(t, "findings", func() bool { return found(report("long"), "key-frames-far-apart") && found(report("good"), "b-frames") })
	good := report("good")
	if found(good, "key-frames-far-apart") || !good.Live || !good.Ready || len(good.Tracks) != 2 || good.Tracks[0].FrameRate < 29 || good.Tracks[0].FrameRate > 31 {
		t.Errorf("%+v", good)
	}
	if p := good.Publisher; p == nil || !strings.Contains(p.Encoder, "Lavf") || p.Conn == 0 || !strings.HasPrefix(p.Address, "127.0.0.1:") {
		t.Errorf("publisher: %+v", p)
	}

	var made struct{ Prefix string }
	if status := o.call("POST", "/tokens", `{"scope": "live/good", "lifetime": 60}`, &made); status != http.StatusCreated {
		t.Fatalf("a token: %d", status)
	}
	s.get(made.Prefix + "/live/good/v0/index.m3u8")
	for _, path := range []string{"/live/good/v0/index.m3u8", made.Prefix + "/live/long/index.m3u8", made.Prefix + "/status.json", "/live/good/status.json"} {
		if status, body := s.try(path); status != http.StatusForbidden {
			t.Errorf("GET %s: %d %s", path, status, body)
		}
	}
	if text := s.get(made.Prefix + "/live/good/status.json"); strings.Contains(text, "127.0.0.1") || !strings.Contains(text, `"history":[{`) {
		t.Errorf("viewers are told %s", text)
	}
	eventually(t, "a viewer", func() bool { return report("good").Viewers == 1 && report("long").Viewers == 0 })
	if text := s.get("/metrics"); !strings.Contains(text, `sluice_stream_finding{finding="key-frames-far-apart",level="warning",stream="live/long"} 1`) {
		t.Errorf("metrics:\n%s", text)
	}

	var config json.RawMessage
	o.call("GET", "/config", "", &config)
	for _, secret := range []string{access.HashOf(key).String(), user.Hash, token, "secret!!"} {
		if strings.Contains(string(config), secret) {
			t.Errorf("the configuration has %s: %s", secret, config)
		}
	}

	if status := o.call("DELETE", "/streams/live/good/publisher", "", nil); status != http.StatusNoContent {
		t.Errorf("kick: %d", status)
	}
	if err := <-publishers; err == nil {
		t.Error("the publisher was not sent away")
	}
	eventually(t, "a stream that waits", func() bool { r := report("good"); return !r.Live && !r.Ended })
	if r := report("long"); !r.Live {
		t.Errorf("the other one: %+v", r)
	}
	if status := o.call("DELETE", "/streams/live/long", "", nil); status != http.StatusNoContent {
		t.Errorf("end: %d", status)
	}
	if err := <-publishers; err == nil {
		t.Error("the publisher of what was ended was not sent away")
	}
	eventually(t, "an end", func() bool { r := report("long"); return !r.Live && r.Ended })
	if status := o.call("DELETE", "/streams/live/nothing", "", nil); status != http.StatusNotFound {
		t.Errorf("end of nothing: %d", status)
	}
}
