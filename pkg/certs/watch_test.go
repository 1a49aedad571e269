package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sluice/pkg/certs/certstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is a Source whose certificates a test sets.
type scripted struct {
	shelf
	mu  sync.Mutex
	err error
}

func (s *scripted) Refresh(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *scripted) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// issue puts a new certificate on the shelf that is good for so long.
func (s *scripted) issue(t *testing.T, authority *certstest.Authority, d time.Duration, names ...string) {
	t.Helper()
	c, err := tls.X509KeyPair(authority.Issue(time.Now().Add(d), names...))
	if err != nil {
		t.Fatal(err)
	}
	s.put([]*tls.Certificate{&c})
}

// lines are what is logged, as "level message names error".
type lines struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(line)
}

func (l *lines) take(t *testing.T) []string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []string{}
	for line := range strings.Lines(l.buffer.String()) {
		var event struct {
			Level, Message, Error string
			Names                 []string
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(fmt.Sprint(event.Level, ": ", event.Message, " ", strings.Join(event.Names, ","), event.Error)))
	}
	l.buffer.Reset()
	return all
}

func TestWhatTheLogTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := certstest.NewAuthority(t)
		source, log := &scripted{}, &lines{}
		source.issue(t, authority, 16*24*time.Hour, "a.example", "192.0.2.1")
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := (Watch{Source: source, Log: zerolog.New(log)}).Run(ctx); err != nil {
				t.Error(err)
			}
		})
		after := func(d time.Duration, want ...string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if diff := cmp.Diff(append([]string{}, want...), log.take(t)); diff != "" {
				t.Error(diff)
			}
		}
		after(0, "info: TLS certificate in use a.example,192.0.2.1")
		after(24*time.Hour + time.Minute)
		after(24*time.Hour, "warn: TLS certificate expires soon a.example,192.0.2.1")
		after(23*time.Hour + 59*time.Minute)
		after(time.Minute, "warn: TLS certificate expires soon a.example,192.0.2.1")
		const kept = "error: TLS certificate not renewed: what is there stays in use "
		source.fail(errors.New("half"))
		after(10*time.Second, kept+"half")
		after(time.Minute)
		source.fail(errors.New("torn"))
		after(10*time.Second, kept+"torn")
		source.fail(nil)
		source.issue(t, authority, 90*24*time.Hour, "a.example")
		after(10*time.Second, "info: TLS certificate in use a.example")
		source.fail(errors.New("torn"))
		after(10*time.Second, kept+"torn")
		source.issue(t, authority, -time.Second, "old.example")
		after(10*time.Second, "info: TLS certificate in use old.example", "warn: TLS certificate has expired old.example")
		cancel()
		running.Wait()
	})
}

func TestNames(t *testing.T) {
	leaf := &x509.Certificate{}
	leaf.Subject.CommonName = "somebody"
	if got := Names(leaf); len(got) != 1 || got[0] != "somebody" {
		t.Error(got)
	}
}
