// Command bench measures what publishers and viewers cost servers, one after the other on
// this machine, beside floors of the same run: a TCP sink, bare net/http, nginx with
// sendfile. "bench compare OLD.json NEW.json" shows two runs beside each other. See make
// bench.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := command(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command runs what is asked for: the whole, a comparison, or one of the processes that
// a run consists of beside this one.
func command(args []string, out io.Writer) error {
	var name string
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "compare":
		return compareFiles(args[1:], out)
	case "guard":
		return serveGuard(args[1:], os.Stdin)
	case "sink":
		return serveSink(args[1:])
	case "floor":
		return serveFloor(args[1:])
	}
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends it at once
	return run(ctx, o, out)
}
