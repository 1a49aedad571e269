package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/certs/certstest"
)

// seen returns the serial number of the certificate that a client gets who asks for a host, or
// for none.
func seen(t *testing.T, source Source, authority *certstest.Authority, host string) string {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	done := make(chan error, 1)
	go func() { done <- tls.Server(server, source.Config()).Handshake() }()
	config := authority.Client(host)
	config.InsecureSkipVerify = true // it may be that of another host
	conn := tls.Client(client, config)
	if err := errors.Join(conn.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func open(t *testing.T, files ...certstest.Files) *Files {
	t.Helper()
	var pairs []Pair
	for _, f := range files {
		pairs = append(pairs, Pair{f.Certificate, f.Key})
	}
	source, err := OpenFiles(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestPairsByName(t *testing.T) {
	t.Parallel()
	authority := certstest.NewAuthority(t)
	source := open(t, authority.NewFiles("a.example"), authority.NewFiles("b.example", "*.b.example"))
	want := map[string]string{"a.example": "2", "b.example": "3", "www.b.example": "3", "c.example": "2", "": "2"}
	got := make(map[string]string)
	for host := range want {
		got[host] = seen(t, source, authority, host)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	authority := certstest.NewAuthority(t)
	source := open(t, authority.NewFiles("a.example"))
	client, server := net.Pipe()
	defer client.Close()
	done := make(chan error, 1)
	go func() {
		defer server.Close()
		done <- tls.Server(server, source.Config()).Handshake()
	}()
	config := authority.Client("a.example")
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if err := tls.Client(client, config).Handshake(); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "version") {
		t.Error(err)
	}
}

func TestReplacedFiles(t *testing.T) {
	t.Parallel()
	authority := certstest.NewAuthority(t)
	files := authority.NewFiles("a.example")
	source := open(t, files)
	wants := func(serial string, failing bool) {
		t.Helper()
		if err := source.Refresh(t.Context()); (err != nil) != failing {
			t.Error(err)
		}
		if got := seen(t, source, authority, "a.example"); got != serial {
			t.Errorf("certificate %s, want %s", got, serial)
		}
	}
	wants("2", false)
	wants(files.Replace("a.example"), false)
	_, otherKey := authority.Issue(time.Now().Add(time.Hour), "a.example") // 4
	good, key := authority.Issue(time.Now().Add(time.Hour), "a.example")   // 5
	files.Write(good, otherKey)
	wants("3", false) // the other half may come
	files.Write(good, key)
	wants("5", false)
	files.Write(good[:len(good)/2], key)
	wants("5", false)
	wants("5", true) // but not after all that time
	wants("5", true)
	if err := os.Remove(files.Certificate); err != nil {
		t.Fatal(err)
	}
	wants("5", true)
	wants(files.Replace("a.example"), false)
}

// Certbot has symbolic links to files, Kubernetes to a folder, which they replace.
func TestReplacedLinks(t *testing.T) {
	t.Parallel()
	authority := certstest.NewAuthority(t)
	dir := t.TempDir()
	files := certstest.Files{Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
	point := func(link, to string) {
		t.Helper()
		if err := os.Symlink(to, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		folder := filepath.Join(dir, fmt.Sprint("..", i))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		certificate, key := authority.Issue(time.Now().Add(time.Hour), "a.example")
		for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
			path := filepath.Join(folder, name)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil { // of the same size and time
				t.Fatal(err)
			}
		}
	}
	point(filepath.Join(dir, "..data"), "..0")
	point(files.Certificate, "..data/tls.crt")
	point(files.Key, "..data/tls.key")
	source := open(t, files)
	refresh := func(want string) {
		t.Helper()
		if err := source.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		if got := seen(t, source, authority, "a.example"); got != want {
			t.Errorf("certificate %s, want %s", got, want)
		}
	}
	refresh("2")
	point(filepath.Join(dir, "..data"), "..1") // Kubernetes
	refresh("3")
	point(files.Certificate, "..2/tls.crt") // certbot
	refresh("3")
	point(files.Key, "..2/tls.key")
	refresh("4")
}

func TestFilesThatCannotBe(t *testing.T) {
	t.Parallel()
	authority := certstest.NewAuthority(t)
	certificate, key := authority.Issue(time.Now().Add(time.Hour), "a.example")
	_, other := authority.Issue(time.Now().Add(time.Hour), "a.example")
	for _, c := range []struct {
		name             string
		certificate, key []byte
		ofKey            bool
		want             string
	}{
		{"no certificate", nil, key, false, "no such file"},
		{"no key", certificate, nil, true, "no such file"},
		{"the files are mixed up", key, certificate, false, "there is no certificate in PEM in it"},
		{"cut off", certificate[:len(certificate)/2], key, false, "there is no certificate in PEM in it"},
		{"the key is none", certificate, []byte("secret"), true, "failed to find any PEM data in key input"},
		{"the key of another", certificate, other, true, "private key does not match public key"},
	} {
		files := certstest.Files{Certificate: filepath.Join(t.TempDir(), "c.pem"), Key: filepath.Join(t.TempDir(), "k.pem")}
		for path, content := range map[string][]byte{files.Certificate: c.certificate, files.Key: c.key} {
			if content == nil {
				continue
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := OpenFiles([]Pair{{files.Certificate, files.Key}})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrKey) != c.ofKey {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if path := map[bool]string{false: files.Certificate, true: files.Key}[c.ofKey]; !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v does not name %s", c.name, err, path)
		}
	}
}
