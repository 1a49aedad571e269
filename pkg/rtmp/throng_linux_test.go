package rtmp

import (
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A lobby is a listener that knows whom it accepted.
type lobby struct {
	net.Listener
	mu    sync.Mutex
	conns []*net.TCPConn
}

// Accept implements net.Listener.
func (l *lobby) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conns = append(l.conns, tcp)
	}
	return conn, err
}

// gathered returns for how many bytes reads of each connection wait, 0 and 1 for any, and
// -1 when it is closed.
func (l *lobby) gathered(t *testing.T) (all []int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		socket, err := conn.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		bytes := -1
		_ = socket.Control(func(fd uintptr) {
			bytes, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT)
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes)
	}
	return all
}

// TestManyPublishers has as many publish as it takes for sound to wait for more. It waits
// while they send, and for nobody who is silent: what that one says last is heard.
func TestManyPublishers(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lobby{Listener: ln}
	s := startServerOn(t, l, Limits{})
	var peers []*peer
	var streams []uint32
	join := func() {
		p, stream := s.publisher(t, "n"+string(rune('A'+len(peers))))
		p.audioConfig(stream)
		peers, streams = append(peers, p), append(streams, stream)
	}
	sound := func(of []*peer) {
		for i, p := range of { // 40 KB/s
			p.send(message{kind: kindAudio, stream: streams[i], time: 0, body: append([]byte{0xaf, 1}, make([]byte, 400)...)})
		}
		time.Sleep(10 * time.Millisecond)
	}
	until := func(what string, of []*peer, is func(bytes []int) bool) {
		t.Helper()
		for begun := time.Now(); time.Since(begun) < 20*time.Second; sound(of) {
			if is(l.gathered(t)) {
				return
			}
		}
		t.Fatalf("%s: %v", what, l.gathered(t))
	}
	some := func(bytes int) bool { return bytes > 1 && bytes <= mostTogether }

	for range many - 1 {
		join()
	}
	for range 100 {
		sound(peers)
	}
	for i, bytes := range l.gathered(t) {
		if bytes > 1 {
			t.Errorf("few publish, and %d waits for %d bytes", i, bytes)
		}
	}
	join()
	until("all send", peers, func(bytes []int) bool {
		for _, b := range bytes {
			if !some(b) {
				return false
			}
		}
		return true
	})
	last := len(peers) - 1
	peers[last].call(0, "deleteStream", nil, float64(streams[last]))
	peers[last].wantStatus(codeUnpublished, levelStatus)
	until("few publish", peers[:last], func(bytes []int) bool {
		for _, b := range bytes {
			if b > 1 {
				return false
			}
		}
		return true
	})
	if sink := s.sink(t, last); !sink.ended() {
		t.Error("it is not closed")
	}

	peers, streams = peers[:last], streams[:last]
	join()
	until("all but one send", peers[1:], func(bytes []int) bool { return bytes[0] <= 1 && some(bytes[1]) })
}
