// Command sluice is a live-video gateway: RTMP in, HLS and DASH out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"sluice/pkg/check"
	"sluice/pkg/config"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // something went wrong at run time
	exitUsage  = 2 // wrong usage or configuration
)

// commands is the command line.
type commands struct {
	Serve serveCommand `cmd:"" help:"Run the gateway."`
	Push  pushCommand  `cmd:"" help:"Publish an FLV or MP4 file in real time."`
	Demo  demoCommand  `cmd:"" help:"Run the gateway and publish an embedded clip to it."`
	Key   keyCommand   `cmd:"" help:"Make a key to publish with, and print what the configuration needs of it."`
	Token tokenCommand `cmd:"" help:"Make a token to watch with."`
	OBS   obsCommand   `cmd:"" name:"obs" help:"Print what OBS must be told to publish several video tracks."`
	Check checkCommand `cmd:"" help:"Watch a playlist or MPD and tell which rules of the standards it breaks."`

	Health  healthCommand  `cmd:"" help:"Ask a gateway on this machine whether it is ready."`
	Version versionCommand `cmd:"" help:"Print which Sluice this is."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// A terminal is where a command writes.
type terminal struct {
	out io.Writer // what was asked for
	err io.Writer // the log and errors
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var cli commands
	helped := false
	parser, err := kong.New(&cli,
		kong.Name("sluice"),
		kong.Description("A live-video gateway: RTMP in, HLS and DASH out, without transcoding."),
		kong.Vars{"default_config": config.DefaultPath, "check_duration": check.DefaultDuration.String()},
		kong.Vars(obsVars()),
		kong.Writers(out, errOut),
		kong.Exit(func(int) { helped = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(terminal{out, errOut}),
	)
	if err != nil {
		return fail(errOut, err)
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		fmt.Fprintf(errOut, "sluice: %v (see sluice --help)\n", err)
		return exitUsage
	}
	return fail(errOut, command.Run())
}

// unlessStopped returns err, but nil when the person at the terminal ended
// what was running.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// fail prints an error, if there is one, and returns the exit code for it.
func fail(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") { // joined errors have several
		fmt.Fprintf(w, "sluice: %s\n", line)
	}
	var wrong *config.Error
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}
