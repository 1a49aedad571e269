package origin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/pkg/live"
)

// viewersVariable says how many clients wait in TestWaitersAreCheap, and
// serverVariable makes the test binary the server that they wait on, so that
// its memory can be told from theirs.
const (
	viewersVariable = "SLUICE_VIEWERS"
	serverVariable  = "SLUICE_HERD_SERVER"
)

// A footprint is what a process holds when garbage is collected.
type footprint struct {
	Resident   int64 // bytes of the process that are in memory
	Heap       int64 // bytes of live objects
	Stacks     int64 // bytes of stacks
	Goroutines int
	Waiting    int64 // requests that are being answered
}

func (f footprint) String() string {
	const mb = 1 << 20
	return fmt.Sprintf("resident %.1f MB, heap %.1f MB, stacks %.1f MB, %d goroutines, %d requests",
		float64(f.Resident)/mb, float64(f.Heap)/mb, float64(f.Stacks)/mb, f.Goroutines, f.Waiting)
}

// TestWaitersAreCheap lets many clients wait on one stream, again and again,
// and looks at what the server holds in each state. Half of them go away while
// they wait, at random.
func TestWaitersAreCheap(t *testing.T) {
	viewers := 500
	if text := os.Getenv(viewersVariable); text != "" {
		viewers, _ = strconv.Atoi(text)
	}
	s := hireServer(t)
	idle := s.look(t)
	t.Logf("idle: %v", idle)
	var left [3]footprint
	for round := range left {
		waiting := s.dial(t, viewers)
		s.settled(t, int64(viewers))
		held := s.look(t)
		t.Logf("%d wait: %v", viewers, held)
		s.answer(t, waiting)
		t.Logf("all are connected: %v", s.look(t))

		s.ask(t, waiting)
		s.settled(t, int64(viewers))
		again := s.look(t)
		t.Logf("%d wait again: %v", viewers, again)
		each := func(from, to int64) int64 { return (to - from) / int64(viewers) }
		t.Logf("each: resident %d, heap %d, stacks %d bytes", each(idle.Resident, again.Resident), each(idle.Heap, again.Heap), each(idle.Stacks, again.Stacks))
		if limit := int64(20_000); viewers >= 5000 && max(each(idle.Resident, held.Resident), each(idle.Resident, again.Resident)) > limit {
			t.Errorf("a client that waits costs more than %d bytes", limit)
		}

		rand.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		waiting[:viewers/2].close()
		s.settled(t, int64(viewers-viewers/2))
		t.Logf("half of them left: %v", s.look(t))
		s.answer(t, waiting[viewers/2:])
		waiting[viewers/2:].close()
		s.settled(t, 0)
		left[round] = s.look(t)
		t.Logf("all have left: %v", left[round])
		if left[round].Goroutines > idle.Goroutines {
			t.Errorf("%d goroutines, and %d before", left[round].Goroutines, idle.Goroutines)
		}
	}
	// The first rounds leave what the runtime keeps for the next: descriptors
	// of goroutines, and tables that have grown.
	if more := left[2].Heap - left[1].Heap; more > int64(256<<10+100*viewers) {
		t.Errorf("%d bytes stay", more)
	}
}

// A crowd is connections, each with a request.
type crowd []*client

type client struct {
	net.Conn
}

func (c crowd) close() {
	for _, client := range c {
		_ = client.Close()
	}
}

// answered reads the answer.
func (c *client) answered() error {
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// A hired server is another process.
type hired struct {
	in      io.Writer
	out     *bufio.Scanner
	address string
}

func hireServer(t *testing.T) *hired {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // tells it to end
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	s := &hired{in: in, out: bufio.NewScanner(out)}
	s.address = s.tell(t, "listen")
	return s
}

// tell gives the server an order and returns its answer.
func (s *hired) tell(t *testing.T, order string) string {
	t.Helper()
	if _, err := fmt.Fprintln(s.in, order); err != nil || !s.out.Scan() {
		t.Fatal(order, err, s.out.Err())
	}
	return s.out.Text()
}

func (s *hired) look(t *testing.T) (f footprint) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.tell(t, "look")), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// answer publishes what the clients wait for.
func (s *hired) answer(t *testing.T, all crowd) {
	t.Helper()
	s.tell(t, "publish")
	for _, c := range all {
		if err := c.answered(); err != nil {
			t.Fatal(err)
		}
	}
	s.settled(t, 0)
}

// settled waits until so many requests are being answered and nothing else
// goes on.
func (s *hired) settled(t *testing.T, waiting int64) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for f := s.look(t); f.Waiting != waiting; f = s.look(t) {
		if time.Now().After(deadline) {
			t.Fatalf("%v, and not %d requests", f, waiting)
		}
		pause(20 * time.Millisecond)
	}
}

// dial connects clients that wait.
func (s *hired) dial(t *testing.T, n int) crowd {
	t.Helper()
	all := make(crowd, n)
	for i := range all {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		all[i] = &client{Conn: conn}
	}
	s.ask(t, all)
	return all
}

// ask makes clients wait, half of them for a playlist and half for a part.
func (s *hired) ask(t *testing.T, all crowd) {
	t.Helper()
	paths := strings.Fields(s.tell(t, "paths"))
	for i, c := range all {
		_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: origin.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\n"+
			"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en\r\nOrigin: https://example.org\r\nReferer: https://example.org/\r\n\r\n", paths[i%len(paths)])
		if err != nil {
			t.Fatal(err)
		}
	}
}

// serveHerd is the other process: it does what its standard input says.
func serveHerd() error {
	t := &testing.B{}
	s := newSet(t)
	s.targets.Segment = unhurried
	s.add(v0, 0)
	s.add(a0, 0)
	number := uint64(1)
	video := s.begin(v0, number)
	video.next()
	v := &venue{studio: s}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		ConnContext: s.parking.ConnContext,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v.inside.Add(1)
			defer v.inside.Add(-1)
			v.handler.ServeHTTP(w, r)
		}),
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 2)
	go func() { served <- server.Serve(ln) }()
	go func() { served <- server.Serve(s.parking) }()
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		switch orders.Text() {
		case "listen":
			fmt.Println(ln.Addr())
		case "paths":
			fmt.Printf("/live/show/v0/index.m3u8?_HLS_msn=%d&_HLS_part=%d /live/show/v0/%s.m4s\n", number, len(video.Parts), live.PartName(video.End()))
		case "publish":
			if video.next(); len(video.Parts) == partsEach {
				video.finish()
				number++
				video = s.begin(v0, number)
			}
			fmt.Println("published")
		case "look":
			text, err := json.Marshal(look(v.inside.Load() + int64(s.parking.Len())))
			if err != nil {
				return err
			}
			fmt.Println(string(text))
		}
	}
	return errors.Join(server.Close(), orders.Err(), ignore(<-served, http.ErrServerClosed))
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func look(waiting int64) footprint {
	runtime.GC()
	runtime.GC()
	debug.FreeOSMemory() // what is not in use, the runtime gives back over the next minute
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	f := footprint{
		Heap: int64(samples[0].Value.Uint64()), Stacks: int64(samples[1].Value.Uint64()),
		Goroutines: runtime.NumGoroutine(), Waiting: waiting,
	}
	status, _ := os.ReadFile("/proc/self/statm")
	if fields := strings.Fields(string(status)); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		f.Resident = pages * int64(os.Getpagesize())
	}
	return f
}
