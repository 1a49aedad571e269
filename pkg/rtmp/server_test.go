package rtmp

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amf"
	"sluice/pkg/media"
)

func TestConnect(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	fourCC := &amf.Object{Fields: []amf.Field{field("*", 4.0)}}
	txn := p.call(0, "connect", object(
		field("app", "live"), field("tcUrl", "rtmp://h/live"), field("objectEncoding", 3.0), field("capsEx", 15.0),
		field("fourCcList", []any{"hvc1", "av01"}), field("videoFourCcInfoMap", fourCC),
	))
	var kinds []kind
	for {
		m, err := p.read()
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, m.kind)
		if m.kind == kindCommandAMF0 {
			values, _ := amf.Decode(m.body)
			info := values[3].(*amf.Object)
			got := []any{values[0], values[1], info.Text("level"), info.Text("code"), info.Number("objectEncoding")}
			if diff := cmp.Diff([]any{"_result", txn, levelStatus, codeConnected, 3.0}, got); diff != "" {
				t.Error(diff)
			}
			break
		}
	}
	if diff := cmp.Diff([]kind{kindWindowAckSize, kindPeerBandwidth, kindSetChunkSize, kindUserControl, kindCommandAMF0}, kinds); diff != "" {
		t.Error(diff)
	}
	if name, _ := p.result(p.call(0, "connect", object(field("app", "live")))); name != "_error" {
		t.Errorf("a second connect: %s", name)
	}
}

// Encoders call these in any order and some wait for the answers.
func TestCallsAroundPublish(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	p.connect("live")
	for name, want := range map[string]string{
		"releaseStream": "_result", "FCPublish": "_result", "_checkbw": "_result", "getStreamLength": "_result",
		"createStream": "_result", "FCUnpublish": "_result", "frobnicate": "_error",
	} {
		if got, values := p.result(p.call(0, name, nil, "key")); got != want {
			t.Errorf("%s is answered with %s %v", name, got, values)
		}
	}
	for _, name := range []string{"onStatus", "_result", "deleteStream", "closeStream", ""} {
		p.call(0, name, nil, 7.0)
	}
	p.publish("key")
}

func TestPublish(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	p.connect("live?a=1")
	stream := p.publish("/key?token=x")
	sink := s.sink(t, 0)
	if r := sink.req; r.App != "live" || r.Name != "key" || r.Query.Get("token") != "x" || r.Query.Get("a") != "1" ||
		r.Encoder != "test/1" || r.Remote.String() != p.nc.LocalAddr().String() || r.Conn != 1 {
		t.Errorf("request %+v", r)
	}
	p.audioConfig(stream)
	p.audio(stream, 23)
	p.audio(0, 46) // some encoders send on message stream 0
	s.waitFrames(t, sink, 2)
	if len(sink.tracks) != 1 || sink.tracks[0].Codec != media.AAC {
		t.Errorf("tracks %v", sink.tracks)
	}
	want := media.Frame{Track: media.TrackID{Kind: media.Audio}, Key: true, Time: 46, Data: []byte{0x21, 0x10, 46}}
	if diff := cmp.Diff(want, sink.frames[1]); diff != "" {
		t.Error(diff)
	}
}

func TestMetadata(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	fields := []amf.Field{field("width", 640.0), field("height", 360.0), field("created", amf.Date(1e12))}
	wrong, _ := amf.Append(nil, "@setDataFrame", "onMetaData", &amf.Object{Array: true, Fields: fields})
	wrong[strings.Index(string(wrong), "onMetaData")+13] = 99 // the count
	plain, _ := amf.Append(nil, "onMetaData", &amf.Object{Fields: fields})
	other, _ := amf.Append(nil, "onTextData", &amf.Object{Fields: fields})
	bomb := []byte(strings.Repeat("\x0c\xff\xff\xff\xff", 10))
	for _, m := range []message{
		{kind: kindDataAMF0, body: bomb},
		{kind: kindDataAMF0, body: other},
		{kind: kindDataAMF0},
		{kind: kindDataAMF3},
		{kind: kindDataAMF0, body: wrong},
		{kind: kindDataAMF0, body: plain},
		{kind: kindDataAMF3, body: append([]byte{0}, plain...)},
		{kind: kindDataAMF3, body: plain},
	} {
		m.stream = stream
		p.send(m)
	}
	sink := s.sink(t, 0)
	s.board.wait(t, "metadata", func() bool { return len(sink.meta) == 4 })
	for _, m := range sink.meta {
		if m.Width != 640 || m.Height != 360 {
			t.Errorf("metadata %+v", m)
		}
	}
}

