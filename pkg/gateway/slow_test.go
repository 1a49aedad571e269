package gateway_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/pkg/amf"
)

// A feed is a publisher of pictures of 40 KB, 30 a second and a key frame every
// two, that sends what it is told when it is told.
type feed struct {
	t    testing.TB
	conn net.Conn
	sent int // pictures
	done chan struct{}
}

func (s *server) feed(stream string) *feed {
	s.t.Helper()
	f := &feed{t: s.t, conn: s.dial(), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		_, _ = io.Copy(io.Discard, f.conn) // what the gateway answers
	}()
	s.t.Cleanup(f.end)
	app, name, _ := strings.Cut(stream, "/")
	out := hello()
	out.message(1, 0, 0, binary.BigEndian.AppendUint32(nil, 1<<20))
	out.command(s.t, 0, "connect", 1.0, &amf.Object{Fields: []amf.Field{{Name: "app", Value: app}}})
	out.command(s.t, 0, "createStream", 2.0, nil)
	out.command(s.t, 1, "publish", 3.0, nil, name, "live")
	out.message(9, 1, 0, append([]byte{0x17, 0, 0, 0, 0}, avcConfig()...))
	f.write(out)
	return f
}

func (f *feed) write(out *session) {
	f.t.Helper()
	if _, err := f.conn.Write(out.Bytes()); err != nil {
		f.t.Fatal(err)
	}
}

// pictures sends so many.
func (f *feed) pictures(n int) {
	f.t.Helper()
	const size = 40_000
	for range n {
		head := []byte{0x27, 1, 0, 0, 0, 0, 0, size >> 8, size & 0xff, 0x41}
		if f.sent%60 == 0 {
			head[0], head[9] = 0x17, 0x65 // an IDR picture
		}
		out := &session{}
		out.message(9, 1, uint32(f.sent*1000/30), append(head, make([]byte, size-1)...))
		f.write(out)
		f.sent++
	}
}

func (f *feed) end() {
	_ = f.conn.Close()
	<-f.done
}

// A crawl is viewers that take one byte a second, each of what it has asked for.
type crawl struct {
	s     *server
	mu    sync.Mutex
	conns []net.Conn
	stop  chan struct{}
	ended sync.WaitGroup
}

func (s *server) crawl() *crawl {
	c := &crawl{s: s, stop: make(chan struct{})}
	c.ended.Go(c.run)
	s.t.Cleanup(func() {
		close(c.stop)
		c.ended.Wait()
	})
	return c
}

func (c *crawl) run() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-second.C:
		case <-c.stop:
			return
		}
		c.mu.Lock()
		conns := c.conns
		c.mu.Unlock()
		for _, conn := range conns {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, _ = conn.Read(make([]byte, 1))
		}
	}
}

// dial connects with a small window, so that what is sent does not go unread into
// a buffer of this side, and says something.
func (c *crawl) dial(said string) {
	c.s.t.Helper()
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
		})
	}}
	conn, err := small.DialContext(c.s.t.Context(), "tcp", strings.TrimPrefix(c.s.http, "http://"))
	if err != nil {
		c.s.t.Fatal(err)
	}
	c.s.t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, said); err != nil {
		c.s.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
}

// one has viewers of HTTP/1.1 ask for a path.
func (c *crawl) one(path string, viewers int) {
	for range viewers {
		c.dial("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
	}
}

// two has viewers of HTTP/2 ask for it, a hundred on each connection, all of which
// take what they get. None of them ever opens its window, which is 64 KB.
func (c *crawl) two(path string, viewers int) {
	const each = 100
	frame := func(kind, flags byte, stream uint32, body string) string {
		n := len(body)
		head := []byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}
		return string(binary.BigEndian.AppendUint32(head, stream)) + body
	}
	// GET, http, the path and the authority, in HPACK without compression.
	request := "\x82\x86\x04" + string(rune(len(path))) + path + "\x01\x01a"
	for from := 0; from < viewers; from += each {
		var said strings.Builder
		said.WriteString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, ""))
		for i := range min(each, viewers-from) {
			said.WriteString(frame(1, 0x5, uint32(2*i+1), request)) // END_STREAM, END_HEADERS
		}
		c.dial(said.String())
	}
}

