package rtmp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What a publisher is told of the cause that it is ended with. It is silent
// when that happens, or amid a message.
func TestPeerEnd(t *testing.T) {
	full := errors.New("the disk is full")
	cases := []struct {
		name              string
		sent              string // by the publisher before
		cause, want       error
		code, description string
	}{
		{"taken over", "", ErrTakenOver, ErrTakenOver, codeBadName, "publishes under this name now"},
		{"name in use", "", ErrNameInUse, ErrNameInUse, codeBadName, "somebody else"},
		{"not authorized any more", "", fmt.Errorf("token: %w", ErrUnauthorized), ErrUnauthorized, codeUnauthorized, "not authorized"},
		{"another reason", "", full, full, codePublishFailed, full.Error()},
		{"no reason", "", nil, errEnded, codePublishFailed, "ended"},
		{"amid a basic header", "00", ErrTakenOver, ErrTakenOver, codeBadName, ""},
		{"amid a header", "04 000000 00", ErrTakenOver, ErrTakenOver, codeBadName, ""},
		{"amid a body", "04 000000 000040 09 01000000 1701", ErrTakenOver, ErrTakenOver, codeBadName, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, Limits{})
			p, _ := s.publisher(t, "key")
			p.write(unhex(t, c.sent))
			sink := s.sink(t, 0)
			sink.req.Peer.End(c.cause)
			sink.req.Peer.End(errors.New("too late"))
			sink.req.Peer.Warn("a.b", "too late")
			if got := p.wantStatus(c.code, levelError); !strings.Contains(got, c.description) {
				t.Errorf("described as %q", got)
			}
			p.wantEnd()
			_ = p.nc.Close()
			if got := s.cause(t, sink); !errors.Is(got, c.want) {
				t.Errorf("cause %v, want %v", got, c.want)
			}
			s.stop() // counts how often the sink was closed
			sink.req.Peer.End(c.cause)
			sink.req.Peer.Warn("a.b", "too late")
		})
	}
}

// The Sink's side may speak from wherever it is called.
func TestPeerFromWithin(t *testing.T) {
	end := func(s *fakeSink) { s.req.Peer.Warn("a.b", "beware"); s.req.Peer.End(ErrTakenOver) }
	for name, setUp := range map[string]func(*fakeSink) error{
		"Publish":    func(s *fakeSink) error { end(s); return nil },
		"WriteFrame": func(s *fakeSink) error { s.onFrame = func() { end(s) }; return nil },
		"WriteFrame, which fails too": func(s *fakeSink) error {
			s.fail = fmt.Errorf("so: %w", ErrTakenOver)
			s.onFrame = func() { s.req.Peer.End(ErrTakenOver) }
			return nil
		},
		"Close": func(s *fakeSink) error { s.fail = ErrTakenOver; s.onClose = func() { end(s) }; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Limits{})
			s.setUp = setUp
			p, stream := s.publisher(t, "key")
			if name != "Publish" {
				p.audioConfig(stream)
				p.audio(stream, 1)
			}
			code, _, _ := p.status()
			if code == "a.b" {
				code, _, _ = p.status()
			}
			if code != codeBadName {
				t.Errorf("told %s", code)
			}
			p.wantEnd()
			_ = p.nc.Close()
			if cause := s.cause(t, s.sink(t, 0)); !errors.Is(cause, ErrTakenOver) {
				t.Errorf("cause %v", cause)
			}
			s.stop()
		})
	}
}

// The other streams of the connection go on, also amid a message.
func TestPeerEndsOneStreamOfSeveral(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	p.connect("live")
	one, two := p.publish("one"), p.publish("two")
	p.audioConfig(two)
	p.sendAt(message{kind: kindAudio, stream: two, time: 5, body: append([]byte{0xaf, 1}, "hello, there"...)})
	rest := p.out.buf
	p.out.buf = nil
	p.write(rest[:16])
	s.sink(t, 0).req.Peer.End(ErrTakenOver)
	p.wantStatus(codeBadName, levelError)
	p.write(rest[16:])
	p.audio(one, 6) // goes nowhere
	p.audio(two, 7)
	s.waitFrames(t, s.sink(t, 1), 2)
	if got := string(s.sink(t, 1).frames[0].Data); got != "hello, there" {
		t.Errorf("the message came as %q", got)
	}
	p.call(one, "publish", nil, "again") // its message stream is free
	p.wantStatus(codePublishStart, levelStatus)
	s.sink(t, 0).req.Peer.End(errors.New("not of this one"))
	p.audioConfig(one)
	p.audio(one, 8)
	s.waitFrames(t, s.sink(t, 2), 1)
}

