package origin_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"sluice/pkg/h3"
	"sluice/pkg/live"
)

// protocol is a version of HTTP, with TLS or without.
type protocol struct {
	name string // of the version
	http.Protocols
	secure bool
}

func protocols() []protocol {
	one, two := protocol{name: "HTTP/1.1"}, protocol{name: "HTTP/2.0"}
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	return append([]protocol{one, two}, inTLS()...)
}

func inTLS() []protocol {
	one, two, three := protocol{name: "HTTP/1.1", secure: true}, protocol{name: "HTTP/2.0", secure: true}, protocol{name: "HTTP/3.0", secure: true}
	one.SetHTTP1(true)
	two.SetHTTP2(true)
	return []protocol{one, two, three}
}

// String returns the name, of a test.
func (p protocol) String() string {
	if p.secure {
		return p.name + " in TLS"
	}
	return p.name
}

// unhurried is a target duration with which nobody waits in vain on a machine
// that is busy.
const unhurried = 20 * time.Second

// A venue is a studio behind a server that speaks one protocol, and its
// client. It counts the requests that are being answered.
type venue struct {
	*studio
	client *http.Client
	inside atomic.Int64
}

// open gives answers less time than some of them take.
func (p protocol) open(t *testing.T) *venue {
	t.Helper()
	if p.secure {
		return p.openFor(t, 3*time.Second) // a handshake counts
	}
	return p.openFor(t, time.Second)
}

// openFor gives them that time.
func (p protocol) openFor(t *testing.T, answer time.Duration) *venue {
	t.Helper()
	v := &venue{studio: newSet(t)}
	v.targets.Segment = unhurried
	v.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.inside.Add(1)
		defer v.inside.Add(-1)
		v.handler.ServeHTTP(w, r)
	}))
	v.Config.Protocols = &p.Protocols
	v.Config.WriteTimeout = answer
	v.Config.ConnContext = v.parking.ConnContext
	if !p.secure {
		v.Start()
		v.connect(p, nil)
		return v
	}
	v.EnableHTTP2 = p.HTTP2()
	v.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(v.Certificate())
	v.connect(p, &tls.Config{RootCAs: roots})
	return v
}

// connect makes the client, and has connections parked.
func (v *venue) connect(p protocol, config *tls.Config) {
	if p.name == "HTTP/3.0" {
		v.connectQUIC(config)
		return
	}
	var parking sync.WaitGroup
	parking.Go(func() { _ = v.Config.Serve(v.parking) })
	transport := &http.Transport{Protocols: &p.Protocols, DisableCompression: true, TLSClientConfig: config}
	v.client = &http.Client{Transport: transport}
	v.t.Cleanup(func() {
		transport.CloseIdleConnections()
		v.Close()
		_ = v.parking.Close()
		parking.Wait()
		v.parking.Wait()
	})
}

// connectQUIC has HTTP/3 beside the server, with the same time for an answer.
func (v *venue) connectQUIC(config *tls.Config) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		v.t.Fatal(err)
	}
	server, err := h3.New(socket, h3.Options{
		Handler: v.Config.Handler, TLS: v.TLS, Base: context.Background(), WriteTimeout: v.Config.WriteTimeout, MaxBody: 64 << 10,
	})
	if err != nil {
		v.t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve() })
	transport := &http3.Transport{TLSClientConfig: config, DisableCompression: true}
	v.client = &http.Client{Transport: transport}
	v.URL = "https://" + socket.LocalAddr().String()
	v.t.Cleanup(func() {
		_ = transport.Close()
		_ = server.Close()
		serving.Wait()
		v.Close()
	})
}

// fetch makes a request that ends with the context.
func (v *venue) fetch(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.URL+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	return v.client.Do(r)
}

// waiting waits until so many requests are being answered.
func (v *venue) waiting(n int64) {
	v.t.Helper()
	v.eventually(func() bool { return v.inside.Load()+int64(v.parking.Len()) == n })
}

// A growing segment arrives in pieces over a real connection, and is cut off if
// it comes to nothing.
func TestPiecesArrive(t *testing.T) {
	for _, p := range protocols() {
		t.Run(p.String(), func(t *testing.T) {
			s := p.open(t)
			s.add(v0, 0)
			video := s.begin(v0, 1)
			video.next()
			res, err := s.fetch(t.Context(), "/live/show/v0/n1.m4s")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.Proto != p.name || res.StatusCode != http.StatusOK || res.ContentLength != -1 {
				t.Fatalf("%s %s, length %d", res.Proto, res.Status, res.ContentLength)
			}
			for range partsEach {
				want := video.Chunks[len(video.Chunks)-1]
				got := make([]byte, len(want))
				if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != string(want) {
					t.Fatalf("chunk %d: %v", len(video.Chunks), err)
				}
				video.next()
			}
			s.show.End(s.now())
			if rest, err := io.ReadAll(res.Body); err == nil {
				t.Errorf("ended like a whole one, after %d bytes more", len(rest))
			}
		})
	}
}