func TestAMF3Commands(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	body, _ := amf.Append([]byte{0}, "connect", 1.0, object(field("app", "live"), field("objectEncoding", 3.0)))
	p.send(message{kind: kindCommandAMF3, body: body})
	if name, _ := p.result(1); name != "_result" {
		t.Fatalf("connect: %s", name)
	}
	body, _ = amf.Append([]byte{0}, "createStream", 2.0)
	p.send(message{kind: kindCommandAMF3, body: append(body, 0x11, 1)}) // AMF3 null
	if name, _ := p.result(2); name != "_result" {
		t.Fatalf("createStream: %s", name)
	}
	body, _ = amf.Append([]byte{0}, "publish", 3.0, nil)
	p.send(message{kind: kindCommandAMF3, stream: 1, body: append(body, 0x11, 6, 7, 'k', 'e', 'y')})
	p.wantStatus(codePublishStart, levelStatus)
	if got := s.sink(t, 0).req.Name; got != "key" {
		t.Errorf("published %q", got)
	}
}

func TestAggregateMessage(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	var body []byte
	body = appendTag(body, msg(8, 0, 1000, "\xaf\x00\x12\x10"))
	body = appendTag(body, msg(22, 0, 1000, "nested"))
	body = appendTag(body, msg(8, 0, 1023, "\xaf\x01ab"))
	body = appendTag(body, msg(8, 0, 1046, "\xaf\x01cd"))
	p.send(message{kind: kindAggregate, stream: stream, time: 50, body: body})
	sink := s.sink(t, 0)
	s.waitFrames(t, sink, 2)
	if sink.frames[0].Time != 73 || sink.frames[1].Time != 96 || string(sink.frames[1].Data) != "cd" {
		t.Errorf("frames %+v", sink.frames)
	}
}

// Legal but unusual input never ends a connection, and is logged once.
func TestUnknownInputIsIgnored(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	for range 3 {
		for k := range 64 {
			switch kind(k) {
			case kindSetChunkSize, kindAbort, kindCommandAMF0, kindCommandAMF3:
				p.send(message{kind: kind(k), stream: stream}) // without a body
			case kindWindowAckSize, kindPeerBandwidth, kindAck, kindUserControl:
				p.send(message{kind: kind(k), body: []byte{0, 3, 0, 0, 0, 0, 9, 9, 9, 9}})
				p.send(message{kind: kind(k), body: []byte{0, 3}})
			case kindAggregate, kindAudio, kindVideo:
				p.send(message{kind: kind(k), stream: stream, body: []byte{0}})
				p.send(message{kind: kind(k), stream: stream + 9, body: []byte{0}})
				p.send(message{kind: kind(k), stream: stream})
			default:
				p.send(message{kind: kind(k), body: []byte("?")})
				p.send(message{kind: kind(k)})
			}
		}
	}
	p.audioConfig(stream)
	p.audio(stream, 5)
	s.waitFrames(t, s.sink(t, 0), 1)
	if n := strings.Count(s.log.String(), `"message type"`); n == 0 || n > 16 {
		t.Errorf("%d lines about message types", n)
	}
	if n := strings.Count(s.log.String(), "not published"); n != 1 {
		t.Errorf("%d lines about messages of unpublished streams", n)
	}
}

func TestPing(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	p.out.event(eventPingRequest, 0xdeadbeef)
	if err := p.out.flush(); err != nil {
		t.Fatal(err)
	}
	if m := p.message(kindUserControl); string(m.body) != "\x00\x07\xde\xad\xbe\xef" {
		t.Errorf("a ping is answered with % x", m.body)
	}
}

func TestPeerBandwidth(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	p.connect("live")
	steps := []struct {
		size  uint32
		limit byte
		want  uint32 // 0: no answer
	}{
		{windowSize, limitHard, 0},
		{1000, limitHard, 1000},
		{1000, limitHard, 0},
		{2000, limitDynamic, 2000}, // the last was hard
		{3000, limitSoft, 0},       // a soft limit only lowers
		{500, limitSoft, 500},
		{400, limitDynamic, 0}, // the last was soft
		{300, limitHard, 300},
	}
	for i, c := range steps {
		p.out.control(kindPeerBandwidth, c.size, c.limit)
		p.out.event(eventPingRequest, uint32(i))
		if err := p.out.flush(); err != nil {
			t.Fatal(err)
		}
		var got uint32
		for {
			m, err := p.read()
			if err != nil {
				t.Fatal(err)
			}
			if m.kind == kindUserControl {
				break
			}
			got = binary.BigEndian.Uint32(m.body)
		}
		if got != c.want {
			t.Errorf("step %d: answered %d, want %d", i, got, c.want)
		}
	}
}

