package gateway_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serial returns the serial number of the certificate that a new connection shows.
func (s *secureServer) serial(address string) string {
	s.t.Helper()
	_, address, _ = strings.Cut(address, "://")
	conn, err := tls.Dial("tcp", address, s.authority.Client("127.0.0.1"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// visitors make requests, each on a connection of its own or all on one.
type visitors struct {
	t       *testing.T
	s       *secureServer
	made    atomic.Int64
	failed  atomic.Int64
	serials sync.Map // that were seen, by protocol and number
}

// ask makes a request, and counts it.
func (c *visitors) ask(client *http.Client, proto, path string) error {
	defer c.made.Add(1)
	res, err := client.Get(c.s.https + path)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Proto != proto {
		return fmt.Errorf("%s %s", res.Proto, res.Status)
	}
	c.serials.Store(proto+" "+res.TLS.PeerCertificates[0].SerialNumber.String(), true)
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// visit makes requests until ctx ends, with a connection for each if they are to be fresh.
func (c *visitors) visit(ctx context.Context, proto string, fresh bool) {
	transport := c.s.dialer(proto)
	defer func() { disconnect(transport) }()
	paths := []string{"/healthz", "/live/show/index.m3u8", "/live/show/v0/index.m3u8"}
	for i := 0; ctx.Err() == nil; i++ {
		if err := c.ask(&http.Client{Transport: transport}, proto, paths[i%len(paths)]); err != nil {
			c.failed.Add(1)
			c.t.Errorf("%s %s: %v", proto, paths[i%len(paths)], err)
		}
		if fresh {
			disconnect(transport)
			transport = c.s.dialer(proto)
		}
	}
}

// Certificates are replaced while clients of all protocols come and stay, and a publisher is
// on air: no request fails, new connections have the new certificate, and one that is not right
// changes nothing.
func TestCertificatesReplacedUnderLoad(t *testing.T) {
	s := startSecure(t)
	publishing, stop := context.WithCancel(t.Context())
	encoder := exec.CommandContext(publishing, "ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", makeClip(t, 4),
		"-c", "copy", "-f", "flv", "-tls_verify", "0", s.rtmps+"/live/show")
	if err := encoder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = encoder.Wait()
	}()
	s.playing("live/show", 1)

	c := &visitors{t: t, s: s}
	ctx, enough := context.WithCancel(t.Context())
	var visiting sync.WaitGroup
	for _, proto := range inTLS() {
		for i := range 4 {
			visiting.Go(func() { c.visit(ctx, proto, i > 0) })
		}
	}
	crowded := func() {
		t.Helper()
		before := c.made.Load()
		eventually(t, "a hundred requests", func() bool { return c.made.Load() >= before+100 })
	}
	crowded()
	last := ""
	replace := func() {
		t.Helper()
		last = s.files.Replace("127.0.0.1", "localhost")
		eventually(t, "certificate "+last, func() bool { return s.serial(s.https) == last && s.serial(s.rtmps) == last })
		crowded()
	}
	for range 3 {
		replace()
	}
	good, _ := s.authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	_, key := s.authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	s.files.Write(good, key)
	kept := func() int { return len(s.log.find("TLS certificate not renewed: what is there stays in use")) }
	eventually(t, "a word about it", func() bool { return kept() > 0 })
	crowded()
	if got := s.serial(s.https); got != last {
		t.Errorf("certificate %s, want %s", got, last)
	}
	if n := kept(); n != 1 {
		t.Errorf("it was said %d times", n)
	}
	replace()
	replace()
	enough()
	visiting.Wait()
	for _, proto := range inTLS() {
		if _, seen := c.serials.Load(proto + " " + last); !seen {
			t.Errorf("%s has not seen certificate %s", proto, last)
		}
	}
	if _, text := s.try("/live/show/v0/index.m3u8"); strings.Contains(text, "DISCONTINUITY\n") || strings.Contains(text, "ENDLIST") {
		t.Errorf("the publisher did not go on:\n%s", text)
	}
	t.Logf("%d requests, %d failed; %d certificates", c.made.Load(), c.failed.Load(), len(s.log.find("TLS certificate in use")))
}
