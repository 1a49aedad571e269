package rtmp

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/amf"
)

// stopSoon ends the server and returns a channel that is closed when Serve
// returned.
func (s *testServer) stopSoon() <-chan struct{} {
	done := make(chan struct{})
	go func() { s.stop(); close(done) }()
	return done
}

// capable connects and says with capsEx what it knows.
func (s *testServer) capable(t *testing.T, capsEx any) *peer {
	t.Helper()
	p := dial(t, s.addr)
	if name, _ := p.result(p.call(0, "connect", object(field("app", "live"), field("capsEx", capsEx)))); name != "_result" {
		t.Fatalf("connect: %s", name)
	}
	return p
}

// wantReconnect waits for the request to reconnect, of the connection.
func (p *peer) wantReconnect() {
	p.t.Helper()
	m := p.message(kindCommandAMF0)
	values, _ := amf.Decode(m.body)
	info := values[3].(*amf.Object)
	if values[0] != any("onStatus") || m.stream != 0 || info.Text("code") != codeReconnect || info.Text("level") != levelStatus ||
		info.Text("description") == "" || info.Get("tcUrl") != nil {
		p.t.Fatalf("told %v on stream %d", info, m.stream)
	}
}

// Who did not say that it knows reconnect requests is told that it is
// unpublished, and ended at once.
func TestStopEndsPublishers(t *testing.T) {
	for _, capsEx := range []any{nil, 0.0, 2.0, 14.0, -1.0, 1e300, math.NaN(), math.Inf(1), "1", true, object(field("1", 1.0))} {
		s := startServer(t, Limits{Drain: time.Hour})
		p := s.capable(t, capsEx)
		p.publish("one")
		p.publish("two")
		p.write(unhex(t, "04 000000 000040 09 01000000 1701")) // amid a message
		done := s.stopSoon()
		p.wantStatus(codeUnpublished, levelStatus)
		p.wantStatus(codeUnpublished, levelStatus)
		p.wantEnd()
		_ = p.nc.Close()
		<-done
		for _, sink := range s.sinks {
			if !errors.Is(sink.closed[0], ErrServerClosed) {
				t.Errorf("capsEx %v: cause %v", capsEx, sink.closed[0])
			}
		}
	}
}

// Who knows them is asked to reconnect, and served until it leaves.
func TestStopDrains(t *testing.T) {
	leave := map[string]func(*peer, uint32){
		"FIN": func(p *peer, _ uint32) { _ = p.nc.Close() },
		"deleteStream": func(p *peer, id uint32) {
			p.call(0, "deleteStream", nil, float64(id))
			p.wantStatus(codeUnpublished, levelStatus)
			_ = p.nc.Close()
		},
	}
	for name, leave := range leave {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Limits{Drain: time.Hour})
			idle := dial(t, s.addr)
			p := s.capable(t, 15.0)
			stream := p.publish("key")
			p.audioConfig(stream)
			p.audio(stream, 1)
			sink := s.sink(t, 0)
			s.waitFrames(t, sink, 1)
			done := s.stopSoon()
			p.wantReconnect()
			idle.wantEnd()
			for i := range 5 {
				p.audio(stream, uint32(2+i))
			}
			s.waitFrames(t, sink, 6)
			sink.req.Peer.Warn("a.b", "")
			p.wantStatus("a.b", levelWarning)
			other := p.createStream()
			p.call(other, "publish", nil, "other")
			if got := p.wantStatus(codePublishFailed, levelError); !strings.Contains(got, "stopping") {
				t.Errorf("described as %q", got)
			}
			s.wantNoMore(t)
			leave(p, stream)
			<-done
			if !errors.Is(sink.closed[0], ErrServerClosed) {
				t.Errorf("cause %v", sink.closed[0])
			}
		})
	}
}

// wantNoMore waits until the server accepts no connections any more. To connect would not tell:
// somebody else may have the port by then.
func (s *testServer) wantNoMore(t *testing.T) {
	t.Helper()
	for range 500 {
		if err := s.listener.(*net.TCPListener).SetDeadline(time.Time{}); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("new connections are accepted")
}

// A Sink may end a publisher that is drained.
func TestEndWhileDraining(t *testing.T) {
	s := startServer(t, Limits{Drain: time.Hour})
	p := s.capable(t, 1.0)
	p.publish("key")
	done := s.stopSoon()
	p.wantReconnect()
	s.sink(t, 0).req.Peer.End(ErrTakenOver)
	p.wantStatus(codeBadName, levelError)
	p.wantEnd()
	_ = p.nc.Close()
	<-done
}

// However a peer behaves, the server's stop has an end. The clock is a fake
// one; the pipe between the two has no buffers.
func TestStopIsBounded(t *testing.T) {
	limits := Limits{Write: time.Hour, Publish: time.Hour, Handshake: time.Hour}
	hands := append(hello(0), make([]byte, handshakeSize)...)
	capable := preamble(field("capsEx", 1.0))
	media := func(t *testing.T, w io.Writer) {
		for write(w, unhex(t, silenced)) == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
	cases := []struct {
		name string
		deaf bool
		send func(*testing.T, io.Writer)
		want time.Duration
	}{
		{"nothing", false, func(*testing.T, io.Writer) {}, 0},
		{"handshake", false, func(_ *testing.T, w io.Writer) { _ = write(w, hello(0)) }, 0},
		{"connected", false, func(_ *testing.T, w io.Writer) { _ = write(w, hands, preamble()[:12]) }, 0},
		{"a publisher that goes on", false, func(t *testing.T, w io.Writer) { _ = write(w, hands, preamble()); media(t, w) }, 0},
		{"one that was asked to reconnect", false, func(t *testing.T, w io.Writer) { _ = write(w, hands, capable); media(t, w) }, 2 * time.Second},
		{"silent since it was asked", false, func(_ *testing.T, w io.Writer) { _ = write(w, hands, capable) }, 2 * time.Second},
		{"a write is under way", true, func(t *testing.T, w io.Writer) { _ = write(w, hands, unhex(t, pinged)) }, 3 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				h, stopped := &fakeHandler{}, time.Now().Add(5*time.Second)
				time.AfterFunc(5*time.Second, cancel)
				ended := lone{h, limits, c.deaf, c.send}.serve(ctx, t)
				if got := ended.Sub(stopped); got != c.want {
					t.Errorf("ended %v after the stop, want %v", got, c.want)
				}
				if len(h.sinks) > 0 && !errors.Is(h.sinks[0].closed[0], ErrServerClosed) {
					t.Errorf("cause %v", h.sinks[0].closed)
				}
				time.Sleep(time.Hour) // what is left of timers
			})
		})
	}
}

// The server stops while publishers are ended, go away and wait.
func TestStopRaces(t *testing.T) {
	for i := range 10 {
		s := startServer(t, Limits{Linger: 20 * time.Millisecond, Drain: 20 * time.Millisecond})
		g := gated(s, i%2 == 0)
		var peers []*peer
		for j := range 6 {
			p := s.capable(t, float64(j%2))
			p.publish(strconv.Itoa(j))
			peers = append(peers, p)
		}
		g.waiter(peers[5])
		var all sync.WaitGroup
		for j, sink := range s.sinks[:6] {
			all.Go(func() { sink.req.Peer.End(ErrTakenOver) })
			if j%3 == 0 {
				all.Go(func() { _ = peers[j].nc.Close() })
			}
		}
		all.Go(s.stop)
		all.Wait()
	}
}
