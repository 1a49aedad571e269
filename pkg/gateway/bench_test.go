package gateway_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"sluice/pkg/amf"
)

// BenchmarkFramePath publishes minutes of 30 pictures of 10 KB and 47 frames of
// sound a second as fast as the gateway takes them, and reports what a frame
// costs on its way from the socket to a stored and listed segment. Everything
// counts: connecting, the handshake, segments and playlists, too.
func BenchmarkFramePath(b *testing.B) {
	const seconds = 120
	session, frames := longSession(b, seconds)
	s := start(b, "store.type", "memory", "stream.keep", "0s")

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for range b.N {
		s.replay(b, session)
	}
	b.StopTimer()
	runtime.ReadMemStats(&after)
	total := float64(frames * b.N)
	allocs := float64(after.Mallocs-before.Mallocs) / total
	if allocs > 1 {
		b.Errorf("%.2f objects a frame, at most one is allowed", allocs)
	}
	b.ReportMetric(allocs, "allocs/frame")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/total, "B/frame")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/total, "ns/frame")
	b.ReportMetric(0, "ns/op") // it says nothing: a publication is an operation
	if ended := len(s.log.find("publishing ended")); ended != b.N {
		b.Fatalf("%d of %d publications were taken", ended, b.N)
	}
}

// A session is what a publisher sends, as bytes: chunks of any length.
type session struct{ bytes.Buffer }

// message adds a message as one chunk of type 0.
func (s *session) message(kind byte, stream, time uint32, body []byte) {
	s.Write([]byte{3, byte(time >> 16), byte(time >> 8), byte(time), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), kind})
	s.Write(binary.LittleEndian.AppendUint32(nil, stream))
	s.Write(body)
}

// command adds an AMF0 command.
func (s *session) command(t testing.TB, stream uint32, values ...any) {
	t.Helper()
	body, err := amf.Append(nil, values...)
	if err != nil {
		t.Fatal(err)
	}
	s.message(20, stream, 0, body)
}

// longSession returns a session of so many seconds, and how many frames it has.
func longSession(t testing.TB, seconds int) ([]byte, int) {
	t.Helper()
	const chunkSize = 1 << 20
	s := &session{}
	s.Write(append([]byte{3}, make([]byte, 2*1536)...)) // C0, C1 and C2
	s.message(1, 0, 0, binary.BigEndian.AppendUint32(nil, chunkSize))
	s.command(t, 0, "connect", 1.0, &amf.Object{Fields: []amf.Field{{Name: "app", Value: "live"}}})
	s.command(t, 0, "createStream", 2.0, nil)
	s.command(t, 1, "publish", 3.0, nil, "bench", "live")
	s.message(9, 1, 0, append([]byte{0x17, 0, 0, 0, 0}, avcConfig()...))
	s.message(8, 1, 0, []byte{0xaf, 0, 0x11, 0x90})

	picture := append([]byte{0x27, 1, 0, 0, 0, 0, 0, 0x27, 0x0c, 0x41}, make([]byte, 9995)...)
	sound := append([]byte{0xaf, 1}, make([]byte, 300)...)
	frames, heard := 0, 0
	for i := range seconds * 30 {
		at := uint32(i * 1000 / 30)
		picture[0], picture[9] = 0x27, 0x41
		if i%60 == 0 {
			picture[0], picture[9] = 0x17, 0x65 // an IDR picture
		}
		s.message(9, 1, at, picture)
		for ; heard*1024/48 <= int(at); heard++ {
			s.message(8, 1, uint32(heard*1024/48), sound)
			frames++
		}
		frames++
	}
	return s.Bytes(), frames
}

// avcConfig returns the decoder configuration of a 1280x720 High stream.
func avcConfig() []byte {
	return []byte{
		1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 25,
		0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x6c, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x1e, 0x07, 0x8c, 0x18, 0xcb,
		1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0,
	}
}
