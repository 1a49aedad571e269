package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Settings of the gateway: short, so that much happens in a minute.
const (
	linger  = 15 * time.Second
	keep    = 20 * time.Second
	segment = time.Second
)

// A gateway is bin/sluice as a child, on the same addresses and directory each
// time that it is started.
type gateway struct {
	binary     string
	rtmp, http string // addresses
	dir        string // of segments
	log        *os.File
	book       *book

	mu  sync.Mutex
	cmd *exec.Cmd // nil while it is dead
}

func newGateway(binary, dir string, b *book) (*gateway, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	rtmp, err := freeAddress()
	if err != nil {
		return nil, err
	}
	http, err := freeAddress()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "gateway.log"))
	if err != nil {
		return nil, err
	}
	return &gateway{binary: binary, rtmp: rtmp, http: http, dir: filepath.Join(dir, "segments"), log: log, book: b}, nil
}

// freeAddress returns an address on which nobody listens now. Its port is below
// those that Linux gives to outgoing connections: one of them could take it while
// the gateway is dead.
func freeAddress() (string, error) {
	var err error
	for range 100 {
		var ln net.Listener
		if ln, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))); err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return "", err
}

// start starts the gateway and returns when it answers.
func (g *gateway) start(ctx context.Context, conflict string) error {
	cmd := exec.Command(g.binary, "serve")
	tie(cmd)
	cmd.Dir = filepath.Dir(g.dir)
	cmd.Stdout, cmd.Stderr = g.log, g.log
	cmd.Env = append(os.Environ(),
		"SLUICE_RTMP_ADDRESS="+g.rtmp, "SLUICE_HTTP_ADDRESS="+g.http, "SLUICE_STORE_PATH="+g.dir,
		"SLUICE_SEGMENT_DURATION="+segment.String(), "SLUICE_SEGMENT_MAX=5s", "SLUICE_WINDOW_DURATION=20s",
		"SLUICE_STREAM_LINGER="+linger.String(), "SLUICE_STREAM_KEEP="+keep.String(), "SLUICE_STREAM_CONFLICT="+conflict)
	if err := cmd.Start(); err != nil {
		return err
	}
	g.mu.Lock()
	g.cmd = cmd
	g.mu.Unlock()
	for until := time.Now().Add(30 * time.Second); ; {
		if res, err := http.Get("http://" + g.http + "/healthz"); err == nil {
			_ = res.Body.Close()
			return nil
		}
		if time.Now().After(until) {
			return errors.New("the gateway does not answer")
		}
		if !pause(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// end sends the gateway a signal and returns how it ended. It must be running.
func (g *gateway) end(signal os.Signal) error {
	g.mu.Lock()
	cmd := g.cmd
	g.cmd = nil
	g.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("the gateway had ended by itself: %w", errors.Join(err, cmd.Wait()))
	}
	return cmd.Wait()
}

// kill kills the gateway without a word. One that had ended by itself is a
// violation.
func (g *gateway) kill() {
	err := g.end(syscall.SIGKILL)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL { //nolint:errcheck // always of that type here
		g.book.broken("soak/crash", "gateway", "it ended by itself: %v", err)
	}
}

// pid returns the process, 0 while there is none.
func (g *gateway) pid() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cmd == nil {
		return 0
	}
	return g.cmd.Process.Pid
}

// judgeLog looks for what a sound gateway never says.
func (g *gateway) judgeLog() error {
	if _, err := g.log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReader(g.log)
	for {
		line, err := lines.ReadString('\n')
		for _, bad := range []string{"panic", "internal error", `"stack"`, "goroutine ", "fatal error"} {
			if strings.Contains(line, bad) {
				g.book.broken("soak/log", "gateway", "%.300s", line)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pause waits; it returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
