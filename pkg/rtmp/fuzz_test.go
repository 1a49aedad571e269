package rtmp

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/amf"
	"sluice/pkg/media"
)

// A memoryConn is a connection whose peer has sent all it will and takes
// every answer.
type memoryConn struct {
	in   bytes.Reader
	sent int
}

func (c *memoryConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *memoryConn) Write(p []byte) (int, error)      { c.sent += len(p); return len(p), nil }
func (*memoryConn) Close() error                       { return nil }
func (*memoryConn) LocalAddr() net.Addr                { return &net.TCPAddr{} }
func (*memoryConn) RemoteAddr() net.Addr               { return &net.TCPAddr{} }
func (*memoryConn) SetDeadline(t time.Time) error      { return nil }
func (*memoryConn) SetReadDeadline(t time.Time) error  { return nil }
func (*memoryConn) SetWriteDeadline(t time.Time) error { return nil }

// A strictSink checks what the package promises to Sinks.
type strictSink struct {
	t      testing.TB
	tracks map[media.TrackID]bool
	bytes  int
	frames int
	closed bool
}

func (s *strictSink) Publish(context.Context, *Request) (Sink, error) {
	return &strictSink{t: s.t, tracks: map[media.TrackID]bool{}}, nil
}

func (s *strictSink) WriteMetadata(media.Metadata) { s.open() }

func (s *strictSink) WriteTrack(t media.Track) error {
	s.open()
	s.tracks[t.ID] = true
	return nil
}

func (s *strictSink) WriteFrame(f media.Frame) error {
	s.open()
	if !s.tracks[f.Track] {
		s.t.Errorf("a frame of %v comes before its track", f.Track)
	}
	s.bytes += len(f.Data)
	s.frames++
	return nil
}

func (s *strictSink) Close(cause error) error {
	s.open()
	s.closed = true
	if cause == nil {
		s.t.Error("closed without a cause")
	}
	return nil
}

func (s *strictSink) open() {
	if s.closed {
		s.t.Error("used after it was closed")
	}
}

// preamble is a connection up to the first message of a publisher, which says
// more when it connects.
func preamble(more ...amf.Field) []byte {
	w := &chunkWriter{size: defaultChunkSize}
	for _, c := range []struct {
		stream uint32
		values []any
	}{
		{0, []any{"connect", 1.0, object(append(more, field("app", "live"))...)}},
		{0, []any{"createStream", 2.0, nil}},
		{1, []any{"publish", 3.0, nil, "key"}},
	} {
		body, _ := amf.Append(nil, c.values...)
		w.message(chunkCommand, message{kind: kindCommandAMF0, stream: c.stream, body: body})
	}
	return w.buf
}

// FuzzConn gives a connection any bytes behind the handshake. It must end,
// in good order.
func FuzzConn(f *testing.F) {
	for _, c := range chunkCases {
		f.Add(append(preamble(), unhex(f, c.hex)...))
	}
	f.Add(connectWith("\x11\x0a"))
	for _, name := range []string{"hevc-aac", "multi"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".rtmp"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[1+2*handshakeSize : 6000])
	}
	hands := append(hello(-1), make([]byte, handshakeSize)...)
	f.Fuzz(func(t *testing.T, in []byte) {
		nc := &memoryConn{}
		nc.in.Reset(append(hands[:len(hands):len(hands)], in...))
		log := &testLog{}
		limits := Limits{Message: 1 << 17, Partial: 1 << 18}.withDefaults()
		newConn(&strictSink{t: t}, limits, zerolog.New(log), &throng{}, nc, 1).serve(context.Background())
		if nc.in.Len() > 0 && bytes.Contains(log.buf.Bytes(), []byte("went away")) {
			t.Errorf("%d bytes were not read", nc.in.Len())
		}
		if bytes.Contains(log.buf.Bytes(), []byte("stack")) {
			t.Errorf("a panic: %s", log.buf.Bytes())
		}
		if nc.sent > 1<<14+64*len(in) {
			t.Errorf("%d bytes are answered with %d", len(in), nc.sent)
		}
	})
}
