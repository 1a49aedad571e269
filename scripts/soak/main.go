// Command soak runs the gateway for minutes or hours while its publishers, their
// network, hostile clients and kill -9 do what they can, and strict viewers
// watch. It ends with 1 when anything was wrong.
//
//	go run . --duration 2h --binary ../../bin/sluice
//
// It needs ffmpeg. Everything listens on 127.0.0.1 only. What happens is told
// line by line; a run with the same --seed has the same events, though not at
// the same instants.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// options say how to soak.
type options struct {
	duration time.Duration
	seed     uint64
	binary   string // sluice
	clip     string // what is published beside ffmpeg's pictures
	dir      string // for segments and logs; a new one if empty
	allowed  []string
}

func main() {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy tells of every connection
	if err := command(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1) //nolint:forbidigo // a program ends so
	}
}

func command(args []string, out io.Writer) error {
	var o options
	allowed := ""
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&o.duration, "duration", 5*time.Minute, "how long")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of all that is random")
	flags.StringVar(&o.binary, "binary", "../../bin/sluice", "the gateway")
	flags.StringVar(&o.clip, "clip", "../../pkg/push/demo.flv", "what to publish beside ffmpeg's pictures")
	flags.StringVar(&o.dir, "dir", "", "for segments and logs; a new one that goes when all is well, if empty")
	flags.StringVar(&allowed, "allow", "", "rules, with commas, that are told of and are no failure")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.allowed = strings.FieldsFunc(allowed, func(r rune) bool { return r == ',' || r == ' ' })
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return soak(ctx, o, out)
}
