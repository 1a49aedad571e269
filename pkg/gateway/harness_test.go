package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
	"sluice/pkg/push"
	"sluice/pkg/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childStore); dir != "" {
		os.Exit(runChild(dir))
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what must happen.
const patience = time.Minute

// A server is a gateway that runs for one test.
type server struct {
	t      testing.TB
	rtmp   string // rtmp://127.0.0.1:port
	http   string // http://127.0.0.1:port
	dir    string // of the store
	log    *logBook
	client *http.Client
	stop   func() // returns when the gateway has stopped

	waiting func() int // requests that are held
	api     string     // http://127.0.0.1:port, empty if there is none

	rtmps, https string // as rtmp and http, empty without TLS
}

// settings returns a configuration with free ports and what changes, keys and
// values in turn, say.
func settings(t testing.TB, changes ...string) config.Config {
	t.Helper()
	cfg := config.Default()
	all := append([]string{"rtmp.address", "127.0.0.1:0", "http.address", "127.0.0.1:0", "store.path", t.TempDir(), "stream.linger", "0s"}, changes...)
	for i := 0; i < len(all); i += 2 {
		if err := cfg.Set("test", all[i], all[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// start runs a gateway with changed settings. It stops with the test.
func start(t testing.TB, changes ...string) *server {
	t.Helper()
	return startOn(t, func(disk store.Store) store.Store { return disk }, changes...)
}

// startOn does so with something between the gateway and its disk.
func startOn(t testing.TB, between func(store.Store) store.Store, changes ...string) *server {
	t.Helper()
	book := &logBook{}
	cfg := settings(t, changes...)
	g, err := gateway.NewOn(cfg, zerolog.New(book), between)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, g, cfg, book)
}

// startWith runs a gateway of a configuration, after something was done to it.
func startWith(t testing.TB, cfg config.Config, prepare func(*gateway.Gateway)) *server {
	t.Helper()
	book := &logBook{}
	g, err := gateway.New(cfg, zerolog.New(book))
	if err != nil {
		t.Fatal(err)
	}
	prepare(g)
	return serve(t, g, cfg, book)
}

// serve runs a gateway until the test ends.
func serve(t testing.TB, g *gateway.Gateway, cfg config.Config, book *logBook) *server {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	transport := &http.Transport{}
	s := &server{
		t: t, log: book, dir: cfg.Store.Path, client: &http.Client{Transport: transport},
		rtmp: "rtmp://" + g.RTMPAddr().String(), http: "http://" + g.HTTPAddr().String(), waiting: g.Waiting,
	}
	if at := g.RTMPSAddr(); at != nil {
		s.rtmps = "rtmps://" + at.String()
	}
	if at := g.HTTPSAddr(); at != nil {
		s.https = "https://" + at.String()
	}
	if addr := g.APIAddr(); addr != nil {
		s.api = "http://" + addr.String()
	}
	s.stop = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// get returns the body of a path that must be there.
func (s *server) get(path string) string {
	s.t.Helper()
	status, body := s.try(path)
	if status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}

// try returns the answer to GET path.
func (s *server) try(path string) (status int, body string) {
	s.t.Helper()
	res, err := s.client.Get(s.http + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
	return res.StatusCode, string(all)
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never came: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// playing waits until a stream can be played, with so many segments.
func (s *server) playing(stream string, segments int) {
	s.t.Helper()
	eventually(s.t, stream+" on air", func() bool {
		_, body := s.try("/" + stream + "/v0/ts.m3u8")
		return strings.Count(body, "#EXTINF") >= segments
	})
}

// ended waits for the end of a stream, which has a rendition of that name.
func (s *server) ended(stream, rendition string) {
	s.t.Helper()
	eventually(s.t, "the end of "+stream, func() bool {
		_, body := s.try("/" + stream + "/" + rendition + "/index.m3u8")
		return strings.Contains(body, "#EXT-X-ENDLIST")
	})
}

// broadcast publishes the demo clip in a loop until stop is called, which
// returns why it ended: nil if it was stop.
func (s *server) broadcast(stream string) (stop func() error) {
	s.t.Helper()
	clip, err := push.Demo()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := clip.Run(ctx, s.rtmp+"/"+stream, push.Options{Loop: true, Log: zerolog.Nop()})
		if ctx.Err() != nil {
			err = nil
		}
		done <- err
	}()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	s.t.Cleanup(func() { _ = stop() })
	return stop
}

// dial connects to the publishers' side. The connection is closed with the
// test.
func (s *server) dial() net.Conn {
	s.t.Helper()
	conn := s.connect(strings.TrimPrefix(s.rtmp, "rtmp://"))
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// dialHTTP connects to the players' side in the same way.
func (s *server) dialHTTP() net.Conn {
	s.t.Helper()
	return s.connect(strings.TrimPrefix(s.http, "http://"))
}

func (s *server) connect(address string) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A logBook keeps the log.
type logBook struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *logBook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(line)
}

// String returns all of it.
func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// find returns the events with a message.
func (b *logBook) find(message string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(b.String()) {
		var event map[string]any
		if json.Unmarshal([]byte(line), &event) == nil && event["message"] == message {
			found = append(found, event)
		}
	}
	return found
}
