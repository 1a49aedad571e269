package certs

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"sluice/pkg/certs/certstest"
)

// broken returns an authority that fails, and how often it was asked.
func broken(t *testing.T) (url string, asked *atomic.Int64) {
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadRequest) // after others the client tries again
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return server.URL, asked
}

// What was got before is used at once, and without the authority. There is one certificate of
// two hosts: the other is asked for, and then for a while not.
func TestKeptCertificates(t *testing.T) {
	t.Parallel()
	url, asked := broken(t)
	authority, cache := certstest.NewAuthority(t), t.TempDir()
	certificate, key := authority.Issue(time.Now().Add(80*24*time.Hour), "a.example")
	if err := os.WriteFile(filepath.Join(cache, "a.example"), append(key, certificate...), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := OpenACME(Authority{Hosts: []string{"b.example", "A.example"}, Cache: cache, Directory: url})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.take(&tls.ClientHelloInfo{ServerName: "a.example"}); err == nil {
		t.Error("there is a certificate that nobody looked for")
	}
	for range 3 {
		if err := source.Refresh(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "b.example: ") || strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
		if asked.Load() != 1 {
			t.Errorf("the authority was asked %d times", asked.Load())
		}
	}
	for _, host := range []string{"a.example", "b.example", ""} {
		if got := seen(t, source, authority, host); got != "2" {
			t.Errorf("%q got %s", host, got)
		}
	}
	failed := source.attempts["b.example"]
	if failed.next.Before(time.Now()) || failed.pause != shortestPause {
		t.Errorf("%+v", failed)
	}
	for range 10 {
		failed = source.attempts["b.example"]
		failed.next = time.Now()
		source.attempts["b.example"] = failed
		if err := source.Refresh(t.Context()); err == nil {
			t.Error("no error")
		}
	}
	if failed = source.attempts["b.example"]; failed.pause != longestPause {
		t.Errorf("%+v", failed)
	}
}

// Whoever asks for other hosts, as viewers may, makes the authority do nothing.
func TestStrangersAskForNothing(t *testing.T) {
	t.Parallel()
	url, asked := broken(t)
	source, err := OpenACME(Authority{Hosts: []string{"a.example"}, Cache: t.TempDir(), Directory: url})
	if err != nil {
		t.Fatal(err)
	}
	handler := source.Challenges(http.NotFoundHandler())
	for host, want := range map[string]int{"a.example:80": http.StatusNotFound, "b.example": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodGet, "http://"+host+"/.well-known/acme-challenge/x", http.NoBody)
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d", host, w.Code)
		}
	}
	for _, hello := range []*tls.Config{
		{ServerName: "a.example"}, {ServerName: "b.example"}, {ServerName: "a.example", NextProtos: []string{acme.ALPNProto}},
	} {
		client, server := net.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- tls.Server(server, source.Config()).Handshake()
			_ = server.Close()
		}()
		if err := tls.Client(client, hello).Handshake(); err == nil {
			t.Errorf("%s %s got a certificate", hello.ServerName, hello.NextProtos)
		}
		_, _ = io.Copy(io.Discard, client)
		_ = client.Close()
		if err := <-done; err == nil {
			t.Error("no error")
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the authority was asked %d times", asked.Load())
	}
}

func TestCacheThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenACME(Authority{Hosts: []string{"a.example"}, Cache: filepath.Join(file, "cache")}); err == nil {
		t.Error("no error")
	}
	folder := filepath.Join(t.TempDir(), "new")
	if _, err := OpenACME(Authority{Hosts: []string{"a.example"}, Cache: folder}); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Error(err, left)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(err, info.Mode())
	}
}

func TestEndOfTheProcess(t *testing.T) {
	t.Parallel()
	reached, ends := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(reached)
		<-ends
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	defer close(ends)
	source, err := OpenACME(Authority{Hosts: []string{"a.example"}, Cache: t.TempDir(), Directory: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	if err := source.Refresh(ctx); err == nil {
		t.Error("no error")
	}
}
