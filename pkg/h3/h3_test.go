package h3_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"sluice/pkg/certs/certstest"
	"sluice/pkg/h3"
)

// A stand is a server and a client of it.
type stand struct {
	*h3.Server
	url    string
	client *http.Client
	served chan error
	close  func() // of the client
}

func open(t *testing.T, o h3.Options) *stand {
	t.Helper()
	authority := certstest.NewAuthority(t)
	certificate, err := tls.X509KeyPair(authority.Issue(time.Now().Add(time.Hour), "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if o.Base == nil {
		o.Base = context.Background()
	}
	o.TLS, o.MaxBody = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}}, 64<<10
	server, err := h3.New(socket, o)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http3.Transport{TLSClientConfig: authority.Client("127.0.0.1")}
	s := &stand{server, "https://" + socket.LocalAddr().String(), &http.Client{Transport: transport}, make(chan error, 1), nil}
	s.close = sync.OnceFunc(func() { _ = transport.Close() })
	t.Cleanup(s.close)
	go func() { s.served <- server.Serve() }()
	return s
}

// stop shuts the server down.
func (s *stand) stop(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
}

func (s *stand) get(t *testing.T) (status int, body string, err error) {
	t.Helper()
	res, err := s.client.Get(s.url)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

// Who is being answered gets all of it, and clients that stay hold up nothing.
func TestShutdown(t *testing.T) {
	asked, finish := make(chan struct{}), make(chan struct{})
	s := open(t, h3.Options{WriteTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-finish
		_, _ = w.Write(make([]byte, 1<<20))
	})})
	got := make(chan int, 1)
	go func() {
		_, body, err := s.get(t)
		if err != nil {
			t.Error(err)
		}
		got <- len(body)
	}()
	<-asked
	go func() { close(finish) }()
	s.stop(t, t.Context())
	if n := <-got; n != 1<<20 {
		t.Errorf("%d bytes", n)
	}
}

// A request that hangs is not waited for.
func TestShutdownWithOneThatHangs(t *testing.T) {
	asked, finish, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := open(t, h3.Options{WriteTimeout: time.Minute, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		defer close(over)
		close(asked)
		<-finish
	})})
	go func() { _, _, _ = s.get(t) }()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.stop(t, ctx)
	close(finish)
	<-over
}

// The server's end is the cause of that of requests; a client that goes is none that matters.
func TestCauses(t *testing.T) {
	closing := errors.New("closing")
	base, end := context.WithCancelCause(context.Background())
	asked, causes := make(chan struct{}), make(chan error, 1)
	s := open(t, h3.Options{Base: base, WriteTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		causes <- context.Cause(r.Context())
	})})
	go func() { _, _, _ = s.get(t) }()
	<-asked
	s.close()
	if cause := <-causes; !errors.Is(cause, context.Canceled) {
		t.Errorf("the client has gone: %v", cause)
	}
	again := open(t, h3.Options{Base: base, WriteTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		if !errors.Is(context.Cause(r.Context()), closing) {
			t.Error(context.Cause(r.Context()))
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})})
	got := make(chan int, 1)
	go func() {
		status, _, _ := again.get(t)
		got <- status
	}()
	<-asked
	end(closing)
	if status := <-got; status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	s.stop(t, t.Context())
	again.stop(t, t.Context())
}

// An answer that its deadline cuts off does not end like a whole one.
func TestTornAnswer(t *testing.T) {
	torn := make(chan error, 1)
	s := open(t, h3.Options{WriteTimeout: 100 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<20)) // more than flow control lets pass
		torn <- err
	})})
	res, err := s.client.Get(s.url)
	if cut := <-torn; cut == nil {
		t.Error("it was taken by a client that reads nothing")
	}
	if err == nil { // its head may be lost, too
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); err == nil {
			t.Errorf("it ended like a whole one, after %d bytes", n)
		}
	}
	s.stop(t, t.Context())
}