// memory returns the bytes of objects and stacks.
func memory() int64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// inside returns how many goroutines are in a function.
func inside(function string) (n int) {
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, function) {
			n++
		}
	}
	return n
}

// newest returns a segment of a rendition that is listed, the header, and the number
// of the segment that grows.
func (s *server) newest(folder string) (stored, header string, next int) {
	s.t.Helper()
	list := s.get(folder + "index.m3u8")
	stored = regexp.MustCompile(`(?m)^\d+\.m4s$`).FindString(list)
	header = strings.TrimSuffix(regexp.MustCompile(`\w+\.mp4`).FindString(list), ".mp4")
	sequence := regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`).FindStringSubmatch(list)
	if stored == "" || header == "" || sequence == nil {
		s.t.Fatalf("listed: %s", list)
	}
	next, _ = strconv.Atoi(sequence[1])
	return stored, header, next + strings.Count(list, "#EXTINF")
}

// Viewers that take one byte a second cost a buffer each, and nobody else's time:
// while they hang, the publisher goes on and another viewer gets everything. They
// are let go when they have not taken a chunk of what grows for ten seconds.
func TestSlowViewers(t *testing.T) {
	const viewers, most = 300, 96 << 10 // bytes for each, of which 16 KB are stacks
	const (
		taking    = "sluice/pkg/origin.serve("
		held      = "sluice/pkg/origin.(*Origin).hold"
		parked    = "sluice/pkg/origin.(*Parking).keep"
		following = "sluice/pkg/origin.(*Origin).follow"
	)
	for _, kind := range []string{"disk", "memory"} {
		t.Run(kind, func(t *testing.T) {
			s := start(t, "store.type", kind)
			f := s.feed("live/show")
			f.pictures(6*60 + 30) // six segments, and half of one
			s.playing("live/show", 6)
			folder := "/live/show/v0/"
			stored, header, next := s.newest(folder)
			growing := fmt.Sprintf("%s%s/n%d.m4s", folder, header, next)
			blocked := fmt.Sprintf("%sindex.m3u8?_HLS_msn=%d", folder, next)

			c := s.crawl()
			for _, asked := range []struct {
				what string
				ask  func(path string, viewers int)
				path string
				in   []string // the functions that they are in then
			}{
				{"a segment", c.one, folder + stored, []string{taking}},
				{"a segment, HTTP/2", c.two, folder + stored, []string{taking}},
				{"a playlist, HTTP/2", c.two, blocked, []string{held, parked}}, // for six seconds
				{"a playlist", c.one, blocked, []string{held, parked}},
				{"a growing segment, HTTP/2", c.two, growing, []string{following}}, // for ten
				{"a growing segment", c.one, growing, []string{following}},
			} {
				waiting := func() (n int) {
					for _, function := range asked.in {
						n += inside(function)
					}
					return n
				}
				before, already := memory(), waiting()
				asked.ask(asked.path, viewers)
				eventually(t, "all who ask for "+asked.what, func() bool { return waiting() >= already+viewers })
				each := int64(0)
				eventually(t, "little memory for "+asked.what, func() bool { // what looks at stacks leaves much for a while
					each = (memory() - before) / viewers
					return each <= most
				})
				t.Logf("%s: %d bytes for each viewer", asked.what, each)
			}

			f.pictures(30 + 4*60)
			s.playing("live/show", 10)
			listed := regexp.MustCompile(`(?m)^(?:#EXT-X-PART:.*URI=")?(p?\d+\.m4s)`).FindAllStringSubmatch(s.get(folder+"index.m3u8"), -1)
			if len(listed) < 20 {
				t.Errorf("%d segments and parts", len(listed))
			}
			for _, name := range listed {
				s.get(folder + name[1])
			}
			s.get(growing)
			s.unbrokenTracks("live/show", "v0")
			if n := inside(taking); n < 2*viewers {
				t.Errorf("%d viewers still take a segment", n)
			}
			eventually(t, "an end of those who took what grew", func() bool { return inside(following) == 0 })
		})
	}
}
