package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// An Authority is a certificate authority that speaks ACME (RFC 8555), and what it is asked
// for. Its terms are agreed to.
type Authority struct {
	Hosts     []string // names, whose order is that of preference
	Cache     string   // folder for certificates, keys and the account; it is made if it is missing
	Email     string   // of who is to know when something is wrong; may be empty
	Directory string   // URL; empty for Let's Encrypt
}

// ACME has the certificates that an Authority gives. They are got ahead, by Refresh, one for
// each host, and renewed 30 days before they end, or when a third of their time is left:
// no handshake makes the authority do anything.
type ACME struct {
	shelf
	manager  *autocert.Manager
	hosts    []string
	attempts map[string]attempt
}

// An attempt is how it went with the certificate of a host.
type attempt struct {
	certificate *tls.Certificate // nil for none yet
	err         error            // of the last time
	pause       time.Duration    // behind it, when it failed
	next        time.Time        // when to ask again
}

// Authorities take few failures: 5 an hour are usual.
const (
	shortestPause = 2 * time.Minute // longer than autocert remembers a failure
	longestPause  = time.Hour
)

// OpenACME returns an ACME without certificates. An error is about the Cache.
func OpenACME(a Authority) (*ACME, error) {
	if err := usable(a.Cache); err != nil {
		return nil, err
	}
	c := &ACME{attempts: make(map[string]attempt)}
	for _, host := range a.Hosts {
		c.hosts = append(c.hosts, strings.ToLower(host))
	}
	directory := a.Directory
	if directory == "" {
		directory = autocert.DefaultACMEDirectory
	}
	c.manager = &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(a.Cache),
		HostPolicy: c.allow,
		Email:      a.Email,
		Client:     &acme.Client{DirectoryURL: directory, UserAgent: "sluice"},
	}
	return c, nil
}

// usable makes a folder that only we may read, if it is missing, and returns why nothing
// can be kept in it.
func usable(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, "test-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// allow returns an error for a host that is none of ours.
func (a *ACME) allow(_ context.Context, host string) error {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !slices.Contains(a.hosts, strings.ToLower(host)) {
		return fmt.Errorf("%q is not a host of ours", host)
	}
	return nil
}

// Challenges returns a handler that answers what the authority asks for over HTTP, at
// /.well-known/acme-challenge/ (RFC 8555 8.3), and leaves everything else to next.
func (a *ACME) Challenges(next http.Handler) http.Handler { return a.manager.HTTPHandler(next) }

// Config implements Source. What the authority asks for in a handshake (TLS-ALPN-01, RFC
// 8737), it is answered on every listener.
func (a *ACME) Config() *tls.Config {
	challenge := &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: a.manager.GetCertificate, NextProtos: []string{acme.ALPNProto},
	}
	config := a.shelf.Config()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Equal(hello.SupportedProtos, challenge.NextProtos) {
			return challenge, nil
		}
		return nil, nil
	}
	return config
}

// Refresh implements Source. Where there is no certificate yet, the first one may take
// minutes.
func (a *ACME) Refresh(ctx context.Context) error {
	var errs []error
	for _, host := range a.hosts {
		before := a.attempts[host]
		if time.Now().Before(before.next) {
			errs = append(errs, before.err)
			continue
		}
		now := a.ask(ctx, host, before)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.attempts[host] = now
		errs = append(errs, now.err)
		a.use()
	}
	return errors.Join(errs...)
}

// ask returns the certificate of a host, which the manager has, or gets if it has none.
func (a *ACME) ask(ctx context.Context, host string, before attempt) attempt {
	type answer struct {
		certificate *tls.Certificate
		err         error
	}
	answered := make(chan answer, 1)
	// The manager knows no end but its own, of five minutes: behind that of ctx, which is that
	// of the process, nobody waits for it.
	go func() {
		c, err := a.manager.GetCertificate(hello(host))
		answered <- answer{c, err}
	}()
	select {
	case now := <-answered:
		if now.err == nil {
			return attempt{certificate: now.certificate}
		}
		before.err = fmt.Errorf("%s: %w", host, now.err)
		before.pause = min(max(2*before.pause, shortestPause), longestPause)
		before.next = time.Now().Add(before.pause)
	case <-ctx.Done():
	}
	return before
}

// hello is what makes the manager give the certificate of a host, with a key of ECDSA, which
// all clients know.
func hello(host string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// use has handshakes take what there is by now.
func (a *ACME) use() {
	var all []*tls.Certificate
	for _, host := range a.hosts {
		if c := a.attempts[host].certificate; c != nil {
			all = append(all, c)
		}
	}
	same := func(one, other *tls.Certificate) bool { return one.Leaf.Equal(other.Leaf) }
	if !slices.EqualFunc(all, a.all(), same) {
		a.put(all)
	}
}
