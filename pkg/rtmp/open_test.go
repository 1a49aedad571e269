package rtmp

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// A gate is where the publishers of "wait" wait.
type gate struct {
	waiting chan struct{} // takes one when somebody waits
	open    chan error    // gives what the waiting ends with
	ended   chan error    // takes the context's error, when that ends it
}

// gated makes a server's Handler wait at a gate. A stubborn one goes on when
// its context ended.
func gated(s *testServer, stubborn bool) gate {
	g := gate{make(chan struct{}, 1), make(chan error, 1), make(chan error, 1)}
	s.wait = func(ctx context.Context, req Request) error {
		if req.Name != "wait" {
			return nil
		}
		g.waiting <- struct{}{}
		select {
		case err := <-g.open:
			return err
		case <-ctx.Done():
			g.ended <- ctx.Err()
			if stubborn {
				return nil
			}
			return ctx.Err()
		}
	}
	return g
}

// waiter publishes "wait" on a connection and returns when that waits.
func (g gate) waiter(p *peer) uint32 {
	p.t.Helper()
	stream := p.createStream()
	p.call(stream, "publish", nil, "wait")
	<-g.waiting
	return stream
}

// The wait of a publisher ends when it goes away, when the server stops and
// when it lasted too long. A Sink that comes all the same is closed.
func TestPublishStopsWaiting(t *testing.T) {
	cases := []struct {
		name   string
		limits Limits
		do     func(*testServer, *peer)
		want   error
		cause  error // that a Sink is closed with
	}{
		{"FIN", Limits{Publish: time.Hour}, func(_ *testServer, p *peer) { _ = p.nc.Close() }, context.Canceled, ErrDisconnected},
		{"FIN behind a message", Limits{Publish: time.Hour}, func(_ *testServer, p *peer) { p.audio(1, 1); _ = p.nc.Close() }, context.Canceled, ErrDisconnected},
		{"RST", Limits{Publish: time.Hour}, func(_ *testServer, p *peer) {
			_ = p.nc.(*net.TCPConn).SetLinger(0)
			_ = p.nc.Close()
		}, context.Canceled, ErrDisconnected},
		{"too long", Limits{Publish: 100 * time.Millisecond}, func(*testServer, *peer) {}, context.DeadlineExceeded, nil},
		{"shutdown", Limits{Publish: time.Hour}, func(s *testServer, _ *peer) { s.stop() }, context.Canceled, ErrServerClosed},
		{"shutdown behind many bytes", Limits{Publish: time.Hour}, func(s *testServer, p *peer) {
			p.write(make([]byte, 64<<10))
			s.stop()
		}, context.Canceled, ErrServerClosed},
	}
	for _, stubborn := range []bool{false, true} {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				c.limits.Linger = 20 * time.Millisecond
				s := startServer(t, c.limits)
				g := gated(s, stubborn)
				p := dial(t, s.addr)
				p.connect("live")
				g.waiter(p)
				c.do(s, p)
				if err := <-g.ended; !errors.Is(err, c.want) {
					t.Errorf("the context ended with %v, want %v", err, c.want)
				}
				if stubborn && c.cause != nil {
					if cause := s.cause(t, s.sink(t, 0)); !errors.Is(cause, c.cause) {
						t.Errorf("cause %v, want %v", cause, c.cause)
					}
				}
				s.stop()
			})
		}
	}
}

// What comes behind the request waits with it, in order.
func TestPublishWaitsWithMedia(t *testing.T) {
	for name, frames := range map[string]int{"few": 3, "many": 20000} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Limits{})
			g := gated(s, false)
			p := dial(t, s.addr)
			p.connect("live")
			stream := g.waiter(p)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				p.audioConfig(stream)
				for i := range frames {
					p.audio(stream, uint32(i))
				}
			}()
			if frames < 100 {
				<-sent
			}
			g.open <- nil
			sink := s.sink(t, 0)
			s.waitFrames(t, sink, frames)
			<-sent
			for i, f := range sink.frames {
				if f.Time != uint32(i) {
					t.Fatalf("frame %d has the time %d", i, f.Time)
				}
			}
		})
	}
}

// While one stream of a connection waits, the others are spoken to and ended.
func TestPublishWaitsAlone(t *testing.T) {
	for name, ahead := range map[string]int{"silence": 0, "more than is read ahead": 300} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Limits{})
			g := gated(s, false)
			p := dial(t, s.addr)
			p.connect("live")
			one, two := p.publish("one"), p.publish("two")
			p.audioConfig(one)
			p.audioConfig(two)
			wait := g.waiter(p)
			for i := range ahead {
				p.send(message{kind: kindAudio, stream: two, time: uint32(i), body: append([]byte{0xaf, 1}, make([]byte, 200)...)})
			}
			s.sink(t, 0).req.Peer.Warn("a.b", "")
			p.wantStatus("a.b", levelWarning)
			s.sink(t, 0).req.Peer.End(ErrTakenOver)
			p.wantStatus(codeBadName, levelError)
			if cause := s.cause(t, s.sink(t, 0)); !errors.Is(cause, ErrTakenOver) {
				t.Errorf("cause %v", cause)
			}
			g.open <- ErrUnauthorized
			p.wantStatus(codeUnauthorized, levelError)
			p.audio(wait, 1)
			p.audio(two, 2)
			s.waitFrames(t, s.sink(t, 1), ahead+1)
		})
	}
}

// A wait is not the silence of the other streams.
func TestWaitIsNoSilence(t *testing.T) {
	s := startServer(t, Limits{Idle: 200 * time.Millisecond})
	s.setUp = func(sink *fakeSink) error {
		if sink.req.Name == "slow" {
			time.Sleep(300 * time.Millisecond) // what is tested, not a synchronisation
			return ErrNameInUse
		}
		return nil
	}
	p, stream := s.publisher(t, "key")
	p.audioConfig(stream)
	p.call(p.createStream(), "publish", nil, "slow")
	p.wantStatus(codeBadName, levelError)
	p.audio(stream, 1)
	s.waitFrames(t, s.sink(t, 0), 1)
}

// An answer that comes while the connection attends to something else is heard.
func TestAnswerAmidAttending(t *testing.T) {
	here, there := net.Pipe()
	defer func() { _ = here.Close(); _ = there.Close() }()
	c := newConn(&fakeHandler{}, Limits{}, zerolog.Nop(), &throng{}, there, 1)
	c.in = newChunkReader(c.wire)
	answered := make(chan struct{})
	c.wire.attend = func() error {
		close(answered)
		c.wire.poke()
		return c.wire.settle()
	}
	c.wire.poke()
	done := make(chan struct{})
	go func() { defer close(done); c.watch(answered) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("watch goes on")
	}
}

// A fault of the Handler ends one connection.
func TestPanicOfTheHandler(t *testing.T) {
	s := startServer(t, Limits{})
	s.setUp = func(sink *fakeSink) error {
		if sink.req.Name == "broken" {
			panic("a fault of the handler")
		}
		return nil
	}
	p, _ := s.publisher(t, "key")
	p.call(p.createStream(), "publish", nil, "broken")
	p.wantEnd()
	if cause := s.cause(t, s.sink(t, 0)); !errors.Is(cause, errPanic) {
		t.Errorf("cause %v", cause)
	}
}