// An answer that is alive outlives the server's time for one.
func TestLongerThanTheWriteTimeout(t *testing.T) {
	for _, p := range protocols() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			s := p.open(t)
			s.add(v0, 0)
			s.add(a0, 0)
			video := s.begin(v0, 1)
			video.next()
			res, err := s.fetch(t.Context(), "/live/show/v0/n1.m4s")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			held := make(chan string, 1)
			go func() {
				res, err := s.fetch(t.Context(), "/live/show/v0/index.m3u8?_HLS_msn=1")
				if err != nil {
					held <- err.Error()
					return
				}
				defer res.Body.Close()
				text, err := io.ReadAll(res.Body)
				held <- res.Status + strconv.Itoa(strings.Count(string(text), "#EXTINF")) + " " + strconv.FormatBool(err == nil)
			}()
			s.waiting(2)
			pause(s.Config.WriteTimeout + s.Config.WriteTimeout/4)
			video.next()
			video.finish()
			if all, err := io.ReadAll(res.Body); err != nil || string(all) != video.bytes() {
				t.Errorf("%d bytes, %v", len(all), err)
			}
			if got := <-held; got != "200 OK2 true" {
				t.Errorf("the held one: %s", got)
			}
		})
	}
}

// pause waits for what has no other sign than that time passes.
func pause(d time.Duration) { <-time.After(d) }

// Many wait on one connection or many. Half of them leave, and are forgotten;
// the others get the same text.
func TestHerd(t *testing.T) {
	for _, p := range protocols() {
		t.Run(p.String(), func(t *testing.T) {
			viewers, answer := 400, time.Second
			if p.secure { // handshakes take a core
				viewers, answer = 80, unhurried
			}
			s := p.openFor(t, answer)
			s.add(v0, 0)
			s.add(a0, 0)
			video := s.begin(v0, 1)
			video.next()
			patient, leave := context.WithCancel(t.Context())
			bodies := make([]string, viewers)
			var fetching sync.WaitGroup
			for i := range viewers {
				ctx := patient
				if i%2 == 0 {
					ctx = t.Context()
				}
				path := "/live/show/v0/index.m3u8?_HLS_msn=1&_HLS_part=1"
				if i%4 < 2 {
					path = "/live/show/v0/" + live.PartName(video.End()) + ".m4s"
				}
				fetching.Go(func() {
					res, err := s.fetch(ctx, path)
					if errors.Is(err, context.Canceled) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					defer res.Body.Close()
					body, err := io.ReadAll(res.Body)
					if err != nil || res.StatusCode != http.StatusOK || res.Proto != p.name {
						t.Errorf("%s %s: %v", res.Proto, res.Status, err)
					}
					bodies[i] = string(body)
				})
			}
			s.waiting(int64(viewers))
			leave()
			s.waiting(int64(viewers / 2))
			video.next()
			fetching.Wait()
			for i, body := range bodies {
				want := bodies[i%4/2*2]
				if i%2 == 1 {
					want = ""
				}
				if body != want || (i%2 == 0 && body == "") {
					t.Fatalf("viewer %d got %d bytes, want %d", i, len(body), len(want))
				}
			}
			s.waiting(0)
		})
	}
}

// A client that takes too little of a segment is let go when the server's time for
// an answer is over, and the segment with it.
func TestSlowClientOfASegment(t *testing.T) {
	for _, p := range protocols() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			answer := time.Second
			if p.secure {
				answer = 10 * time.Second // a handshake counts, of several at a time
			}
			s := p.openFor(t, answer)
			s.add(v0, 0)
			video := s.begin(v0, 1)
			video.cut()
			video.Chunks = append(video.Chunks, make([]byte, 64<<20)) // more than sockets hold
			seg := video.finish()
			res, err := s.fetch(t.Context(), "/live/show/v0/"+seg.Name+".m4s")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			s.waiting(1)
			s.waiting(0)
			if _, err := io.Copy(io.Discard, res.Body); err == nil {
				t.Error("ended like a whole one")
			}
		})
	}
}

// A client that takes nothing is let go, and keeps nobody else from what they
// ask for.
func TestSlowClient(t *testing.T) {
	s := newStudio(t)
	s.add(v0, 0)
	video := s.begin(v0, 1)
	video.Chunks = append(video.Chunks, make([]byte, 64<<20)) // more than sockets hold
	video.Size, video.Duration = 64<<20, 1
	video.publish()
	slow, err := http.Get(s.URL + "/live/show/v0/n1.m4s")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	quick, err := http.Get(s.URL + "/live/show/v0/n1.m4s")
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Body.Close()
	if n, err := io.CopyN(io.Discard, quick.Body, video.Size); err != nil {
		t.Errorf("%d bytes beside a slow client: %v", n, err)
	}
	s.show.End(s.now())
}
