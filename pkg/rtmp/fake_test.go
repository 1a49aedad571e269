package rtmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sluice/pkg/amf"
	"sluice/pkg/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// A board is where fakes note what happened and tests wait for it.
type board struct {
	mu      sync.Mutex
	changed chan struct{}
}

func (b *board) note(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
	if b.changed != nil {
		close(b.changed)
	}
	b.changed = make(chan struct{})
}

func (b *board) wait(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		ok, changed := cond(), b.changed
		if !ok && changed == nil {
			changed = make(chan struct{})
			b.changed = changed
		}
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A fakeSink keeps what it is given.
type fakeSink struct {
	board  *board
	req    Request
	meta   []media.Metadata
	tracks []media.Track
	frames []media.Frame
	closed []error
	light  bool  // count frames, do not keep them
	count  int   // of frames
	fail   error // of WriteFrame
	panics bool

	onFrame, onClose func()
}

func (s *fakeSink) WriteMetadata(m media.Metadata) {
	s.board.note(func() { s.meta = append(s.meta, m) })
}

func (s *fakeSink) WriteTrack(t media.Track) error {
	s.board.note(func() { s.tracks = append(s.tracks, t) })
	return nil
}

func (s *fakeSink) WriteFrame(f media.Frame) error {
	if s.panics {
		panic("a fault of the sink")
	}
	s.board.note(func() {
		s.count++
		if !s.light {
			s.frames = append(s.frames, f)
		}
	})
	if s.onFrame != nil {
		s.onFrame()
	}
	return s.fail
}

func (s *fakeSink) Close(cause error) error {
	if s.onClose != nil {
		s.onClose()
	}
	s.board.note(func() { s.closed = append(s.closed, cause) })
	return nil
}

func (s *fakeSink) ended() bool { return len(s.closed) > 0 }

// A fakeHandler gives every name to one publisher at a time.
type fakeHandler struct {
	board board
	sinks []*fakeSink
	setUp func(*fakeSink) error // may refuse
	wait  func(context.Context, Request) error
	door  func(*Request) error // nil lets everybody in
}

func (h *fakeHandler) Connect(_ context.Context, req *Request) error {
	if h.door == nil {
		return nil
	}
	return h.door(req)
}

func (h *fakeHandler) Publish(ctx context.Context, asked *Request) (Sink, error) {
	req := *asked
	s := &fakeSink{board: &h.board, req: req}
	if h.setUp != nil {
		if err := h.setUp(s); err != nil {
			return nil, err
		}
	}
	if h.wait != nil {
		if err := h.wait(ctx, req); err != nil {
			return nil, err
		}
	}
	var err error
	h.board.note(func() {
		for _, other := range h.sinks {
			if other.req.App == req.App && other.req.Name == req.Name && !other.ended() {
				err = fmt.Errorf("%s: %w", req.Name, ErrNameInUse)
				return
			}
		}
		h.sinks = append(h.sinks, s)
	})
	return s, err
}

// sink waits for the i-th publication.
func (h *fakeHandler) sink(t testing.TB, i int) *fakeSink {
	t.Helper()
	h.board.wait(t, "a publication", func() bool { return len(h.sinks) > i })
	return h.sinks[i]
}

// cause waits for the end of a publication.
func (h *fakeHandler) cause(t testing.TB, s *fakeSink) error {
	t.Helper()
	h.board.wait(t, "the end of the publication", s.ended)
	return s.closed[0]
}

// A testLog keeps what a server logs.
type testLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// A testServer is a Server on a port of its own.
type testServer struct {
	listener net.Listener
	*Server
	*fakeHandler
	log  *testLog
	addr string
	stop func() // ends Serve and waits for it
}

func startServer(t testing.TB, limits Limits) *testServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startServerOn(t, ln, limits)
}

func startServerOn(t testing.TB, ln net.Listener, limits Limits) *testServer {
	t.Helper()
	h, log := &fakeHandler{}, &testLog{}
	s := &testServer{
		Server:      &Server{Handler: h, Door: h, Log: zerolog.New(log), Limits: limits},
		fakeHandler: h,
		log:         log,
		addr:        ln.Addr().String(),
		listener:    ln,
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		for _, sink := range h.sinks {
			if len(sink.closed) != 1 {
				t.Errorf("the sink of %q was closed %d times: %v", sink.req.Name, len(sink.closed), sink.closed)
			}
		}
	})
	t.Cleanup(s.stop)
	return s
}

// A peer is a client under the test's control.
type peer struct {
	t   testing.TB
	nc  net.Conn
	in  *chunkReader
	out *chunkWriter
	txn float64
}

// dial connects and shakes hands.
func dial(t testing.TB, addr string) *peer {
	t.Helper()
	p := dialRaw(t, addr)
	p.hands()
	return p
}

// hands shakes hands.
func (p *peer) hands() {
	p.t.Helper()
	if _, err := p.nc.Write(append(hello(-1), make([]byte, handshakeSize)...)); err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.ReadFull(p.nc, make([]byte, 1+2*handshakeSize)); err != nil {
		p.t.Fatal(err)
	}
}

// dialRaw connects.
func dialRaw(t testing.TB, addr string) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, nc)
}