// The window that the publisher sets is acknowledged each time it is full,
// also amid a message.
func TestAcknowledgement(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	p.out.control(kindWindowAckSize, 50000)
	if err := p.out.flush(); err != nil {
		t.Fatal(err)
	}
	last := uint32(0)
	header := message{kind: kindVideo, stream: stream, body: make([]byte, 400000)}
	p.sendAt(header)
	rest := p.out.buf
	for range 7 { // a sender that waits after each window
		p.write(rest[:50000])
		rest = rest[50000:]
		got := binary.BigEndian.Uint32(p.message(kindAck).body)
		if got < last+50000 || got > last+110000 {
			t.Errorf("acknowledged %d after %d", got, last)
		}
		last = got
	}
}

func TestAcknowledgementWraps(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	var acks []uint32
	w := &wire{Conn: far, window: 1000, acked: 1<<32 - 2000}
	w.received.Store(1<<32 - 1500)
	w.ack = func(n uint32) error { acks = append(acks, n); return nil }
	go func() {
		defer far.Close()
		for range 3 {
			_, _ = near.Write(make([]byte, 1000))
		}
		_ = near.Close()
	}()
	_, _ = io.Copy(io.Discard, struct{ io.Reader }{w})
	if diff := cmp.Diff([]uint32{1<<32 - 500, 500, 1500}, acks); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralStreamsOnOneConnection(t *testing.T) {
	s := startServer(t, Limits{})
	p := dial(t, s.addr)
	p.connect("live")
	one, two := p.publish("one"), p.publish("two")
	three := p.createStream()
	p.call(three, "publish", nil, "two")
	p.wantStatus(codeBadName, levelError) // and the others go on
	p.call(one, "publish", nil, "again")
	p.wantStatus(codeBadName, levelError)
	p.audioConfig(one)
	p.audioConfig(two)
	p.audio(two, 1)
	p.audio(one, 2)
	p.audio(0, 3) // of neither: there are two
	p.call(0, "deleteStream", nil, float64(one))
	p.wantStatus(codeUnpublished, levelStatus)
	if cause := s.cause(t, s.sink(t, 0)); !errors.Is(cause, ErrUnpublished) {
		t.Errorf("cause %v", cause)
	}
	p.audio(one, 4)
	p.audio(two, 5)
	s.waitFrames(t, s.sink(t, 1), 2)
	if n := s.sink(t, 0).count; n != 1 {
		t.Errorf("the first stream got %d frames", n)
	}
	if again := p.publish("one"); again != one {
		t.Errorf("the message stream after %d is %d", one, again)
	}
	s.sink(t, 2)
}

func TestMessageStreamsAreBounded(t *testing.T) {
	s := startServer(t, Limits{Streams: 2})
	p := dial(t, s.addr)
	p.connect("live")
	p.createStream()
	p.createStream()
	if name, _ := p.result(p.call(0, "createStream", nil)); name != "_error" {
		t.Errorf("a third message stream: %s", name)
	}
	for _, id := range []any{2.0, 0.0, -1.0, 1e300, "x", nil} {
		p.call(0, "deleteStream", nil, id)
	}
	if id := p.createStream(); id != 2 {
		t.Errorf("message stream %d", id)
	}
}

// What a publisher is told, what is logged, and that the connection ends.
func TestRefusals(t *testing.T) {
	s := startServer(t, Limits{})
	s.setUp = func(sink *fakeSink) error {
		switch sink.req.Name {
		case "secret":
			return ErrUnauthorized
		case "bad/name":
			return errors.New("the name has a slash")
		}
		return nil
	}
	s.publisher(t, "taken")
	cases := []struct {
		name              string
		do                func(*peer)
		code, description string
	}{
		{"publish before connect", func(p *peer) { p.call(1, "publish", nil, "key") }, codePublishFailed, "connect comes before"},
		{"publish before createStream", func(p *peer) { p.connect("live"); p.call(1, "publish", nil, "key") }, codePublishFailed, "createStream comes before"},
		{"publish on stream 0", func(p *peer) { p.connect("live"); p.createStream(); p.call(0, "publish", nil, "key") }, codePublishFailed, "createStream comes before"},
		{"no name", func(p *peer) { p.connect("live"); p.call(p.createStream(), "publish", nil) }, codePublishFailed, "empty"},
		{"only a query", func(p *peer) { p.connect("live"); p.call(p.createStream(), "publish", nil, "/?token=x") }, codePublishFailed, "empty"},
		{"name in use", func(p *peer) { p.connect("live"); p.call(p.createStream(), "publish", nil, "taken") }, codeBadName, "somebody else"},
		{"not authorized", func(p *peer) { p.connect("live"); p.call(p.createStream(), "publish", nil, "secret") }, codeUnauthorized, "not authorized"},
		{"the handler's reason", func(p *peer) { p.connect("live"); p.call(p.createStream(), "publish", nil, "bad/name") }, codePublishFailed, "has a slash"},
		{"play", func(p *peer) { p.connect("live"); p.call(p.createStream(), "play", nil, "taken") }, codePlayFailed, "does not play"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := dial(t, s.addr)
			c.do(p)
			if got := p.wantStatus(c.code, levelError); !strings.Contains(got, c.description) {
				t.Errorf("described as %q", got)
			}
			p.wantEnd()
			if !strings.Contains(s.log.String(), c.description) {
				t.Errorf("nothing is logged: %s", s.log)
			}
		})
	}
	t.Run("createStream before connect", func(t *testing.T) {
		p := dial(t, s.addr)
		if name, _ := p.result(p.call(0, "createStream", nil)); name != "_error" {
			t.Errorf("answered with %s", name)
		}
	})
	for name, arg := range map[string]any{"no app": object(field("tcUrl", "rtmp://h/")), "no object": nil, "empty app": object(field("app", "/"))} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, s.addr)
			result, values := p.result(p.call(0, "connect", arg))
			if info := values[1].(*amf.Object); result != "_error" || info.Text("code") != codeConnectRejected {
				t.Errorf("answered with %s %v", result, info)
			}
			p.wantEnd()
		})
	}
}