func TestPeerWarn(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	sink := s.sink(t, 0)
	sink.req.Peer.Warn("a.b", "while it is silent")
	if got := p.wantStatus("a.b", levelWarning); got != "while it is silent" {
		t.Errorf("described as %q", got)
	}
	s.board.note(func() { sink.onFrame = func() { sink.req.Peer.Warn("c.d", strings.Repeat("x", 1<<20)) } })
	p.audioConfig(stream)
	p.audio(stream, 1)
	if got := p.wantStatus("c.d", levelWarning); len(got) > 300 {
		t.Errorf("described in %d bytes", len(got))
	}
}

func TestWarningsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		r := &remote{wire: &wire{Conn: far}}
		flood := func(want int) {
			t.Helper()
			for i := range 100 {
				r.Warn(strconv.Itoa(i), "")
			}
			if got, _ := r.take(); len(got) != want || want > 0 && got[want-1].code != strconv.Itoa(want-1) {
				t.Errorf("%d of 100 warnings are sent, want the first %d", len(got), want)
			}
		}
		flood(16)
		flood(0)
		time.Sleep(time.Second)
		flood(16)
		time.Sleep(time.Second)
		for i := range 20 { // nobody comes for them
			r.Warn(strconv.Itoa(i), "")
			time.Sleep(10 * time.Second)
		}
		flood(16)
	})
}

// A refused publisher's Peer says nothing any more.
func TestPeerOfTheRefused(t *testing.T) {
	s := startServer(t, Limits{})
	peers := make(chan Peer, 1)
	s.setUp = func(sink *fakeSink) error {
		if sink.req.Name != "refused" {
			return nil
		}
		peers <- sink.req.Peer
		return ErrTakenOver
	}
	p, _ := s.publisher(t, "key")
	stream := p.createStream()
	p.call(stream, "publish", nil, "refused")
	p.wantStatus(codeBadName, levelError)
	gone := <-peers
	gone.Warn("a.b", "too late")
	gone.End(errors.New("too late"))
	p.call(stream, "publish", nil, "other")
	p.wantStatus(codePublishStart, levelStatus)
}

// Frames arrive, all of them, while many speak to their publisher.
func TestPeersAreLoud(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	sink := s.sink(t, 0)
	const frames, voices = 2000, 3
	go func() {
		for { // what is said must be taken
			if _, err := p.read(); err != nil {
				return
			}
		}
	}()
	done := make(chan struct{})
	var loud sync.WaitGroup
	for range voices {
		loud.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					sink.req.Peer.Warn("a.b", "")
				}
			}
		})
	}
	p.audioConfig(stream)
	for i := range uint32(frames) {
		p.audio(stream, i)
	}
	s.waitFrames(t, sink, frames)
	close(done)
	loud.Wait()
	_ = p.nc.Close()
}

// However the ends race, there is one.
func TestPeerEndRaces(t *testing.T) {
	s := startServer(t, Limits{Linger: 10 * time.Millisecond})
	for i := range 60 {
		p, stream := s.publisher(t, strconv.Itoa(i))
		sink := s.sink(t, i)
		var ends sync.WaitGroup
		for range 2 {
			ends.Go(func() { sink.req.Peer.End(ErrTakenOver) })
		}
		switch i % 3 {
		case 0:
			_ = p.nc.Close()
		case 1:
			p.call(0, "deleteStream", nil, float64(stream))
		}
		ends.Wait()
		if cause := s.cause(t, sink); !errors.Is(cause, ErrTakenOver) && (i%3 == 2 || !errors.Is(cause, ErrDisconnected) && !errors.Is(cause, ErrUnpublished)) {
			t.Errorf("cause %v", cause)
		}
	}
	s.stop()
}

// The reader is woken amid TLS records, too, and reads on.
func TestPeerOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	serves := &tls.Config{Certificates: web.TLS.Certificates}
	trusts := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
	trusts.RootCAs.AddCert(web.Certificate())
	web.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", serves)
	if err != nil {
		t.Fatal(err)
	}
	s := startServerOn(t, ln, Limits{})
	nc, err := tls.Dial("tcp", s.addr, trusts)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, nc)
	p.hands()
	p.connect("live")
	stream := p.publish("key")
	sink := s.sink(t, 0)
	p.audioConfig(stream)
	for i := range 50 {
		sink.req.Peer.Warn("a.b", "")
		p.audio(stream, uint32(i))
	}
	s.waitFrames(t, sink, 50)
	p.wantStatus("a.b", levelWarning)
	sink.req.Peer.End(ErrTakenOver)
	for code := ""; code != codeBadName; {
		code, _, _ = p.status()
	}
	p.wantEnd()
}
