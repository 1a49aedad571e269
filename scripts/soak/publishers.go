package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A publisher is a process that publishes under a name, and is started again
// when it has ended, in whatever way.
type publisher struct {
	name    string // app/stream
	command func(ctx context.Context, url string) *exec.Cmd
	network *network
	book    *book
	log     *os.File

	absent atomic.Bool // it is not to be started
	mu     sync.Mutex
	cmd    *exec.Cmd
}

// ffmpeg encodes pictures with B-frames, and a tone.
func ffmpeg(ctx context.Context, url string) *exec.Cmd {
	return exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-re",
		"-f", "lavfi", "-i", "testsrc2=size=256x144:rate=25", "-f", "lavfi", "-i", "sine=frequency=500:sample_rate=48000",
		"-c:v", "libx264", "-preset", "superfast", "-threads", "1", "-bf", "2", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0",
		"-pix_fmt", "yuv420p", "-b:v", "250k", "-maxrate", "300k", "-bufsize", "300k", "-c:a", "aac", "-b:a", "64k", "-f", "flv", url)
}

// pusher returns a command that publishes a file without end.
func pusher(binary, file string) func(context.Context, string) *exec.Cmd {
	return func(ctx context.Context, url string) *exec.Cmd {
		return exec.CommandContext(ctx, binary, "push", file, url, "--loop")
	}
}

// run publishes until ctx ends.
func (p *publisher) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !p.absent.Load() {
			p.publish(ctx)
		}
		pause(ctx, soon(rand.Float64()))
	}
}

// soon returns how long something is away: half of the times for a moment, so that
// what was begun goes on at once, and up to two seconds otherwise.
func soon(random float64) time.Duration {
	if random < 0.5 {
		return time.Duration(random * float64(300*time.Millisecond))
	}
	return time.Duration(random * float64(2*time.Second))
}

// publish runs the process once.
func (p *publisher) publish(ctx context.Context) {
	cmd := p.command(ctx, "rtmp://"+p.network.address+"/"+p.name)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	tie(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		p.book.broken("soak/publisher", p.name, "%v", err)
		return
	}
	p.book.count("publications begun: " + p.network.name)
	p.mu.Lock()
	p.cmd = cmd
	p.mu.Unlock()
	_ = cmd.Wait()
	p.mu.Lock()
	p.cmd = nil
	p.mu.Unlock()
}

// crash kills the process, if there is one.
func (p *publisher) crash() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
	}
}

// newPublishers returns those of all roles, each behind the network of its index.
func newPublishers(o options, networks []*network, b *book, dir string) ([]*publisher, error) {
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return nil, err
	}
	clip, err := filepath.Abs(o.clip)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "publishers.log"))
	if err != nil {
		return nil, err
	}
	var all []*publisher
	for i, r := range roles() {
		p := &publisher{name: r.stream, command: pusher(binary, clip), network: networks[i], book: b, log: log}
		if r.encodes {
			p.command = ffmpeg
		}
		all = append(all, p)
	}
	return all, nil
}

// A role is a publisher that there is to be.
type role struct {
	network, stream string
	encodes         bool // pictures of its own
}

func roles() []role {
	return []role{{"film", "live/film", true}, {"pair-1", "live/pair", false}, {"pair-2", "live/pair", false}, {"clip", "live/clip", false}}
}

// streams are what is watched.
func streams() []string { return []string{"live/film", "live/pair", "live/clip"} }