// However a publication ends, its sink learns why, once.
func TestEnds(t *testing.T) {
	reset := func(p *peer) {
		_ = p.nc.(*net.TCPConn).SetLinger(0)
		_ = p.nc.Close()
	}
	cases := []struct {
		name string
		do   func(*testServer, *peer, uint32)
		want error
	}{
		{"deleteStream", func(_ *testServer, p *peer, id uint32) { p.call(0, "deleteStream", nil, float64(id)) }, ErrUnpublished},
		{"closeStream", func(_ *testServer, p *peer, id uint32) { p.call(id, "closeStream", nil) }, ErrUnpublished},
		{"FCUnpublish", func(_ *testServer, p *peer, id uint32) { p.call(0, "FCUnpublish", nil, "key?x=1") }, ErrUnpublished},
		{"all of them", func(_ *testServer, p *peer, id uint32) {
			p.call(0, "FCUnpublish", nil, "key")
			p.call(id, "closeStream", nil)
			p.call(0, "deleteStream", nil, float64(id))
			_ = p.nc.Close()
		}, ErrUnpublished},
		{"FIN", func(_ *testServer, p *peer, _ uint32) { _ = p.nc.Close() }, ErrDisconnected},
		{"FIN amid a message", func(_ *testServer, p *peer, _ uint32) { p.write([]byte{4, 0, 0}); _ = p.nc.Close() }, ErrDisconnected},
		{"RST", func(_ *testServer, p *peer, _ uint32) { reset(p) }, ErrDisconnected},
		{"silence", func(*testServer, *peer, uint32) {}, ErrTimeout},
		{"chunk size 0", func(_ *testServer, p *peer, _ uint32) { p.send(message{kind: 1, body: make([]byte, 4)}) }, errChunkSize},
		{"shutdown", func(s *testServer, _ *peer, _ uint32) { s.stopSoon() }, ErrServerClosed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			limits := Limits{}
			if errors.Is(c.want, ErrTimeout) {
				limits.Idle = 50 * time.Millisecond
			}
			s := startServer(t, limits)
			p, id := s.publisher(t, "key")
			c.do(s, p, id)
			if got := s.cause(t, s.sink(t, 0)); !errors.Is(got, c.want) {
				t.Errorf("cause %v, want %v", got, c.want)
			}
			_ = p.nc.Close()
			s.stop() // counts how often the sink was closed
		})
	}
}

