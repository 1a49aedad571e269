package rtmp

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"sluice/pkg/certs"
	"sluice/pkg/certs/certstest"
)

// startSecure starts a server with TLS, and returns what its clients need.
func startSecure(t *testing.T, limits Limits) (*testServer, *tls.Config) {
	t.Helper()
	authority := certstest.NewAuthority(t)
	files := authority.NewFiles("127.0.0.1")
	source, err := certs.OpenFiles([]certs.Pair{{Certificate: files.Certificate, Key: files.Key}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", source.Config())
	if err != nil {
		t.Fatal(err)
	}
	return startServerOn(t, ln, limits), authority.Client("127.0.0.1")
}

// dialSecure connects and shakes hands.
func dialSecure(t *testing.T, s *testServer, config *tls.Config) *peer {
	t.Helper()
	p := newPeer(t, tls.Client(dialRaw(t, s.addr).nc, config))
	p.hands()
	return p
}

func TestPublishInTLS(t *testing.T) {
	s, config := startSecure(t, Limits{})
	p := dialSecure(t, s, config)
	p.connect("live")
	stream := p.publish("key")
	sink := s.sink(t, 0)
	if got, want := sink.req.Remote.String(), p.nc.LocalAddr().String(); got != want {
		t.Errorf("remote %s, want %s", got, want)
	}
	p.audioConfig(stream)
	p.audio(stream, 23)
	s.waitFrames(t, sink, 1)
	sink.req.Peer.Warn("Sluice.Test", "a warning amid a read")
	p.wantStatus("Sluice.Test", levelWarning)
	p.audio(stream, 46)
	s.waitFrames(t, sink, 2)

	other := dialSecure(t, s, config)
	other.connect("live")
	other.call(other.createStream(), "publish", nil, "key", "live")
	other.wantStatus(codeBadName, levelError)
	if _, err := other.read(); !errors.Is(err, io.EOF) {
		t.Errorf("a refused publisher is ended with %v", err)
	}
	p.nc.Close()
	if cause := s.cause(t, sink); !errors.Is(cause, ErrDisconnected) {
		t.Errorf("the cause is %v", cause)
	}
}

// A halting connection holds back what is written behind so many bytes.
type halting struct {
	net.Conn
	mu   sync.Mutex
	pass int
	held []byte
}

func (h *halting) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(h.pass, len(p))
	h.pass -= n
	h.held = append(h.held, p[n:]...)
	if _, err := h.Conn.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// limit lets so many bytes more pass.
func (h *halting) limit(bytes int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pass = bytes
	held := h.held
	h.held = nil
	_, err := h.Conn.Write(held)
	return err
}

// The server's word to a publisher interrupts the read of half a record, which goes on
// afterwards.
func TestPokedAmidARecord(t *testing.T) {
	s, config := startSecure(t, Limits{})
	wire := &halting{Conn: dialRaw(t, s.addr).nc, pass: 1 << 30}
	p := newPeer(t, tls.Client(wire, config))
	p.hands()
	p.connect("live")
	stream := p.publish("key")
	sink := s.sink(t, 0)
	p.audioConfig(stream)
	for i := range 3 {
		if err := wire.limit(7); err != nil {
			t.Fatal(err)
		}
		p.audio(stream, uint32(23*i))
		sink.req.Peer.Warn("Sluice.Test", "a warning amid a record")
		p.wantStatus("Sluice.Test", levelWarning)
		if err := wire.limit(1 << 30); err != nil {
			t.Fatal(err)
		}
		s.waitFrames(t, sink, i+1)
	}
}

// Who begins no handshake, or half of one, is let go as with RTMP, and counts meanwhile.
func TestUnfinishedTLS(t *testing.T) {
	s, config := startSecure(t, Limits{Handshake: 500 * time.Millisecond, Connections: 3})
	silent := dialRaw(t, s.addr)
	half := &halting{Conn: dialRaw(t, s.addr).nc, pass: 100}
	handshake := make(chan error, 1)
	go func() { handshake <- tls.Client(half, config).Handshake() }()
	only := newPeer(t, tls.Client(dialRaw(t, s.addr).nc, config)) // TLS, but no RTMP
	if err := only.nc.(*tls.Conn).Handshake(); err != nil {
		t.Fatal(err)
	}
	dialRaw(t, s.addr).wantEnd() // one too many
	silent.wantEnd()
	only.wantEnd()
	if err := <-handshake; err == nil {
		t.Error("half a handshake was one")
	}
	s.stop() // waits for them
	if n := s.open.Load(); n != 0 {
		t.Errorf("%d connections count", n)
	}
}

// Each takes the other's protocol for what it is: none of its own.
func TestOtherProtocol(t *testing.T) {
	secure, config := startSecure(t, Limits{})
	plain := startServer(t, Limits{})
	p := dialRaw(t, secure.addr)
	p.write(append(hello(-1), make([]byte, handshakeSize)...))
	p.wantEnd()
	if err := tls.Client(dialRaw(t, plain.addr).nc, config).Handshake(); err == nil {
		t.Error("a handshake of TLS without TLS")
	}
}

// The stop of a server does not wait for those who take nothing, and whose TLS has something
// to say to them.
func TestStopInTLS(t *testing.T) {
	s, config := startSecure(t, Limits{Drain: 100 * time.Millisecond, Linger: 100 * time.Millisecond})
	var peers []*peer
	for _, name := range []string{"a", "b"} {
		p := dialSecure(t, s, config)
		p.connect("live")
		p.audioConfig(p.publish(name))
		peers = append(peers, p)
	}
	silent := dialRaw(t, s.addr)
	s.board.wait(t, "publishers", func() bool { return len(s.sinks) == 2 })
	s.stop()
	for i, sink := range s.sinks {
		if !errors.Is(sink.closed[0], ErrServerClosed) {
			t.Errorf("publisher %d: %v", i, sink.closed)
		}
		peers[i].wantStatus(codeUnpublished, levelStatus)
	}
	silent.wantEnd()
}

// What comes in TLS is not gathered, however many publish.
func TestThrongInTLS(t *testing.T) {
	s, config := startSecure(t, Limits{})
	for i := range many + 1 {
		p := dialSecure(t, s, config)
		p.connect("live")
		stream := p.publish(string(rune('a' + i)))
		p.audioConfig(stream)
		p.audio(stream, 23)
		s.waitFrames(t, s.sink(t, i), 1)
	}
	s.throng.mu.Lock()
	defer s.throng.mu.Unlock()
	if s.throng.stop == nil {
		t.Error("this is no throng")
	}
	for w := range s.throng.wires {
		w.gather(mostTogether)
		if w.gathered != 0 {
			t.Errorf("%d bytes are gathered", w.gathered)
		}
	}
}
