package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sluice/pkg/store"
)

// A hanging store does not come back from anything once it hangs, until it is
// released.
type hanging struct {
	store.Store
	hangs   atomic.Bool
	held    atomic.Int64 // callers who do not come back
	release chan struct{}
}

func (h *hanging) wait() {
	if h.hangs.Load() {
		h.held.Add(1)
		<-h.release
	}
}

// Put implements store.Store.
func (h *hanging) Put(name string, chunks ...[]byte) error {
	h.wait()
	return h.Store.Put(name, chunks...)
}

// Stage implements store.Store.
func (h *hanging) Stage(name string, note []byte, chunks ...[]byte) error {
	h.wait()
	return h.Store.Stage(name, note, chunks...)
}

// Unstage implements store.Store.
func (h *hanging) Unstage(name string) error {
	h.wait()
	return h.Store.Unstage(name)
}

// Open implements store.Store.
func (h *hanging) Open(name string) (store.Blob, error) {
	h.wait()
	return h.Store.Open(name)
}

// Remove implements store.Store.
func (h *hanging) Remove(name string) error {
	h.wait()
	return h.Store.Remove(name)
}

// Close implements io.Closer.
func (h *hanging) Close() error { return h.Store.(io.Closer).Close() }

// A disk that does not come back holds up neither viewers nor a stop, which says
// what it has left behind.
func TestStopsWhileTheDiskHangs(t *testing.T) {
	t.Parallel()
	disk := &hanging{release: make(chan struct{})}
	s := startOn(t, func(behind store.Store) store.Store {
		disk.Store = behind
		return disk
	}, "segment.duration", "500ms", "segment.max", "1s", "window.duration", "3s")
	t.Cleanup(func() { close(disk.release) })
	stop := s.broadcast("live/show")
	s.playing("live/show", 2)
	stored, _, _ := s.newest("/live/show/v0/")
	eventually(t, "a segment on the disk", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "live", "show", "v0", stored))
		return err == nil
	})
	disk.hangs.Store(true)
	eventually(t, "staging of both tracks, a write and a removal that hang", func() bool { return disk.held.Load() >= 4 })
	s.unbroken("live/show")
	for line := range strings.Lines(s.get("/live/show/v0/index.m3u8")) { // the last one is in memory
		if line = strings.TrimSpace(line); strings.HasSuffix(line, ".m4s") && !strings.HasPrefix(line, "#") {
			s.ask("/live/show/v0/" + line)
		}
	}
	s.crowdOfLate("/live/show/v0/"+stored, disk)
	s.stop() // would wait for ever
	_ = stop()
	left := fmt.Sprint(s.log.find("stopped, and left work for the disk"))
	for _, words := range []string{"are not written", "the removal of live/show/"} {
		if !strings.Contains(left, words) {
			t.Errorf("the log does not say that something %s: %s", words, left)
		}
	}
}

// crowdOfLate has many ask for what is on the disk: few of them wait for it, and the
// others are told to come again.
func (s *server) crowdOfLate(path string, disk *hanging) {
	s.t.Helper()
	const many, most = 600, 300
	var answers sync.WaitGroup
	var refused atomic.Int64
	for range many {
		conn := s.ask(path)
		answers.Go(func() {
			answer := make([]byte, 12)
			if _, err := io.ReadFull(conn, answer); err == nil && string(answer) == "HTTP/1.1 503" {
				refused.Add(1)
			}
		})
	}
	eventually(s.t, "an answer to those who come late", func() bool { return refused.Load() >= many-most })
	if held := disk.held.Load(); held > most {
		s.t.Errorf("%d wait for the disk", held)
	}
	s.t.Cleanup(answers.Wait) // when the connections are closed
	s.playing("live/show", 2)
}

// ask begins a request and does not wait for the answer.
func (s *server) ask(path string) net.Conn {
	s.t.Helper()
	conn := s.dialHTTP()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// A stop is clean although there is no room for what is to be written. The log
// says what is lost.
func TestStopsWithAFullDisk(t *testing.T) {
	t.Parallel()
	s := start(t, "segment.duration", "500ms")
	if err := os.WriteFile(filepath.Join(s.dir, "live"), nil, 0o600); err != nil { // where a directory has to be
		t.Fatal(err)
	}
	stop := s.broadcast("live/show")
	s.playing("live/show", 2)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if status, _ := s.try("/live/show/v0/index.m3u8"); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	s.stop() // wants no error
	left := s.log.find("stopped, and left work for the disk")
	if len(left) != 1 || left[0]["level"] != "warn" || !strings.Contains(fmt.Sprint(left[0]["error"]), "are not written: ") {
		t.Errorf("logged: %v", left)
	}
}
