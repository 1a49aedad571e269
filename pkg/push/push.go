// Package push is a publisher: it sends a clip, from a file or built in, over
// RTMP in real time, as an encoder would.
//
//	clip, err := push.Open("show.mp4")
//	err = clip.Run(ctx, "rtmp://127.0.0.1/live/show?token=secret", push.Options{Loop: true})
//
// The RTMP client, and the reading of FLV tags, are gomedia's; MP4 is read with
// mp4ff. None of their types can be seen from outside, and their panics come out
// as errors.
package push

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Options say how a clip is published.
type Options struct {
	// Loop starts the clip again at its end. Timestamps then go on: a loop is
	// no discontinuity.
	Loop bool

	// TLS is what connections by rtmps:// need; nil trusts whom the system trusts. The
	// name of the server is that of the address, unless it is set.
	TLS *tls.Config

	Log zerolog.Logger
}

// ErrClosed is wrapped by Run's error when the server closes the connection and
// has not said why.
var ErrClosed = errors.New("connection closed by the server")

// A Refusal is what a server answers when it does not take the stream.
type Refusal struct {
	Code        string // such as "NetStream.Publish.BadName"
	Description string // the server's own words; may be empty
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Description == "" {
		return "refused: " + r.Code
	}
	return "refused: " + r.Code + ": " + r.Description
}

// Bounds of waiting for a server.
const (
	setupTimeout = 10 * time.Second // for the connection, until it accepts the stream
	writeTimeout = 10 * time.Second // for taking what was sent
	leaveTimeout = time.Second      // for saying goodbye
)

// Run publishes the clip at url, rtmp://host[:port]/app/name[?query] or the same
// with rtmps://, in real time. It returns nil at the clip's end, or else why it ended before: ctx's
// error, a *Refusal, ErrClosed or what failed.
func (c *Clip) Run(ctx context.Context, url string, o Options) error {
	to, err := parseTarget(url)
	if err != nil {
		return err
	}
	conn, err := to.dial(ctx, o.TLS)
	if err == nil {
		err = c.publish(ctx, conn, to, o)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("publish %s: %w", to, err)
}

// dial connects.
func (t target) dial(ctx context.Context, config *tls.Config) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: setupTimeout}
	if !t.secure {
		return dialer.DialContext(ctx, "tcp", t.address)
	}
	secure := tls.Dialer{NetDialer: dialer, Config: config}
	return secure.DialContext(ctx, "tcp", t.address)
}

// RunMany publishes the clip n times at once. The first goes to url, the others
// to the same with "-2", "-3", ... behind the name. One that fails leaves the
// others running; the errors are joined.
func (c *Clip) RunMany(ctx context.Context, url string, n int, o Options) error {
	to, err := parseTarget(url)
	if err != nil {
		return err
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = c.Run(ctx, to.numbered(i+1), o) })
	}
	wg.Wait()
	return joined(ctx, errs)
}

// joined joins errs; the error of ctx, which all may have, comes once.
func joined(ctx context.Context, errs []error) error {
	var all []error
	ended := false
	for _, err := range errs {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			ended = true
			continue
		}
		all = append(all, err)
	}
	if ended {
		all = append(all, ctx.Err())
	}
	return errors.Join(all...)
}
