package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
)

// TLS is where the certificates of the listeners with TLS come from: files, or a
// certificate authority that is asked by ACME.
type TLS struct {
	Certificate []string // PEM files, each with a certificate and those that vouch for it
	Key         []string // PEM files, one for each of them
	ACME        ACME
}

// ACME is how certificates are asked for (RFC 8555).
type ACME struct {
	Hosts     []string // whose certificates; none if it is empty
	Cache     string   // folder
	Email     string   // for the authority to write to; may be empty
	Directory string   // URL of the authority, empty for that of Let's Encrypt
}

// keys returns those of the section.
func (t *TLS) keys() []key {
	return []key{
		{"tls.certificate", items{&t.Certificate}},
		{"tls.key", items{&t.Key}},
		{"tls.acme.hosts", items{&t.ACME.Hosts}},
		{"tls.acme.cache", text{&t.ACME.Cache}},
		{"tls.acme.email", text{&t.ACME.Email}},
		{"tls.acme.directory", text{&t.ACME.Directory}},
	}
}

// tlsRules are those of the listeners with TLS, and of their certificates.
func (c Config) tlsRules() []rule {
	t := c.TLS
	return []rule{
		{optionalAddress(c.RTMP.TLSAddress), []string{"rtmp.tls_address"}},
		{optionalAddress(c.HTTP.TLSAddress), []string{"http.tls_address"}},
		{c.apart(), []string{"http.tls_address", "rtmp.tls_address"}},
		{c.certified(c.RTMP.TLSAddress), []string{"rtmp.tls_address"}},
		{c.certified(c.HTTP.TLSAddress), []string{"http.tls_address"}},
		{quicNeeds(c.HTTP), []string{"http.http3"}},
		{lacks(t.Certificate, t.Key, "it has no key: see tls.key"), []string{"tls.certificate"}},
		{lacks(t.Key, t.Certificate, "it has no certificate: see tls.certificate"), []string{"tls.key"}},
		{paired(t), []string{"tls.key"}},
		{oneSource(t), []string{"tls.acme.hosts", "tls.certificate"}},
		{c.inUse(t.Certificate), []string{"tls.certificate"}},
		{c.inUse(t.ACME.Hosts), []string{"tls.acme.hosts"}},
		{hostNames(t.ACME.Hosts), []string{"tls.acme.hosts"}},
		{cacheNeeded(t.ACME), []string{"tls.acme.cache"}},
		{webAddress(t.ACME.Directory), []string{"tls.acme.directory"}},
		{hostsNeeded(t.ACME), []string{"tls.acme.email", "tls.acme.directory"}},
	}
}

func optionalAddress(text string) string {
	if text == "" {
		return ""
	}
	return address(text)
}

// apart says which address two listeners have. Port 0 may stand twice.
func (c Config) apart() string {
	taken := map[string]string{c.RTMP.Address: "rtmp.address", c.HTTP.Address: "http.address"}
	for _, l := range []struct{ name, address string }{
		{"rtmp.tls_address", c.RTMP.TLSAddress}, {"http.tls_address", c.HTTP.TLSAddress},
	} {
		_, port, _ := net.SplitHostPort(l.address)
		if other, is := taken[l.address]; is && port != "0" && l.address != "" {
			return fmt.Sprintf("%s is the address of %s, too", l.address, other)
		}
		taken[l.address] = l.name
	}
	return ""
}

// certified says what a listener with TLS lacks.
func (c Config) certified(address string) string {
	if address != "" && len(c.TLS.Certificate) == 0 && len(c.TLS.ACME.Hosts) == 0 {
		return "TLS needs tls.certificate and tls.key, or tls.acme.hosts"
	}
	return ""
}

func quicNeeds(h HTTP) string {
	if h.HTTP3 && h.TLSAddress == "" {
		return "HTTP/3 is there with TLS only: it needs http.tls_address"
	}
	return ""
}

// lacks returns why if there are some but none of what they need.
func lacks(some, needed []string, why string) string {
	if len(some) > 0 && len(needed) == 0 {
		return why
	}
	return ""
}

func paired(t TLS) string {
	if len(t.Key) != len(t.Certificate) {
		return fmt.Sprintf("there are %d keys for %d certificates", len(t.Key), len(t.Certificate))
	}
	return ""
}

func oneSource(t TLS) string {
	if len(t.Certificate) > 0 && len(t.ACME.Hosts) > 0 {
		return "certificates come from files or by ACME, not both"
	}
	return ""
}

// inUse says that certificates are for nothing.
func (c Config) inUse(certificates []string) string {
	if c.RTMP.TLSAddress == "" && c.HTTP.TLSAddress == "" && len(certificates) > 0 {
		return "nothing needs it without http.tls_address or rtmp.tls_address"
	}
	return ""
}

// hostNames says which of the names no certificate can be had for by the challenges that
// Sluice answers: those of networks at home, addresses, and all hosts of a domain.
func hostNames(hosts []string) string {
	for _, host := range hosts {
		_, err := netip.ParseAddr(host)
		if err == nil || len(host) > 253 || !regexp.MustCompile(`^([0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?\.)+[0-9A-Za-z-]+$`).MatchString(host) {
			return fmt.Sprintf("%q is not a host name such as media.example.com", host)
		}
	}
	for i, host := range hosts {
		for _, other := range hosts[:i] {
			if strings.EqualFold(host, other) {
				return fmt.Sprintf("%s stands here twice", host)
			}
		}
	}
	return ""
}

func cacheNeeded(a ACME) string {
	if len(a.Hosts) > 0 && a.Cache == "" {
		return "ACME needs a folder to keep certificates in: who asks for the same again and again is refused"
	}
	return ""
}

func hostsNeeded(a ACME) string {
	if len(a.Hosts) == 0 && (a.Email != "" || a.Directory != "") {
		return "ACME is off without tls.acme.hosts"
	}
	return ""
}
