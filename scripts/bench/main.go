// Command bench measures what publishers and viewers cost servers, one after the other on
// this machine, beside floors of the same run: a TCP sink, bare net/http, nginx with
// sendfile. See make bench.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command runs what is asked for: the whole, or one of the floors as a process of its own.
func command(args []string) error {
	if len(args) > 0 && args[0] == "sink" {
		return serveSink(args[1:])
	}
	if len(args) > 0 && args[0] == "floor" {
		return serveFloor(args[1:])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return run(ctx, o)
}

// options are those of the command line.
type options struct {
	sluice  string
	streams []int
	viewers []audience
	warmUp  time.Duration
	window  time.Duration
	runs    int
	only    *regexp.Regexp
	lal     bool
	json    string
}

// An audience is how many viewers there are, of how many streams.
type audience struct{ viewers, streams int }

func parse(args []string) (o options, err error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.StringVar(&o.sluice, "sluice", "bin/sluice", "the binary to measure")
	streams := set.String("streams", "20,100,300", "how many streams at a time, for what they cost; empty for none")
	viewers := set.String("viewers", "100/1,1000/1,1000/100", "viewers of low-latency HLS, and of how many streams; empty for none")
	set.DurationVar(&o.warmUp, "warm-up", 35*time.Second, "for how long publishers are on air before that: windows are full then")
	set.DurationVar(&o.window, "window", 20*time.Second, "for how long each is measured")
	set.IntVar(&o.runs, "runs", 1, "how often all is measured; medians are printed")
	only := set.String("only", "", "measure only servers whose name this regular expression matches, and floors")
	set.BoolVar(&o.lal, "lal", true, "build LAL, with the go command, and measure it")
	set.StringVar(&o.json, "json", "", "write all that was measured to this file")
	if err := set.Parse(args); err != nil {
		return options{}, err
	}
	for text := range strings.SplitSeq(*streams, ",") {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return options{}, fmt.Errorf("--streams %s: not a list of numbers", *streams)
		}
		o.streams = append(o.streams, n)
	}
	for text := range strings.SplitSeq(*viewers, ",") {
		if text == "" {
			continue
		}
		var a audience
		if _, err := fmt.Sscanf(text, "%d/%d", &a.viewers, &a.streams); err != nil || a.viewers < 1 || a.streams < 1 {
			return options{}, fmt.Errorf("--viewers %s: not a list of VIEWERS/STREAMS", *viewers)
		}
		o.viewers = append(o.viewers, a)
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return options{}, fmt.Errorf("--only: %w", err)
	}
	o.sluice, err = filepath.Abs(o.sluice)
	return o, err
}

// run measures all and prints the table.
func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp(memoryFolder(), "sluice-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lal := ""
	if o.lal && len(o.streams) > 0 {
		if lal, err = buildLAL(ctx, dir); err != nil {
			fmt.Fprintln(os.Stderr, "bench: LAL is left out:", err)
		}
	}
	if err := warm(dir, o); err != nil {
		return err
	}
	all, missing := servers(o.sluice, lal)
	for _, name := range missing {
		fmt.Fprintln(os.Stderr, "bench: not here:", name)
	}
	var t table
	for range o.runs {
		if err := measure(ctx, o, all, dir, &t); err != nil {
			return err
		}
	}
	if o.json != "" {
		if err := t.writeJSON(o.json); err != nil {
			return err
		}
	}
	return t.print(os.Stdout)
}

// measure measures everything once.
func measure(ctx context.Context, o options, all []server, dir string, t *table) error {
	for _, n := range o.streams {
		for _, s := range all {
			if !s.sink && !o.only.MatchString(s.name) {
				continue
			}
			r, err := measureIngest(ctx, s, dir, n, o)
			if err != nil {
				return fmt.Errorf("%s, %d streams: %w", s.name, n, err)
			}
			t.add(fmt.Sprintf("%d streams", n), s.name, r)
		}
	}
	sluice := all[1]
	for _, a := range o.viewers {
		r, err := measureViewers(ctx, sluice, dir, a, o)
		if err != nil {
			return fmt.Errorf("%d viewers of %d streams: %w", a.viewers, a.streams, err)
		}
		what := fmt.Sprintf("%d viewers of %d streams", a.viewers, a.streams)
		t.add(what, sluice.name, r)
		if r, err = measureFloor(ctx, dir, a, r, o.window); err != nil {
			return fmt.Errorf("%d viewers of bare net/http: %w", a.viewers, err)
		}
		t.add(what, "bare net/http", r)
	}
	if err := measureGets(ctx, sluice, dir, o.window/4, t); err != nil {
		return err
	}
	return measureFirst(ctx, sluice, dir, t)
}

// memoryFolder returns a folder of a file system in memory, or else one for temporary
// files.
func memoryFolder() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return os.TempDir()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
