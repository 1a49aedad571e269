package acme

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

const (
	patience = 2 * time.Minute
	host     = "media.sluice.test"
)

// binary is the gateway, which TestMain builds.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sluice-acme-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "sluice")
	build := exec.Command("go", "-C", "../..", "build", "-o", binary, "./cmd/sluice")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// resolver answers that every host is this one.
func resolver(t *testing.T) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			a.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(a)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return socket.LocalAddr().String()
}

// freePort returns a port that nobody has at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// An authority is Pebble.
type authority struct {
	directory string
	roots     *x509.CertPool
	own       string // file with the certificate of the authority itself
}

// startPebble runs one that asks for challenges at these ports, and whose certificates are good
// for so many seconds.
func startPebble(t *testing.T, httpPort, tlsPort int, seconds uint64) authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	signer := ca.New(quiet, store, "", 0, 1, map[string]ca.Profile{"default": {Description: "default", ValidityPeriod: seconds}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, false, resolver(t), store), signer, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	own := filepath.Join(t.TempDir(), "pebble.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(own, text, 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(signer.GetRootCert(0).PEM())
	return authority{server.URL + wfe.DirectoryPath, roots, own}
}

// A gateway is one that runs.
type gateway struct {
	t           *testing.T
	http, https int // ports
	rtmps       int
	log         *book
	stop        func()
}

// book keeps what is logged.
type book struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func (g *gateway) start(a authority, cache string) {
	g.t.Helper()
	g.log = &book{}
	cmd := exec.Command(binary, "serve", "--log-format", "json")
	cmd.Dir, cmd.Stderr = g.t.TempDir(), g.log
	cmd.Env = append(os.Environ(),
		"SSL_CERT_FILE="+a.own, "SLUICE_RTMP_ADDRESS=127.0.0.1:0", "SLUICE_STORE_TYPE=memory",
		fmt.Sprintf("SLUICE_HTTP_ADDRESS=127.0.0.1:%d", g.http), fmt.Sprintf("SLUICE_HTTP_TLS_ADDRESS=127.0.0.1:%d", g.https),
		fmt.Sprintf("SLUICE_RTMP_TLS_ADDRESS=127.0.0.1:%d", g.rtmps), "SLUICE_HTTP_HTTP3=true",
		"SLUICE_TLS_ACME_HOSTS="+host, "SLUICE_TLS_ACME_CACHE="+cache, "SLUICE_TLS_ACME_EMAIL=ops@sluice.test", "SLUICE_TLS_ACME_DIRECTORY="+a.directory)
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			g.t.Errorf("%v\n%s", err, g.log)
		}
	})
	g.t.Cleanup(func() { g.stop() })
}

// serial returns the number of the certificate that is shown at a port, and whether there is one.
func (g *gateway) serial(port int, config *tls.Config) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// eventually waits until the condition holds.
func (g *gateway) eventually(what string, holds func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("never came: %s\n%s", what, g.log)
		}
	}
}

// Each of the challenges alone leads to a certificate, for all listeners. It outlives the
// process.
func TestChallenges(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01 of HTTPS", "tls-alpn-01 of RTMPS"} {
		t.Run(challenge, func(t *testing.T) {
			g := &gateway{t: t, http: freePort(t), https: freePort(t), rtmps: freePort(t)}
			httpPort, tlsPort := freePort(t), freePort(t) // where nobody answers
			switch challenge {
			case "http-01":
				httpPort = g.http
			case "tls-alpn-01 of HTTPS":
				tlsPort = g.https
			default:
				tlsPort = g.rtmps
			}
			a, cache := startPebble(t, httpPort, tlsPort, 0), filepath.Join(t.TempDir(), "new", "cache")
			g.start(a, cache)
			config := &tls.Config{RootCAs: a.roots, ServerName: host}
			var serial string
			g.eventually("a certificate", func() (had bool) {
				var err error
				serial, err = g.serial(g.https, config)
				return err == nil
			})
			if got, err := g.serial(g.rtmps, config); err != nil || got != serial {
				t.Errorf("RTMPS: %s, %v", got, err)
			}
			if got, err := g.serial(g.https, &tls.Config{InsecureSkipVerify: true}); err != nil || got != serial {
				t.Errorf("without a name: %s, %v", got, err)
			}
			res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", g.http))
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatal(res, err)
			}
			res.Body.Close()
			g.stop()
			g.start(authority{directory: "http://127.0.0.1:1/nobody"}, cache)
			g.eventually("the kept certificate", func() bool {
				got, err := g.serial(g.https, config)
				return err == nil && got == serial
			})
		})
	}
}

// A certificate is renewed before it ends, and the new one is used.
func TestRenewal(t *testing.T) {
	g := &gateway{t: t, http: freePort(t), https: freePort(t), rtmps: freePort(t)}
	a := startPebble(t, g.http, g.https, 30)
	g.start(a, t.TempDir())
	seen := make(map[string]bool)
	g.eventually("a second certificate", func() bool {
		if serial, err := g.serial(g.rtmps, &tls.Config{InsecureSkipVerify: true}); err == nil {
			seen[serial] = true
		}
		return len(seen) == 2
	})
	if n := strings.Count(g.log.String(), "TLS certificate in use"); n != 2 {
		t.Errorf("%d were logged", n)
	}
}
