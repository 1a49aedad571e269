package gateway_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/pkg/amf"
)

// hello begins a handshake.
func hello() *session {
	s := &session{}
	s.Write(append([]byte{3}, make([]byte, 2*1536)...)) // C0, C1 and C2
	return s
}

// chunked adds a command message in chunks of the size that RTMP begins with.
func (s *session) chunked(body []byte) {
	const size = 128
	s.Write([]byte{3, 0, 0, 0, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), 20, 0, 0, 0, 0})
	for i := 0; i < len(body); i += size {
		if i > 0 {
			s.WriteByte(0xc3)
		}
		s.Write(body[i:min(i+size, len(body))])
	}
}

// killers are what brought other servers down, each without a login.
func killers(t *testing.T) map[string][]byte {
	t.Helper()
	connect, err := amf.Append(nil, "connect", 1.0)
	if err != nil {
		t.Fatal(err)
	}
	bomb := func(body string) []byte {
		s := hello()
		s.chunked(append(connect, body...))
		return s.Bytes()
	}
	empty, none := hello(), hello()
	empty.message(0, 0, 0, nil)
	none.message(1, 0, 0, []byte{0, 0, 0, 0}) // chunk size 0
	none.message(20, 0, 0, nil)
	lists := hello()
	lists.command(t, 0, "connect", 1.0, &amf.Object{Fields: []amf.Field{
		{Name: "app", Value: "live"},
		{Name: "fourCcList", Value: []any{"av01", "hvc1"}},
		{Name: "videoFourCcInfoMap", Value: &amf.Object{Fields: []amf.Field{{Name: "*", Value: 7.0}}}},
	}})
	long := hello()
	for i := range 62 {
		long.Write(append([]byte{byte(2 + i), 0, 0, 0}, 0x98, 0x96, 0x80, 9, 1, 0, 0, 0)) // 10 MB are announced
	}
	return map[string][]byte{
		"empty message":          empty.Bytes(),
		"chunk size 0":           none.Bytes(),
		"lists in connect":       lists.Bytes(),
		"long string of 4 GB":    bomb("\x0c\xff\xff\xff\xff"),
		"array of 4 G":           bomb("\x0a\xff\xff\xff\xff"),
		"nested objects":         bomb(strings.Repeat("\x03\x00\x01a", 15_000)),
		"nested objects, 9.9 MB": bomb(strings.Repeat("\x03\x00\x01a", 2_500_000)),
		"messages of 10 MB":      long.Bytes(),
		"HTTP":                   []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"noise":                  []byte(strings.Repeat("\x03\xff\x00", 5000)),
	}
}

// Whatever comes in, a publisher and a viewer beside it do not notice, and
// memory and goroutines are afterwards what they were.
func TestHostileInput(t *testing.T) {
	s := start(t, "rtmp.handshake_timeout", "500ms", "rtmp.publish_timeout", "1s", "rtmp.max_connections", "300",
		"segment.duration", "500ms", "segment.max", "2s", "window.duration", "6s")
	stop := s.broadcast("live/healthy")
	s.playing("live/healthy", 2)
	viewer := newPlayer(t, s, "live/healthy")
	viewer.look()
	attack := func() {
		for _, input := range killers(t) {
			s.send(input)
		}
		s.send(hello().Bytes()[:1]) // a slow handshake
		s.crowd(2000)
		eventually(t, "an end of all attacks", func() bool { return s.connections() == 1 })
		viewer.look()
	}
	attack() // once, so that pools are filled and buffers have grown
	before, goroutines := heap(), runtime.NumGoroutine()
	attack()
	if after := heap(); after > before+8<<20 {
		t.Errorf("the heap grew from %d to %d", before, after)
	}
	eventually(t, "as few goroutines as before", func() bool {
		s.client.CloseIdleConnections()
		return runtime.NumGoroutine() <= goroutines
	})
	hostileRequests(t, s)
	viewer.look()
	s.unbroken("live/healthy")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if log := s.log.String(); strings.Contains(log, "internal error") || strings.Contains(log, "stack") {
		t.Errorf("something panicked:\n%s", log)
	}
}

// heap returns the bytes that are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // empties pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// send sends input as a publisher does and reads whatever comes, until the
// gateway ends the connection.
func (s *server) send(input []byte) {
	s.t.Helper()
	conn := s.dial()
	defer conn.Close()
	var writing sync.WaitGroup
	writing.Go(func() { _, _ = conn.Write(input) })
	_, err := io.Copy(io.Discard, conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.t.Errorf("the connection stays open: %v", err)
	}
	_ = conn.Close()
	writing.Wait()
}

// crowd connects many times, a few at once; every other one says hello.
func (s *server) crowd(n int) {
	s.t.Helper()
	var crowd sync.WaitGroup
	for w := range 50 {
		crowd.Go(func() {
			for i := range n / 50 {
				conn, err := net.Dial("tcp", strings.TrimPrefix(s.rtmp, "rtmp://"))
				if err != nil {
					s.t.Error(err)
					return
				}
				if (i+w)%2 == 0 {
					_, _ = conn.Write(hello().Bytes())
				}
				_ = conn.Close()
			}
		})
	}
	crowd.Wait()
}

// connections returns how many connections publishers have.
func (s *server) connections() int {
	s.t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		s.t.Skip(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.rtmp, "rtmp://"), ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		s.t.Fatal(err)
	}
	const established = "01"
	local, n := fmt.Sprintf(":%04X", number), 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], local) && fields[3] == established {
			n++
		}
	}
	return n
}

// hostileRequests asks for what is not there, in ways that have hurt others.
func hostileRequests(t *testing.T, s *server) {
	t.Helper()
	for _, path := range []string{
		"/live/healthy/v0/..%2f..%2f..%2fetc%2fpasswd", "/live/healthy/v0/%2e%2e/v0/1.m4s", "/live/healthy/v255/index.m3u8",
		"/live/healthy/v0/" + strings.Repeat("9", 20_000) + ".m4s", "/live/healthy/v0/" + strings.Repeat("9", 20_000) + ".ts",
		"/live/healthy/v0/n18446744073709551616.m4s", "/..%5c..%5cwindows/system32/",
	} {
		if status, _ := s.try(path); status != http.StatusNotFound {
			t.Errorf("GET %.60s: %d", path, status)
		}
	}
	if status, _ := s.try("/live/healthy/v0/index.m3u8?_HLS_msn=99999999999999999999999&_HLS_msn=-1&_HLS_part=x"); status != http.StatusBadRequest {
		t.Errorf("%d for strange directives", status)
	}
	began := time.Now()
	s.deafViewer("/live/healthy/v0/index.m3u8")
	if s.get("/healthz") != "ok\n" || time.Since(began) > patience {
		t.Error("a deaf viewer holds others")
	}
}
