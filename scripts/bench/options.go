package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// options are those of the command line.
type options struct {
	sluice  string
	streams []int
	viewers []audience
	listed  time.Duration
	warmUp  time.Duration // 0 for what each server needs
	window  time.Duration
	runs    int
	only    *regexp.Regexp
	others  bool // than streams and viewers
	lal     bool
	json    string
}

// An audience is how many viewers there are, of how many streams.
type audience struct{ viewers, streams int }

// parse reads a command line. It prints what there is, and returns flag.ErrHelp, when that
// is asked for.
func parse(args []string, out io.Writer) (o options, err error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.sluice, "sluice", "bin/sluice", "the binary to measure")
	streams := set.String("streams", "20,100,300", "how many streams at a time, for what they cost; empty for none")
	viewers := set.String("viewers", "1/1,100/1,1000/1,300/100,1000/100", "viewers of low-latency HLS, and of how many streams; empty for none")
	set.DurationVar(&o.listed, "listed", 10*time.Second, "for how long all servers list segments; nginx removes what it keeps beyond each two of that")
	set.DurationVar(&o.warmUp, "warm-up", 0, "for how long publishers are on air before anything is measured; 0 is until as much is removed as is added: "+
		"three to four times --listed and 5 s")
	set.DurationVar(&o.window, "window", 20*time.Second, "for how long each is measured")
	set.IntVar(&o.runs, "runs", 1, "how often all is measured; medians are printed")
	only := set.String("only", "", "of servers that take streams, measure only those whose name this regular expression matches, and the TCP sink")
	set.BoolVar(&o.others, "others", true, "also measure finished segments, and the time from connect to the first of them")
	set.BoolVar(&o.lal, "lal", true, "build LAL, with the go command, and measure it")
	set.StringVar(&o.json, "json", "", "write all that was measured to this file, as it comes")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, "bench [FLAGS]\nbench compare OLD.json NEW.json\n\n")
			set.SetOutput(out)
			set.PrintDefaults()
		}
		return options{}, err
	}
	if set.NArg() > 0 {
		return options{}, fmt.Errorf("%q is no flag", set.Arg(0))
	}
	if o.streams, err = parseStreams(*streams); err != nil {
		return options{}, err
	}
	if o.viewers, err = parseViewers(*viewers); err != nil {
		return options{}, err
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return options{}, fmt.Errorf("--only: %w", err)
	}
	if o.sluice, err = filepath.Abs(o.sluice); err != nil {
		return options{}, err
	}
	return o, o.check()
}

func parseStreams(list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("--streams %s: not a list of numbers", list)
		}
		all = append(all, n)
	}
	return all, nil
}

func parseViewers(list string) (all []audience, err error) {
	for text := range strings.SplitSeq(list, ",") {
		if text == "" {
			continue
		}
		before, after, _ := strings.Cut(text, "/")
		viewers, err := strconv.Atoi(before)
		streams, wrong := strconv.Atoi(after)
		if err != nil || wrong != nil || viewers < 1 || streams < 1 {
			return nil, fmt.Errorf("--viewers %s: not a list of VIEWERS/STREAMS", list)
		}
		all = append(all, audience{viewers, streams})
	}
	return all, nil
}

// check returns what cannot be measured so.
func (o options) check() error {
	switch {
	case o.runs < 1:
		return fmt.Errorf("--runs %d: at least 1", o.runs)
	case o.window < 2*period:
		return fmt.Errorf("--window %v: at least %v, in which every stream has a new segment", o.window, 2*period)
	case o.warmUp < 0:
		return fmt.Errorf("--warm-up %v: not less than nothing", o.warmUp)
	case o.listed < 3*period || o.listed%period != 0:
		return fmt.Errorf("--listed %v: a multiple of the %v that a segment has, at least three times that", o.listed, period)
	}
	return nil
}

// settings returns the options as they are kept beside what was measured.
func (o options) settings() map[string]any {
	var viewers []string
	for _, a := range o.viewers {
		viewers = append(viewers, fmt.Sprintf("%d/%d", a.viewers, a.streams))
	}
	return map[string]any{
		"sluice": o.sluice, "streams": o.streams, "viewers": viewers, "listed": o.listed.String(),
		"warm-up": o.warmUp.String(), "window": o.window.String(), "runs": o.runs, "only": o.only.String(), "others": o.others, "lal": o.lal,
	}
}
