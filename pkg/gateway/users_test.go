package gateway_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"sluice/pkg/access"
)

// A tap passes connections on, and keeps what clients say on each.
type tap struct {
	net.Listener
	to      string
	passing sync.WaitGroup

	mu    sync.Mutex
	heard []*bytes.Buffer
}

// newTap returns one in front of an address.
func newTap(t *testing.T, to string) *tap {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{Listener: ln, to: to}
	p.passing.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			p.passing.Go(func() { p.pass(near) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		p.passing.Wait()
	})
	return p
}

func (p *tap) pass(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer far.Close()
	heard := &bytes.Buffer{}
	p.mu.Lock()
	p.heard = append(p.heard, heard)
	p.mu.Unlock()
	p.passing.Go(func() {
		_, _ = io.Copy(near, far)
		_ = near.Close()
	})
	_, _ = io.Copy(io.MultiWriter(far, heard), near)
}

// TestPublishUsers has a real ffmpeg publish with user and password: right, wrong, of nobody, for another stream, and what
// it said once more. In an application in which keys are good, too, it is not asked, and keys stay good.
func TestPublishUsers(t *testing.T) {
	t.Parallel()
	key := access.NewKey()
	anna, err := access.NewEntry("anna", "pass-word")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "publish.users", `{"studio/*": ["`+anna.String()+`"], "live/show": ["`+anna.String()+`"], "single/one": ["`+anna.String()+`"]}`,
		"publish.keys", `{"live/show": ["`+access.HashOf(key).String()+`"]}`)
	line := newTap(t, strings.TrimPrefix(s.rtmp, "rtmp://"))
	clip := makeClip(t, 1)
	for _, c := range []struct {
		what, user, path, stream string // the stream that is published, empty for none
		says                     string // what ffmpeg says then
	}{
		{"user and password", "anna:pass-word@", "/studio/show", "studio/show", ""},
		{"a wrong password", "anna:password@", "/studio/show", "", "Incorrect username/password"},
		{"a user that there is none of", "ben:pass-word@", "/studio/show", "", "Incorrect username/password"},
		{"no user", "", "/studio/show", "", "No credentials set"},
		{"another stream", "anna:pass-word@", "/single/other", "", "not authorized"},
		{"the stream", "anna:pass-word@", "/single/one", "single/one", ""},
		{"a key where there are users", "", "/live/show?token=" + key, "live/show", ""},
		{"one in place of the name", "", "/live/" + key, "live/show", ""},
		{"a user where there are keys", "anna:pass-word@", "/live/show", "", "not authorized"},
		{"one who says so", "anna:pass-word@", "/live?authmod=adobe&user=anna/show", "live/show", ""},
		{"an application without users", "", "/vod/show", "", "not authorized"},
	} {
		before := len(s.log.find("publishing started"))
		err := ffmpeg("-re", "-i", clip, "-c", "copy", "-f", "flv", "rtmp://"+c.user+line.Addr().String()+c.path)
		began := s.log.find("publishing started")[before:]
		switch {
		case c.stream == "" && (err == nil || len(began) > 0 || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, and %v", c.what, err, began)
		case c.stream != "" && (err != nil || len(began) != 1 || began[0]["stream"] != c.stream):
			t.Errorf("%s: %v, and %v", c.what, err, began)
		}
		if c.user != "" && c.stream != "" && len(began) == 1 && began[0]["user"] != "anna" {
			t.Errorf("%s: %v", c.what, began)
		}
	}
	line.mu.Lock()
	third := line.heard[2].Bytes() // of the first try
	line.mu.Unlock()
	conn := s.dial()
	if _, err := conn.Write(third); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, conn)
	reasons := ""
	for _, e := range s.log.find("RTMP connection refused") {
		reasons += e["reason"].(string) + "\n"
	}
	for _, reason := range []string{"the response was used before", "user anna: the password is wrong", "there is no such user"} {
		if !strings.Contains(reasons, reason) {
			t.Errorf("the log does not say %q:\n%s", reason, s.log)
		}
	}
	for _, secret := range []string{"pass-word", anna.Hash, anna.Salt, "response=", key} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, s.log)
		}
	}
}
