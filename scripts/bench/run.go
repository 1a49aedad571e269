package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A bench is one start of this program: what it measures, and what it found.
type bench struct {
	options
	dir     string // for all that servers write
	guard   *guard
	servers []server
	nginx   bool // there is one to serve files
	record  *record
	run     int
}

// run measures all, tells each result as it comes and prints the table at the end, also
// when ctx ends before that. A server that fails costs its row. The error says that
// something failed.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	if _, err := os.Stat(o.sluice); err != nil {
		return fmt.Errorf("--sluice: %w", err)
	}
	b := &bench{options: o, record: newRecord(ctx, o, os.Stderr)}
	if err := b.record.save(); err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	if err := b.prepare(ctx); err != nil {
		return errors.Join(err, b.close())
	}
	for b.run = 1; b.run <= o.runs && ctx.Err() == nil; b.run++ {
		b.measure(ctx)
	}
	return errors.Join(b.record.show(out), b.record.failure(), context.Cause(ctx), b.close())
}

// prepare makes a folder and finds out which servers there are.
func (b *bench) prepare(ctx context.Context) (err error) {
	if n := busy(); n > 0.5 {
		b.record.note(fmt.Sprintf("%.1f processes ran or waited for a processor in the last minute: the machine is not idle", n))
	}
	needed := b.needed(allServers(b.options, "", true))
	parent, inMemory := folder(needed, b.record.note)
	if b.dir, err = os.MkdirTemp(parent, "sluice-bench-"); err != nil {
		return err
	}
	b.record.Folder = parent
	if b.guard, err = startGuard(b.dir); err != nil {
		return err
	}
	lal := ""
	if b.lal && len(b.streams) > 0 {
		if lal, err = buildLAL(ctx, b.dir); err != nil {
			b.record.note("LAL is not here: " + err.Error())
		}
	} else {
		b.record.note("LAL is left out")
	}
	b.nginx = exists(nginxBinary)
	if !b.nginx {
		b.record.note("nginx is not here, as a floor for segments (Debian: apt-get install nginx-light)")
	}
	rtmp := b.nginx && exists(rtmpModule)
	if !rtmp {
		b.record.note("nginx-rtmp is not here (Debian: apt-get install nginx-light libnginx-mod-rtmp)")
	}
	b.servers = allServers(b.options, lal, rtmp)
	steady := time.Duration(0)
	for _, s := range b.servers {
		steady = max(steady, b.steady(s))
	}
	if b.warmUp > 0 && b.warmUp < steady {
		b.record.note(fmt.Sprintf("--warm-up %v: not all servers remove as much as they add before %v", b.warmUp, steady))
	}
	if inMemory {
		return warm(b.dir, needed)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// measure measures everything once.
func (b *bench) measure(ctx context.Context) {
	for _, n := range b.streams {
		for _, s := range b.servers {
			if s.sink || b.only.MatchString(s.name) {
				r, err := b.ingest(ctx, s, n)
				b.take(ctx, load{Kind: publishing, Streams: n}, s, 0, r, err)
			}
		}
	}
	for _, a := range b.viewers {
		b.audience(ctx, a)
	}
	if b.others {
		b.segments(ctx)
		for _, s := range b.servers {
			if s.forms == 1 { // one of each kind, and what is first of several forms depends on which
				b.first(ctx, s)
			}
		}
	}
}

// take keeps what was measured, or why it was not. What a run that was interrupted
// failed with means nothing.
func (b *bench) take(ctx context.Context, l load, s server, turn int, r result, err error) {
	if ctx.Err() == nil {
		b.record.add(measurement{load: l, Server: s.name, Run: b.run, Turn: turn, Values: r, Error: reason(err)})
	}
}

// reason returns what an error says, in one line.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
}

// close removes all that was there for a while.
func (b *bench) close() error {
	if b.dir == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(b.dir), b.guard.close())
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
