package rtmp

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/media"
)

// A loopConn sends a head once and then, as often as it is told, a loop.
type loopConn struct {
	memoryConn
	head, loop, rest []byte
	times            int
}

func (c *loopConn) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	if len(c.rest) == 0 {
		if c.times == 0 {
			return 0, io.EOF
		}
		c.times--
		c.rest = c.loop
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// A countingSink counts frames.
type countingSink struct{ frames int }

func (s *countingSink) Publish(context.Context, *Request) (Sink, error) { return s, nil }
func (s *countingSink) WriteMetadata(media.Metadata)                    {}
func (s *countingSink) WriteTrack(media.Track) error                    { return nil }
func (s *countingSink) WriteFrame(media.Frame) error                    { s.frames++; return nil }
func (s *countingSink) Close(error) error                               { return nil }

var _ net.Conn = (*loopConn)(nil)

// secondOfVideo returns one second of a stream of 2.6 Mb/s at 30 frames a
// second with a key frame of 60 KB, and 43 frames of audio, in chunks of size.
func secondOfVideo(size int) (head, loop []byte, frames int) {
	w := &chunkWriter{size: size}
	w.control(kindSetChunkSize, uint32(size))
	sps := "\x67\x42\xc0\x1e\xda\x02\x80\xbf\xe5\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xf0\x3c\x58\xba\x80"
	config := "\x01\x42\xc0\x1e\xff\xe1\x00" + string(rune(len(sps))) + sps + "\x01\x00\x04\x68\xce\x0f\x19"
	w.message(6, message{kind: kindVideo, stream: 1, body: append([]byte{0x17, 0, 0, 0, 0}, config...)})
	w.message(4, message{kind: kindAudio, stream: 1, body: []byte{0xaf, 0, 0x12, 0x10}})
	head, w.buf = w.buf, nil
	for i := range 30 {
		body := append([]byte{0x27, 1, 0, 0, 0}, make([]byte, 9000)...)
		nal := byte(0x41)
		if i == 0 {
			body = append([]byte{0x17, 1, 0, 0, 0}, make([]byte, 60000)...)
			nal = 0x65
		}
		binary.BigEndian.PutUint32(body[5:], uint32(len(body)-9))
		body[9] = nal
		w.message(6, message{kind: kindVideo, stream: 1, body: body})
		frames++
		for range 1 + i%2 {
			w.message(4, message{kind: kindAudio, stream: 1, body: append([]byte{0xaf, 1}, make([]byte, 370)...)})
			frames++
		}
	}
	return head, w.buf, frames
}

// BenchmarkReadMedia carries frames from the bytes of a connection through
// chunks and FLV into a Sink. One operation is one frame.
func BenchmarkReadMedia(b *testing.B) {
	for name, size := range map[string]int{"chunk128": 128, "chunk4096": 4096} {
		b.Run(name, func(b *testing.B) {
			head, loop, frames := secondOfVideo(size)
			nc := &loopConn{loop: loop, times: b.N/frames + 1}
			nc.head = append(append(append(hello(-1), make([]byte, handshakeSize)...), preamble()...), head...)
			sink := &countingSink{}
			c := newConn(sink, Limits{Idle: time.Hour}.withDefaults(), zerolog.Nop(), &throng{}, nc, 1)
			b.ReportAllocs()
			b.SetBytes(int64(len(loop) / frames))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b.ResetTimer()
			c.serve(context.Background())
			b.StopTimer()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(sink.frames), "objects/frame")
			if want := (b.N/frames + 1) * frames; sink.frames != want {
				b.Fatalf("%d frames of %d", sink.frames, want)
			}
		})
	}
}
