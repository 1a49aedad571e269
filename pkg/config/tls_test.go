package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tlsCases are what does not make sense together.
var tlsCases = []struct{ yaml, want string }{
	{"rtmp: {tls_address: '443'}", `sluice.yml:1: rtmp.tls_address: "443" is not an address such as :1935 or 127.0.0.1:1935`},
	{"http: {tls_address: ':443'}", "sluice.yml:1: http.tls_address: TLS needs tls.certificate and tls.key, or tls.acme.hosts"},
	{"rtmp: {tls_address: ':443'}", "sluice.yml:1: rtmp.tls_address: TLS needs tls.certificate and tls.key, or tls.acme.hosts"},
	{"http: {http3: true}", "sluice.yml:1: http.http3: HTTP/3 is there with TLS only: it needs http.tls_address"},
	{"http: {tls_address: ':8080'}\ntls: {certificate: c, key: k}", "sluice.yml:1: http.tls_address: :8080 is the address of http.address, too"},
	{"rtmp: {tls_address: ':443'}\nhttp: {tls_address: ':443'}\ntls: {certificate: c, key: k}", "sluice.yml:2: http.tls_address: :443 is the address of rtmp.tls_address, too"},
	{"tls: {certificate: c, key: k}", "sluice.yml:1: tls.certificate: nothing needs it without http.tls_address or rtmp.tls_address"},
	{"tls: {acme: {hosts: a.example}}", "sluice.yml:1: tls.acme.hosts: nothing needs it without http.tls_address or rtmp.tls_address"},
	{"http: {tls_address: ':443'}\ntls: {certificate: c}", "sluice.yml:2: tls.certificate: it has no key: see tls.key"},
	{"http: {tls_address: ':443'}\ntls: {key: k}", "sluice.yml:1: http.tls_address: TLS needs tls.certificate and tls.key, or tls.acme.hosts"},
	{"tls: {key: k}", "sluice.yml:1: tls.key: it has no certificate: see tls.certificate"},
	{"http: {tls_address: ':443'}\ntls: {certificate: [c, d], key: k}", "sluice.yml:2: tls.key: there are 1 keys for 2 certificates"},
	{"http: {tls_address: ':443'}\ntls: {certificate: c, key: k, acme: {hosts: a.example}}", "sluice.yml:2: tls.acme.hosts: certificates come from files or by ACME, not both"},
	{"http: {tls_address: ':443'}\ntls: {acme: {hosts: ['*.example.com']}}", `sluice.yml:2: tls.acme.hosts: "*.example.com" is not a host name such as media.example.com`},
	{"http: {tls_address: ':443'}\ntls: {acme: {hosts: [192.0.2.1]}}", `sluice.yml:2: tls.acme.hosts: "192.0.2.1" is not a host name such as media.example.com`},
	{"http: {tls_address: ':443'}\ntls: {acme: {hosts: [localhost]}}", `sluice.yml:2: tls.acme.hosts: "localhost" is not a host name such as media.example.com`},
	{"http: {tls_address: ':443'}\ntls: {acme: {hosts: [a.example, A.example]}}", "sluice.yml:2: tls.acme.hosts: A.example stands here twice"},
	{"http: {tls_address: ':443'}\ntls: {acme: {hosts: [a.example], cache: ''}}", "sluice.yml:2: tls.acme.cache: ACME needs a folder to keep certificates in: who asks for the same again and again is refused"},
	{"http: {tls_address: ':443'}\ntls: {acme: {hosts: [a.example], directory: here}}", `sluice.yml:2: tls.acme.directory: this is not a URL such as https://example.com/path`},
	{"tls: {acme: {email: a@example.com}}", "sluice.yml:1: tls.acme.email: ACME is off without tls.acme.hosts"},
}

func TestTLSThatCannotBe(t *testing.T) {
	for _, c := range tlsCases {
		cfg, err := load(t, c.yaml)
		if err != nil {
			t.Errorf("%s: %v", c.yaml, err)
			continue
		}
		if err := cfg.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.yaml, err, c.want)
		}
	}
}

func TestItems(t *testing.T) {
	const section = "http: {tls_address: ':443', http3: true}\ntls:\n  key: [k, l]\n  certificate: "
	for _, text := range []string{"[c, d]", "c, d", "\n  - c\n  - d"} {
		cfg, err := load(t, section+text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"c", "d"}, cfg.TLS.Certificate); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if err := cfg.Validate(); err != nil || !cfg.HTTP.HTTP3 {
			t.Errorf("%v, HTTP/3 %v", err, cfg.HTTP.HTTP3)
		}
	}
	cfg, err := load(t, section+"c\n", "SLUICE_TLS_CERTIFICATE=c , d,", "SLUICE_HTTP_HTTP3=false")
	if err != nil || len(cfg.TLS.Certificate) != 2 || cfg.HTTP.HTTP3 {
		t.Errorf("%v, %v, HTTP/3 %v", err, cfg.TLS.Certificate, cfg.HTTP.HTTP3)
	}
	for text, want := range map[string]string{
		"":         "sluice.yml:4: tls.certificate: has no value",
		"{a: b}":   "sluice.yml:4: tls.certificate: a section stands where a list should",
		"[a, {b}]": "sluice.yml:4: tls.certificate: a section stands where one value of a list should",
		"['a,b']":  `sluice.yml:4: tls.certificate: "a,b" has a comma in it`,
	} {
		if _, err := load(t, section+text+"\n"); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := load(t, strings.Replace(section, "true", "yes", 1)+"c\n"); err == nil ||
		err.Error() != `sluice.yml:1: http.http3: "yes" is not one of true, false` {
		t.Error(err)
	}
}
