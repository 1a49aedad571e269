// Package certstest makes certificates for tests.
package certstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// An Authority signs certificates.
type Authority struct {
	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      atomic.Int64
}

// NewAuthority returns one that nobody knows yet.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.certificate = a.sign(template, template, a.key)
	a.serial.Store(1)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *Authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed
}

// Pool returns what a client needs to trust the authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Client returns what a client of a host needs.
func (a *Authority) Client(host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: a.Pool(), ServerName: host}
}

// WriteRoot writes the authority's own certificate into a new file, and returns its path.
func (a *Authority) WriteRoot() string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), "root.pem")
	a.write(path, encode("CERTIFICATE", a.certificate.Raw))
	return path
}

// Issue returns a certificate and its key, in PEM, for hosts and addresses. It ends at that
// time.
func (a *Authority) Issue(until time.Time, names ...string) (certificate, key []byte) {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial.Add(1)), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	own := newKey(a.t)
	der, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		a.t.Fatal(err)
	}
	return encode("CERTIFICATE", a.sign(template, a.certificate, own).Raw), encode("PRIVATE KEY", der)
}

// Files is a pair of files.
type Files struct {
	Certificate, Key string // paths
	authority        *Authority
}

// NewFiles returns a pair with a certificate that is good for a month.
func (a *Authority) NewFiles(names ...string) Files {
	a.t.Helper()
	dir := a.t.TempDir()
	f := Files{filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem"), a}
	f.Replace(names...)
	return f
}

// Replace replaces the files, one after the other, and returns the serial number of the new
// certificate.
func (f Files) Replace(names ...string) string {
	f.authority.t.Helper()
	certificate, key := f.authority.Issue(time.Now().Add(30*24*time.Hour), names...)
	f.Write(certificate, key)
	return fmt.Sprint(f.authority.serial.Load())
}

// Write writes both.
func (f Files) Write(certificate, key []byte) {
	f.authority.t.Helper()
	f.authority.write(f.Certificate, certificate)
	f.authority.write(f.Key, key)
}

func (a *Authority) write(path string, content []byte) {
	a.t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
