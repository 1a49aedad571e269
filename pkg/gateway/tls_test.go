package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"github.com/rs/zerolog"

	"sluice/pkg/certs/certstest"
	"sluice/pkg/config"
	"sluice/pkg/gateway"
	"sluice/pkg/push"
)

// A secureServer is a server with TLS on both sides, and HTTP/3.
type secureServer struct {
	*server
	authority *certstest.Authority
	files     certstest.Files
}

func startSecure(t testing.TB, changes ...string) *secureServer {
	t.Helper()
	authority := certstest.NewAuthority(t)
	files := authority.NewFiles("127.0.0.1", "localhost")
	s := start(t, append([]string{
		"rtmp.tls_address", "127.0.0.1:0", "http.tls_address", "127.0.0.1:0", "http.http3", "true",
		"tls.certificate", files.Certificate, "tls.key", files.Key,
	}, changes...)...)
	return &secureServer{s, authority, files}
}

// over returns the same server as clients of a protocol see it.
func (s *secureServer) over(t testing.TB, proto string) *server {
	t.Helper()
	seen := *s.server
	seen.t, seen.http = t, s.https
	seen.client = &http.Client{Transport: s.transport(t, proto)}
	return &seen
}

// transport returns how clients of a protocol connect. It ends with the test.
func (s *secureServer) transport(t testing.TB, proto string) http.RoundTripper {
	t.Helper()
	transport := s.dialer(proto)
	t.Cleanup(func() { disconnect(transport) })
	return transport
}

func (s *secureServer) dialer(proto string) http.RoundTripper {
	config := s.authority.Client("127.0.0.1")
	if proto == "HTTP/3.0" {
		return &http3.Transport{TLSClientConfig: config, DisableCompression: true}
	}
	var protocols http.Protocols
	protocols.SetHTTP1(proto == "HTTP/1.1")
	protocols.SetHTTP2(proto == "HTTP/2.0")
	return &http.Transport{TLSClientConfig: config, Protocols: &protocols, DisableCompression: true}
}

func disconnect(transport http.RoundTripper) {
	switch transport := transport.(type) {
	case *http3.Transport:
		_ = transport.Close()
	case *http.Transport:
		transport.CloseIdleConnections()
	}
}

// Our own publisher speaks RTMPS, and does not send to whom it cannot trust.
func TestPushInTLS(t *testing.T) {
	t.Parallel()
	s := startSecure(t)
	clip, err := push.Demo()
	if err != nil {
		t.Fatal(err)
	}
	if err := clip.Run(t.Context(), s.rtmps+"/live/show", push.Options{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an authority that nobody knows: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	published := make(chan error, 1)
	go func() {
		published <- clip.Run(ctx, s.rtmps+"/live/show", push.Options{Loop: true, TLS: s.authority.Client("127.0.0.1")})
	}()
	s.playing("live/show", 1)
	stop()
	if err := <-published; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s.ended("live/show", "v0")
}

// inTLS are the versions of HTTP that there are with it.
func inTLS() []string { return []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} }

// ffmpeg publishes in TLS and plays in TLS, and gets what it gets without.
func TestFFmpegInTLS(t *testing.T) {
	t.Parallel()
	s := startSecure(t)
	clip := makeClip(t, 6)
	err := ffmpeg("-re", "-i", clip, "-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize", "-tls_verify", "0", s.rtmps+"/live/show")
	if err != nil {
		t.Fatal(err)
	}
	s.ended("live/show", "v0")
	want := packets(t, s.http+"/live/show/index.m3u8")
	if len(want["video"]) != 180 {
		t.Errorf("%d pictures", len(want["video"]))
	}
	root := s.authority.WriteRoot()
	address := strings.Replace(s.https, "127.0.0.1", "localhost", 1)
	for _, file := range []string{"index.m3u8", "ts.m3u8"} {
		got := packets(t, address+"/live/show/"+file, "-tls_verify", "1", "-ca_file", root)
		for kind := range want {
			if len(got[kind]) != len(want[kind]) {
				t.Errorf("%s: %d packets of %s in TLS, %d without", file, len(got[kind]), kind, len(want[kind]))
			}
		}
	}
}

// curl speaks both versions, checks the certificate, and is told of HTTP/3 in TLS only.
func TestCurlInTLS(t *testing.T) {
	t.Parallel()
	s := startSecure(t)
	root := s.authority.WriteRoot()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.https, "https://"), ":")
	told := "\r\nalt-svc: h3=\":" + port + "\"; ma=86400\r\n"
	for version, option := range map[string]string{"HTTP/1.1 200": "--http1.1", "HTTP/2 200": "--http2"} {
		head, err := run("curl", "-sS", "-D", "-", option, "--cacert", root, s.https+"/healthz")
		if err != nil || !strings.HasPrefix(head, version) || !strings.Contains(strings.ToLower(head), told) {
			t.Errorf("%s: %v\n%s", option, err, head)
		}
	}
	if head, err := run("curl", "-sS", "-D", "-", s.http+"/healthz"); err != nil || strings.Contains(strings.ToLower(head), "alt-svc") {
		t.Errorf("without TLS: %v\n%s", err, head)
	}
	if _, err := run("curl", "-sS", s.https+"/healthz"); err == nil {
		t.Error("a certificate of an authority that nobody knows was accepted")
	}
	if got := s.get("/publish.json"); !strings.Contains(got, fmt.Sprintf(`"rtmpsPort":%s}`, s.rtmps[strings.LastIndex(s.rtmps, ":")+1:])) {
		t.Error(got)
	}
	if got := s.get("/live/show/obs.json"); !strings.Contains(got, s.rtmps+"/live/{stream_key}") || strings.Index(got, "rtmps://") > strings.Index(got, "rtmp://") {
		t.Error(got)
	}
	if got := s.get("/metrics"); !strings.Contains(got, `sluice_tls_certificate_expiry_seconds{names="localhost,127.0.0.1"} 1`) {
		t.Error("the metrics do not tell of the certificate")
	}
}

