// Package certs has the certificates of listeners with TLS ready, and replaces them
// while these serve: from files that others renew (Files), or from a certificate
// authority that is asked by ACME (ACME).
//
//	source, err := certs.OpenFiles([]certs.Pair{{"fullchain.pem", "privkey.pem"}})
//	listener := tls.NewListener(ln, source.Config())
//	err = certs.Watch{Source: source, Log: log}.Run(ctx)
//
// A handshake takes what is there at that moment, and waits for nothing. Connections
// that are open go on with what they began with.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync/atomic"
)

// A Source has certificates. All its methods may be called at any time, and from any
// goroutine, but for Refresh, which one at a time may call.
type Source interface {
	// Config returns what a listener needs: it may be used for any number of them,
	// and changed.
	Config() *tls.Config

	// Refresh looks for other certificates, and uses those that it finds. What an
	// error is about stays as it was. It returns soon after ctx ends.
	Refresh(ctx context.Context) error

	// Leaves returns the certificates that are in use, without those that vouch for
	// them. They must not be changed.
	Leaves() []*x509.Certificate
}

// errNone ends handshakes while there is no certificate.
var errNone = errors.New("there is no certificate yet")

// A shelf is the certificates that are in use, in the order in which they are preferred.
type shelf struct {
	held atomic.Pointer[[]*tls.Certificate] // nil for none; what it points to never changes
}

func (s *shelf) all() []*tls.Certificate {
	if held := s.held.Load(); held != nil {
		return *held
	}
	return nil
}

// put replaces all.
func (s *shelf) put(all []*tls.Certificate) { s.held.Store(&all) }

// take is for tls.Config.GetCertificate: the first that has the name that the client asks
// for, and the kind of key that it knows, or else the first.
func (s *shelf) take(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	all := s.all()
	for _, c := range all {
		if hello.SupportsCertificate(c) == nil {
			return c, nil
		}
	}
	if len(all) == 0 {
		return nil, errNone
	}
	return all[0], nil
}

// Config is that of Source.
func (s *shelf) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.take}
}

// Leaves is that of Source.
func (s *shelf) Leaves() []*x509.Certificate {
	var leaves []*x509.Certificate
	for _, c := range s.all() {
		leaves = append(leaves, c.Leaf)
	}
	return leaves
}
