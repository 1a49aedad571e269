package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
	"sluice/pkg/store"
)

// blobs returns the names of everything below the store's directory.
func (s *server) blobs() []string {
	s.t.Helper()
	var names []string
	err := filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if path != s.dir && !errors.Is(err, fs.ErrNotExist) {
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return names
}

// A gateway that is not run leaves nothing open.
func TestClose(t *testing.T) {
	cfg := settings(t)
	g, err := gateway.New(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	addresses := []string{g.RTMPAddr().String(), g.HTTPAddr().String()}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	wantFree(t, addresses...)
}

// wantFree checks that nobody listens at the addresses.
func wantFree(t *testing.T, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			continue
		}
		_ = ln.Close()
	}
}

// freeAddress returns an address at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// What cannot be opened is told by the setting and where it stands, and what
// was opened before it is closed.
func TestFaultsAtStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shared := t.TempDir()
	other, err := store.OpenDisk(shared)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, c := range []struct{ key, value, words string }{
		{"store.path", shared, "another process keeps its segments there"},
		{"rtmp.address", taken.Addr().String(), taken.Addr().String() + ": bind: address already in use"},
		{"http.address", taken.Addr().String(), taken.Addr().String() + ": bind: address already in use"},
		{"store.path", filepath.Join(file, "store"), file + ": not a directory"},
	} {
		t.Run(c.key, func(t *testing.T) {
			rtmp := freeAddress(t)
			cfg := settings(t, "rtmp.address", rtmp)
			if err := cfg.Set("sluice.yml:7", c.key, c.value); err != nil {
				t.Fatal(err)
			}
			_, err := gateway.New(cfg, zerolog.Nop())
			var fault *config.Error
			if !errors.As(err, &fault) || fault.Key != c.key || fault.Origin != "sluice.yml:7" {
				t.Fatalf("%#v", err)
			}
			text := err.Error()
			if !strings.Contains(text, c.words) || strings.Contains(text, "\n") {
				t.Errorf("%q", text)
			}
			wantFree(t, rtmp)
		})
	}
}

// A gateway that was told to stop before it ran closes what it opened.
func TestStoppedBeforeItRuns(t *testing.T) {
	g, err := gateway.New(settings(t), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	if err := g.Run(ctx); err != nil {
		t.Error(err)
	}
	wantFree(t, g.RTMPAddr().String(), g.HTTPAddr().String())
}

// It stops in time whoever is connected.
func TestStopsInTime(t *testing.T) {
	t.Parallel()
	s := start(t)
	stop := s.broadcast("live/show")
	s.playing("live/show", 1)
	s.dial() // says nothing
	for _, said := range []string{"", "GET / HT", "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"} {
		conn := s.dialHTTP()
		if _, err := io.WriteString(conn, said); err != nil {
			t.Fatal(err)
		}
	}
	s.deafViewer("/live/show/v0/index.m3u8")
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if err := stop(); err != nil && !strings.Contains(err.Error(), "closed") {
		t.Errorf("the publisher ended with %v", err)
	}
}

// deafViewer asks for much and reads nothing, and returns when the server
// cannot send it any more.
func (s *server) deafViewer(path string) {
	s.t.Helper()
	conn := s.dialHTTP()
	many := strings.Repeat(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path), 1000)
	for {
		_ = conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := io.WriteString(conn, many); err != nil {
			return
		}
	}
}

// What an earlier run left of streams that cannot go on is removed, what is torn at
// once; what is no segment is left alone.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours := []string{"live/old/v0/123.m4s", "live/old/a0/456.m4s", "gone/x/v0/1.m4s"}
	others := []string{"notes.txt", "live/old/v0/index.html", "live/old/v0/x.m4s", "live/old/v0/.m4s", "live/old/video/1.m4s", "a/b/c/d/1.m4s", "1.m4s"}
	torn := "live/old/v0/789.m4s"
	for _, name := range slices.Concat(ours, others, []string{torn}) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		content := "\x00\x00\x00\x08free" // a segment without a record
		if name == torn {
			content = content[:7]
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	s := start(t, "store.path", dir, "segment.max", "1s", "window.duration", "1s")
	for _, name := range ours {
		if status, _ := s.try("/" + name); status != http.StatusOK {
			t.Errorf("%s: %d, but somebody may still ask for it", name, status)
		}
	}
	eventually(t, "the removal of "+torn, func() bool { return !exists(torn) })
	for _, name := range ours {
		eventually(t, "the removal of "+name, func() bool { return !exists(name) })
	}
	s.stop()
	for _, name := range others {
		if !exists(name) {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestWarnsThatAnybodyMayPublish(t *testing.T) {
	s := start(t)
	s.stop()
	var warnings []string
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"level":"warn"`) {
			warnings = append(warnings, line)
		}
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "anyone") {
		t.Errorf("warnings: %q", warnings)
	}
}

// A request with a body is answered without waiting for it, and its connection
// does not stay.
func TestBodiesAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, head := range []string{
		"POST /live/show/index.m3u8 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nx",
		"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx",
	} {
		conn := s.dialHTTP()
		_ = conn.SetDeadline(time.Now().Add(patience / 4))
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("%.20q: the connection stays: %v", head, err)
		}
	}
	res, err := s.client.Get(s.http + "/healthz?" + strings.Repeat("x", 100_000))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d for a head of 100 KB", res.StatusCode)
	}
}