func newPeer(t testing.TB, nc net.Conn) *peer {
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(patience))
	in := newChunkReader(nc)
	in.maxStreams, in.maxMessage, in.maxPartial = 64, 1<<20, 1<<20
	return &peer{t: t, nc: nc, in: in, out: &chunkWriter{out: nc, size: defaultChunkSize}}
}

// send sends one message on its own chunk stream.
func (p *peer) send(m message) {
	p.t.Helper()
	p.sendAt(m)
	if err := p.out.flush(); err != nil {
		p.t.Fatal(err)
	}
}

// sendAt collects one message, with its time.
func (p *peer) sendAt(m message) {
	at := len(p.out.buf)
	p.out.message(byte(m.kind%32)+8, m)
	p.out.buf[at+1], p.out.buf[at+2], p.out.buf[at+3] = byte(m.time>>16), byte(m.time>>8), byte(m.time)
}

// write sends raw bytes.
func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.nc.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

// call sends a command and returns its transaction.
func (p *peer) call(stream uint32, name string, args ...any) float64 {
	p.t.Helper()
	p.txn++
	body, err := amf.Append(nil, append([]any{name, p.txn}, args...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(message{kind: kindCommandAMF0, stream: stream, body: body})
	return p.txn
}

// read returns the next message of the server, which is obeyed.
func (p *peer) read() (message, error) {
	m, err := p.in.next()
	if err == nil && m.kind == kindSetChunkSize {
		err = p.in.setSize(outChunkSize)
	}
	return m, err
}

// message waits for a message of a kind.
func (p *peer) message(k kind) message {
	p.t.Helper()
	for {
		m, err := p.read()
		if err != nil {
			p.t.Fatalf("no message of type %d: %v", k, err)
		}
		if m.kind == k {
			return m
		}
	}
}

// answer waits for a command called name and returns its values.
func (p *peer) answer(name string) []any {
	p.t.Helper()
	for {
		values, err := amf.Decode(p.message(kindCommandAMF0).body)
		if err != nil {
			p.t.Fatal(err)
		}
		if values[0] == any(name) {
			return values
		}
	}
}

// result waits for the answer to a transaction, and returns its name and its
// values.
func (p *peer) result(txn float64) (name string, values []any) {
	p.t.Helper()
	for {
		values, err := amf.Decode(p.message(kindCommandAMF0).body)
		if err != nil {
			p.t.Fatal(err)
		}
		if values[1] == any(txn) {
			return values[0].(string), values[2:]
		}
	}
}

// status waits for onStatus and returns its code, level and description.
func (p *peer) status() (code, level, description string) {
	p.t.Helper()
	info := p.answer("onStatus")[3].(*amf.Object)
	return info.Text("code"), info.Text("level"), info.Text("description")
}

func (p *peer) wantStatus(code, level string) string {
	p.t.Helper()
	gotCode, gotLevel, description := p.status()
	if gotCode != code || gotLevel != level {
		p.t.Fatalf("status %s %s (%s), want %s %s", gotLevel, gotCode, description, level, code)
	}
	return description
}

// wantEnd waits until the server has closed the connection.
func (p *peer) wantEnd() {
	p.t.Helper()
	for {
		if _, err := p.read(); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				p.t.Fatal("the connection stays open")
			}
			return
		}
	}
}

func (p *peer) connect(app string) {
	p.t.Helper()
	txn := p.call(0, "connect", object(field("app", app), field("tcUrl", "rtmp://host/"+app), field("flashVer", "test/1")))
	if name, values := p.result(txn); name != "_result" {
		p.t.Fatalf("connect: %s %v", name, values)
	}
}

func (p *peer) createStream() uint32 {
	p.t.Helper()
	name, values := p.result(p.call(0, "createStream", nil))
	if name != "_result" {
		p.t.Fatalf("createStream: %s %v", name, values)
	}
	return uint32(values[1].(float64))
}

// publish begins to publish under a name on a stream of its own.
func (p *peer) publish(name string) uint32 {
	p.t.Helper()
	stream := p.createStream()
	p.call(stream, "publish", nil, name, "live")
	p.wantStatus(codePublishStart, levelStatus)
	return stream
}

// audio sends a configuration (AAC LC, 44.1 kHz, stereo).
func (p *peer) audioConfig(stream uint32) {
	p.t.Helper()
	p.send(message{kind: kindAudio, stream: stream, body: []byte{0xaf, 0, 0x12, 0x10}})
}

// audio sends a frame.
func (p *peer) audio(stream, time uint32) {
	p.t.Helper()
	p.send(message{kind: kindAudio, stream: stream, time: time, body: []byte{0xaf, 1, 0x21, 0x10, byte(time)}})
}

// publisher connects and publishes live/name.
func (s *testServer) publisher(t testing.TB, name string) (*peer, uint32) {
	t.Helper()
	p := dial(t, s.addr)
	p.connect("live")
	stream := p.publish(name)
	return p, stream
}

// waitFrames waits until the sink has n frames.
func (h *fakeHandler) waitFrames(t testing.TB, s *fakeSink, n int) {
	t.Helper()
	h.board.wait(t, fmt.Sprintf("%d frames", n), func() bool { return s.count >= n })
}
