package gateway_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sluice/pkg/access"
)

// TestPublishAuthorisation has a real ffmpeg publish with each kind of token: right, wrong, expired, for
// another stream, in each place where it may stand. Nothing of what is presented is in the log.
func TestPublishAuthorisation(t *testing.T) {
	t.Parallel()
	secret := []byte(strings.Repeat("secret!!", 4))
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	one, two, all := access.NewKey(), access.NewKey(), access.NewKey()
	keys := `{"live/show": ["` + access.HashOf(one).String() + `", "` + access.HashOf(two).String() + `"], "studio/*": ["` + access.HashOf(all).String() + `"]}`
	s := start(t, "publish.keys", keys, "publish.jwt.secret_file", file, "publish.jwt.audience", "sluice")
	token := func(scope string, expires time.Duration) string {
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"scope": scope, "aud": "sluice", "exp": time.Now().Add(expires).Unix()}).SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	right, other, expired := token("publish:live/show", time.Hour), token("publish:live/other", time.Hour), token("publish:*", -time.Hour)
	clip := makeClip(t, 1)
	for _, c := range []struct {
		what, url, stream string // the stream that is published, empty for none
	}{
		{"a key", "/live/show?token=" + one, "live/show"},
		{"another key", "/live/show?token=" + two, "live/show"},
		{"in place of the name", "/live/" + one, "live/show"},
		{"of an application", "/studio/a?token=" + all, "studio/a"},
		{"a token", "/live/show?token=" + right, "live/show"},
		{"no token", "/live/show", ""},
		{"a wrong one", "/live/show?token=" + one + "x", ""},
		{"a key on another name", "/live/other?token=" + one, ""},
		{"a key in another application", "/studio/" + one, ""},
		{"the same with something behind it", "/studio/" + one + "?title=x", ""},
		{"a token on another name", "/live/show?token=" + other, ""},
		{"a token that has expired", "/live/show?token=" + expired, ""},
		{"half a token", "/live/show?token=" + right[:len(right)-9], ""},
	} {
		before := len(s.log.find("publishing started"))
		err := ffmpeg("-re", "-i", clip, "-c", "copy", "-f", "flv", s.rtmp+c.url)
		began := s.log.find("publishing started")[before:]
		switch {
		case c.stream == "" && (err == nil || len(began) > 0):
			t.Errorf("%s: %v, and %v", c.what, err, began)
		case c.stream == "" && !strings.Contains(err.Error(), "not authorized"):
			t.Errorf("%s: ffmpeg says %v", c.what, err)
		case c.stream != "" && (err != nil || len(began) != 1 || began[0]["stream"] != c.stream):
			t.Errorf("%s: %v, and %v", c.what, err, began)
		}
	}
	for _, event := range s.log.find("RTMP stream refused") {
		if event["code"] != "NetStream.Publish.Unauthorized" {
			t.Errorf("%v", event)
		}
	}
	log := s.log.String()
	for _, presented := range []string{one, two, all, right, other, expired, right[:len(right)-9]} {
		if strings.Contains(log, presented) {
			t.Errorf("%s is in the log:\n%s", presented, log)
		}
	}
	for _, reason := range []string{"no such key", "token is expired", `has no publish:live/show`, "signature is invalid"} {
		if !strings.Contains(log, reason) {
			t.Errorf("the log does not say %q:\n%s", reason, log)
		}
	}
	if strings.Contains(log, "anyone who reaches the RTMP port may publish") {
		t.Error("the log warns of what is not so")
	}
}

// TestWatchAuthorisation has a real ffmpeg play with tokens of both kinds: right, wrong, expired and for another
// stream. None of them is in the log.
func TestWatchAuthorisation(t *testing.T) {
	t.Parallel()
	secret := []byte(strings.Repeat("secret!!", 4))
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, append(secret, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	pemFile := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "watch.secret_file", file, "watch.jwt.public_key_file", pemFile, "log.level", "debug", "stream.linger", "1m")
	s.broadcast("live/show")
	token := func(scope access.Scope, expires time.Duration) string {
		return string(access.MakeToken(secret, scope, time.Now().Add(expires)))
	}
	webToken := func(scope string) string {
		text, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"scope": scope, "exp": time.Now().Add(time.Hour).Unix()}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	all := token("*", time.Hour)
	s.playing("t/"+all+"/live/show", 2)
	for _, c := range []struct {
		what, token string
		good        bool
	}{
		{"a token", token("live/show", time.Hour), true},
		{"one of the application", token("live/*", time.Hour), true},
		{"a JSON Web Token", webToken("watch:live/show"), true},
		{"none", "", false},
		{"an expired one", token("*", -time.Second), false},
		{"one for another stream", token("live/other", time.Hour), false},
		{"one to publish with", webToken("publish:live/show"), false},
		{"a forged one", string(access.MakeToken([]byte(strings.Repeat("x", 32)), "*", time.Now().Add(time.Hour))), false},
	} {
		for _, file := range []string{"index.m3u8", "index.mpd"} {
			err := ffmpeg("-i", s.http+"/t/"+c.token+"/live/show/"+file, "-t", "1", "-f", "null", "-")
			if (err == nil) != c.good {
				t.Errorf("%s with %s: %v", file, c.what, err)
			}
			if err != nil && !strings.Contains(err.Error(), "403") {
				t.Errorf("%s with %s: %v, want 403", file, c.what, err)
			}
		}
		if log := s.log.String(); c.token != "" && strings.Contains(log, c.token) {
			t.Errorf("%s is in the log:\n%s", c.what, log)
		}
	}
	if status, _ := s.try("/live/show/v0/index.m3u8"); status != 403 {
		t.Errorf("without a token: %d", status)
	}
}

// TestPublishWebhook has a real ffmpeg publish what a program says of: it lets in, renames, refuses, fails and hangs.
func TestPublishWebhook(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		switch name := r.PostForm.Get("name"); name {
		case "yes":
		case "other":
			w.Header().Set("Location", "public")
			w.WriteHeader(http.StatusFound)
		case "hangs":
			<-release
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer program.Close()
	defer close(release)
	key := access.NewKey()
	s := start(t, "publish.webhook.url", program.URL, "publish.webhook.format", "nginx-rtmp", "publish.webhook.timeout", "500ms", "publish.keys", `{"live/mine": ["`+access.HashOf(key).String()+`"]}`)
	clip := makeClip(t, 1)
	for url, want := range map[string]string{
		"/live/yes": "live/yes", "/live/other?token=x": "live/public", "/live/mine?token=" + key: "live/mine", "/live/no": "", "/live/hangs": "",
	} {
		before := len(s.log.find("publishing started"))
		err := ffmpeg("-re", "-i", clip, "-c", "copy", "-f", "flv", s.rtmp+url)
		began := s.log.find("publishing started")[before:]
		if want == "" && (err == nil || !strings.Contains(err.Error(), "not authorized") || len(began) > 0) || want != "" && (err != nil || len(began) != 1 || began[0]["stream"] != want) {
			t.Errorf("%s: %v, and %v", url, err, began)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "did not answer in time") || !strings.Contains(log, "the webhook refuses it") {
		t.Errorf("the log does not say why:\n%s", log)
	}
}
