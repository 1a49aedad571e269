package origin_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/pkg/live"
)

// crowded returns a venue in which so many wait that whoever comes is parked,
// and the segment that they wait for.
func crowded(t *testing.T, target time.Duration) (*venue, *take) {
	t.Helper()
	v := protocols()[0].open(t)
	v.targets.Segment = target // nobody waits for longer than three times that
	v.add(v0, 0)
	v.add(a0, 0)
	video := v.begin(v0, 1)
	video.next()
	v.fill()
	return v, video
}

// fill makes so many wait that whoever comes is parked.
func (v *venue) fill() {
	v.t.Helper()
	const limit = 20
	v.parking.SetLimit(limit)
	for range limit {
		conn := v.call()
		send(v.t, conn, "/live/show/a0/index.m3u8?_HLS_msn=1")
	}
	v.eventually(func() bool { return v.parking.Driving() == limit })
	if n := v.parking.Len(); n != 0 {
		v.t.Fatalf("%d are parked already", n)
	}
}

func (v *venue) call() net.Conn {
	v.t.Helper()
	conn, err := net.Dial("tcp", v.Listener.Addr().String())
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func send(t testing.TB, conn net.Conn, paths ...string) {
	t.Helper()
	var text strings.Builder
	for _, path := range paths {
		fmt.Fprintf(&text, "GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n", path)
	}
	if _, err := io.WriteString(conn, text.String()); err != nil {
		t.Fatal(err)
	}
}

// receive returns the status and body of the next answer.
func receive(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(res.StatusCode, " ", res.Header.Get("Cache-Control"), "\n", string(body))
}

func TestParked(t *testing.T) {
	const last = "\n#EXT-X-ENDLIST\n"
	part := func(v *take) string { return "/live/show/v0/" + live.PartName(v.End()) + ".m4s" }
	playlist := func(*take) string { return "/live/show/v0/index.m3u8?_HLS_msn=1&_HLS_part=1&token=a%26b" }
	for _, c := range []struct {
		name string
		path func(*take) string
		then func(v *venue, video *take)
		want string // how the answer begins
		ends string
	}{
		{"part", part, func(_ *venue, video *take) { video.next() }, whatever, ""},
		{"playlist", playlist, func(_ *venue, video *take) { video.next() }, "200 public, max-age=", ""},
		{"end of the stream", playlist, func(v *venue, _ *take) { v.show.End(v.now()) }, whenEnded, last},
		{"part that never comes", part, func(v *venue, _ *take) { v.show.End(v.now()) }, nothing, ""},
		{"in vain", playlist, func(*venue, *take) {}, notInTime, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := unhurried
			if c.want == notInTime {
				target = time.Second / 2
			}
			v, video := crowded(t, target)
			conn := v.call()
			in := bufio.NewReader(conn)
			send(t, conn, c.path(video))
			v.eventually(func() bool { return v.parking.Len() == 1 })
			c.then(v, video)
			if got := receive(t, in); !strings.HasPrefix(got, c.want) || !strings.HasSuffix(got, c.ends) {
				t.Errorf("%q, want %s", got, c.want)
			}
			// The connection goes on, and its next request waits anew.
			send(t, conn, "/live/show/v0/n0.m4s")
			if got := receive(t, in); !strings.HasPrefix(got, whatever) {
				t.Errorf("then %q", got)
			}
			if c.name == "part" || c.name == "playlist" {
				send(t, conn, part(video))
				v.eventually(func() bool { return v.parking.Len() == 1 })
				video.next()
				if got := receive(t, in); !strings.HasPrefix(got, whatever) {
					t.Errorf("and then %q", got)
				}
			}
		})
	}
}

// Who goes away while parked is forgotten at once.
func TestParkedClientLeaves(t *testing.T) {
	v, video := crowded(t, unhurried)
	conn := v.call()
	send(t, conn, "/live/show/v0/"+live.PartName(video.End())+".m4s")
	v.eventually(func() bool { return v.parking.Len() == 1 })
	_ = conn.Close()
	v.eventually(func() bool { return v.parking.Len() == 0 })
}

// Requests that come together are answered in order, also if they wait.
func TestParkedPipeline(t *testing.T) {
	v, video := crowded(t, unhurried)
	conn := v.call()
	path := "/live/show/v0/" + live.PartName(video.End()) + ".m4s"
	send(t, conn, path, "/healthz")
	v.waiting(21)
	send(t, conn, "/time")
	video.next()
	in := bufio.NewReader(conn)
	if got := receive(t, in); !strings.HasPrefix(got, whatever) || !strings.HasSuffix(got, string(video.Chunks[1])) {
		t.Errorf("%q", got)
	}
	if got := receive(t, in); got != "200 no-store\nok\n" {
		t.Errorf("%q", got)
	}
	if got := receive(t, in); !strings.HasPrefix(got, "200 no-store\n2026") {
		t.Errorf("%q", got)
	}
}

// When the server stops it lets go of all.
func TestParkingCloses(t *testing.T) {
	v, video := crowded(t, unhurried)
	conn := v.call()
	send(t, conn, "/live/show/v0/"+live.PartName(video.End())+".m4s")
	v.eventually(func() bool { return v.parking.Len() == 1 })
	if err := errors.Join(v.parking.Close(), v.parking.Close()); err != nil {
		t.Error(err)
	}
	v.parking.Wait()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes", n)
	}
}