func TestSinkErrorEndsThePublication(t *testing.T) {
	s := startServer(t, Limits{})
	trouble := errors.New("the disk is full")
	s.setUp = func(sink *fakeSink) error { sink.fail = trouble; return nil }
	p, stream := s.publisher(t, "key")
	p.audioConfig(stream)
	p.audio(stream, 1)
	if got := p.wantStatus(codePublishFailed, levelError); got != trouble.Error() {
		t.Errorf("described as %q", got)
	}
	if cause := s.cause(t, s.sink(t, 0)); !errors.Is(cause, trouble) {
		t.Errorf("cause %v", cause)
	}
	p.wantEnd()
}

func TestRefusedTrackGoesOn(t *testing.T) {
	s := startServer(t, Limits{})
	p, stream := s.publisher(t, "key")
	for range 3 {
		p.send(message{kind: kindVideo, stream: stream, body: []byte("\x90hvc1\x01\x02\x03")})
	}
	if got := p.wantStatus(codeUnsupportedCodec, levelWarning); !strings.Contains(got, "HEVC") {
		t.Errorf("described as %q", got)
	}
	p.audioConfig(stream)
	p.audio(stream, 1)
	s.waitFrames(t, s.sink(t, 0), 1)
	if n := strings.Count(s.log.String(), "track refused"); n != 1 {
		t.Errorf("%d lines about the refusal", n)
	}
}

// A fault in one connection's sink ends that connection alone.
func TestPanicIsContained(t *testing.T) {
	s := startServer(t, Limits{})
	s.setUp = func(sink *fakeSink) error { sink.panics = sink.req.Name == "broken"; return nil }
	good, goodStream := s.publisher(t, "good")
	bad, badStream := s.publisher(t, "broken")
	bad.audioConfig(badStream)
	bad.audio(badStream, 1)
	bad.wantEnd()
	if cause := s.cause(t, s.sink(t, 1)); !errors.Is(cause, errPanic) {
		t.Errorf("cause %v", cause)
	}
	good.audioConfig(goodStream)
	good.audio(goodStream, 1)
	s.waitFrames(t, s.sink(t, 0), 1)
	if !strings.Contains(s.log.String(), "a fault of the sink") {
		t.Error("the fault is not logged")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	s := startServer(t, Limits{Connections: 2})
	one := dial(t, s.addr)
	dial(t, s.addr)
	dialRaw(t, s.addr).wantEnd()
	_ = one.nc.Close()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) { // the place is free once the server noticed
		p := dialRaw(t, s.addr)
		p.write(hello(-1))
		if _, err := io.ReadFull(p.nc, make([]byte, 1+2*handshakeSize)); err == nil {
			return
		}
	}
	t.Error("the place of a closed connection stays taken")
}

// TestStrangersAreLoggedNowAndThen has connections that speak something else, as who
// scans ports does: they do not fill the log.
func TestStrangersAreLoggedNowAndThen(t *testing.T) {
	s := startServer(t, Limits{})
	began := time.Now()
	const strangers = 300
	for range strangers {
		p := dialRaw(t, s.addr)
		p.write([]byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"))
		p.wantEnd()
	}
	s.stop()
	lines := strings.Count(s.log.String(), "RTMP connection closed")
	if most := strangersLogged * (2 + int(time.Since(began).Seconds())); lines == 0 || lines > most {
		t.Errorf("%d of %d strangers are in the log, within %v", lines, strangers, time.Since(began))
	}
}

// flakyListener fails to accept before it works.
type flakyListener struct {
	net.Listener
	errs []error
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if len(l.errs) == 0 {
		return l.Listener.Accept()
	}
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func TestAcceptErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	full := &net.OpError{Op: "accept", Err: syscall.EMFILE}
	final := errors.New("broken")
	s := &Server{Handler: &fakeHandler{}}
	if err := s.Serve(context.Background(), &flakyListener{ln, []error{full, full, final}}); !errors.Is(err, final) {
		t.Errorf("Serve ends with %v", err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the listener stays open")
	}
}

func TestServeWithEndedContext(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (&Server{Handler: &fakeHandler{}}).Serve(ctx, ln); err != nil {
		t.Errorf("Serve ends with %v", err)
	}
}