// What LL-HLS and LL-DASH ask for comes in every version of HTTP.
func TestLowLatencyInTLS(t *testing.T) {
	t.Parallel()
	s := startSecure(t)
	s.broadcast("live/show")
	s.playing("live/show", 1)
	for _, proto := range inTLS() {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			s := s.over(t, proto)
			const folder = "/live/show/v0/"
			number := edge(t, s.get(folder+"index.m3u8")) + 1
			held, err := s.fetch(t.Context(), s.client, fmt.Sprintf("%sindex.m3u8?_HLS_msn=%d&_HLS_part=0", folder, number))
			if err != nil || held.proto != proto || held.status != http.StatusOK || edge(t, held.body) != number {
				t.Fatal(held, err)
			}
			path := fmt.Sprintf("%sn%d.m4s", folder, number)
			grown, err := s.fetch(t.Context(), s.client, path)
			if err != nil || grown.status != http.StatusOK || grown.length != -1 {
				t.Fatal(grown.status, grown.length, err)
			}
			whole, err := s.fetch(t.Context(), s.client, path)
			if err != nil || whole.body != grown.body || whole.length != int64(len(grown.body)) {
				t.Errorf("it grew to %d bytes, and then is %d: %v", len(grown.body), len(whole.body), err)
			}
			part, err := s.ranged(t.Context(), path, "bytes=1000-1999")
			if err != nil || part.status != http.StatusPartialContent || part.body != grown.body[1000:2000] {
				t.Errorf("a range: %d, %d bytes, %v", part.status, len(part.body), err)
			}
			ctx, leave := context.WithCancel(t.Context())
			left := make(chan error, 1)
			go func() {
				_, err := s.fetch(ctx, s.client, fmt.Sprintf("%sindex.m3u8?_HLS_msn=%d", folder, number+2))
				left <- err
			}()
			eventually(t, "a request that is held", func() bool { return s.waiting() > 0 })
			leave()
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("it was left with %v", err)
			}
		})
	}
}

// ranged asks for a range.
func (s *server) ranged(ctx context.Context, path, asked string) (fetched, error) {
	client := *s.client
	client.Transport = withRange{s.client.Transport, asked}
	return s.fetch(ctx, &client, path)
}

type withRange struct {
	http.RoundTripper
	asked string
}

// RoundTrip implements http.RoundTripper.
func (w withRange) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Range", w.asked)
	return w.RoundTripper.RoundTrip(r)
}

// Clients that wait when the gateway stops are answered in every version of HTTP, and those
// that only stay connected hold up nothing.
func TestStopInTLS(t *testing.T) {
	t.Parallel()
	s := startSecure(t, "segment.duration", "6s")
	s.broadcast("live/show")
	s.playing("live/show", 1)
	next := strconv.Itoa(edge(t, s.get("/live/show/v0/index.m3u8")) + 1)
	const each = 20
	var held sync.WaitGroup
	for _, proto := range inTLS() {
		if status, _ := s.over(t, proto).try("/healthz"); status != http.StatusOK {
			t.Error(proto, status)
		}
		s := s.over(t, proto)
		for range each {
			held.Go(func() {
				got, err := s.fetch(context.Background(), s.client, "/live/show/v0/index.m3u8?_HLS_msn="+next)
				if err != nil || got.status != http.StatusServiceUnavailable || got.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %d, %v", proto, got.status, err)
				}
			})
		}
	}
	eventually(t, "all are held", func() bool { return s.waiting() == each*len(inTLS()) })
	s.stop()
	held.Wait()
}

// What is wrong with certificates is said at the start, with the key of the configuration.
func TestCertificatesThatCannotBe(t *testing.T) {
	t.Parallel()
	authority := certstest.NewAuthority(t)
	one, other := authority.NewFiles("a.example"), authority.NewFiles("b.example")
	for _, c := range []struct{ certificate, key, want string }{
		{filepath.Join(t.TempDir(), "none.pem"), one.Key, "test: tls.certificate: "},
		{one.Certificate, filepath.Join(t.TempDir(), "none.pem"), "test: tls.key: "},
		{one.Certificate, other.Key, "test: tls.key: "},
		{one.Key, one.Certificate, "test: tls.certificate: "},
	} {
		cfg := settings(t, "http.tls_address", "127.0.0.1:0", "tls.certificate", c.certificate, "tls.key", c.key)
		_, err := gateway.New(cfg, zerolog.Nop())
		var fault *config.Error
		if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
