package rtmp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

const (
	idleBuffer = 4 << 10  // read buffer of a connection that publishes nothing
	liveBuffer = 32 << 10 // and of one that publishes
)

// A conn is one connection, from the handshake to its end. It belongs to the
// goroutine that calls serve.
type conn struct {
	handler Handler
	door    Door // nil lets everybody in
	limits  Limits
	log     zerolog.Logger
	number  uint64
	throng  *throng
	wire    *wire
	in      *chunkReader
	out     *chunkWriter

	strangers zerolog.Sampler // of what the log tells of connections without a client, nil for all
	client    *client         // nil before connect
	streams   []*publication  // by message stream ID less 1; nil when it was deleted
	live      int             // publications with a Sink
	leave     time.Time       // when a draining connection ends; zero: it is not draining
	ignored   map[string]bool
	hardLimit bool // of the peer's bandwidth

	sentWindow uint32
}

func newConn(h Handler, limits Limits, log zerolog.Logger, t *throng, nc net.Conn, number uint64) *conn {
	w := &wire{Conn: nc, writeTimeout: limits.Write, window: windowSize, woken: make(chan struct{}, 1)}
	return &conn{
		handler: h,
		limits:  limits,
		log:     log.With().Uint64("conn", number).Str("remote", nc.RemoteAddr().String()).Logger(),
		number:  number,
		throng:  t,
		wire:    w,
		out:     &chunkWriter{out: w, size: defaultChunkSize},
	}
}

// serve runs the connection until it ends, or ctx does, and closes it and all
// its publications.
func (c *conn) serve(ctx context.Context) {
	c.wire.attend = func() error { return c.attend(ctx) }
	stop := c.stopping(ctx)
	defer stop()
	err := c.guard(func() error { return c.run(ctx) })
	c.throng.leave(c.wire)
	cause := causeOf(ctx, err)
	if told := c.closeAll(cause); told || errors.Is(err, errRefused) {
		c.linger()
	}
	_ = c.wire.Close()
	c.logEnd(cause)
}

// guard calls f and makes an error of its panic.
func (c *conn) guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errPanic, v)
			c.log.Error().Err(err).Bytes("stack", debug.Stack()).Msg("RTMP connection failed")
		}
	}()
	return f()
}

// run speaks the protocol: the handshake, then messages.
func (c *conn) run(ctx context.Context) error {
	accepted := time.Now()
	if err := c.wire.until(accepted.Add(c.limits.Handshake)); err != nil {
		return err
	}
	if err := c.wire.secure(); err != nil {
		return err
	}
	if err := handshake(c.wire); err != nil {
		return err
	}
	c.in = newChunkReader(c.wire)
	c.in.maxStreams, c.in.maxPartial = c.limits.ChunkStreams, c.limits.Partial
	c.wire.ack = c.acknowledge
	if err := c.rest(accepted); err != nil {
		return err
	}
	for {
		m, err := c.in.next()
		if err != nil {
			return err
		}
		if err := c.handle(ctx, m); err != nil {
			return err
		}
		if c.wire.poked.Load() {
			if err := c.attend(ctx); err != nil {
				return err
			}
		}
	}
}

// rest applies the limits of a connection that publishes nothing, since then.
func (c *conn) rest(since time.Time) error {
	c.wire.bounded, c.wire.budget = true, c.limits.IdleBytes
	c.in.maxMessage = c.limits.IdleMessage
	c.in.arena = arena{}
	c.throng.leave(c.wire)
	return c.wire.until(since.Add(c.limits.Publish))
}

// wake applies the limits of a connection that publishes.
func (c *conn) wake() error {
	c.wire.bounded = false
	c.in.maxMessage = c.limits.Message
	c.in.arena.slabs = true
	if c.in.in.Size() < liveBuffer {
		c.in.in = bufio.NewReaderSize(c.in.in, liveBuffer)
	}
	c.throng.join(c.wire)
	return c.wire.roll(c.limits.Idle, time.Now())
}

// attend does what other goroutines want of the connection: it comes here when
// it was poked, also amid a message that is being read.
func (c *conn) attend(ctx context.Context) error {
	if err := c.wire.settle(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		if err := c.drain(); err != nil {
			return err
		}
	}
	for _, p := range c.streams {
		if err := c.relay(p); err != nil {
			return err
		}
	}
	return c.out.flush()
}

// handle does what a message asks for. Its error ends the connection.
func (c *conn) handle(ctx context.Context, m message) error {
	switch m.kind {
	case kindAudio, kindVideo, kindDataAMF0, kindDataAMF3, kindAggregate:
		return c.media(m)
	case kindCommandAMF0, kindCommandAMF3:
		return c.command(ctx, m)
	case kindSetChunkSize, kindAbort, kindAck, kindUserControl, kindWindowAckSize, kindPeerBandwidth:
		return c.control(m)
	}
	if len(m.body) > 0 {
		c.ignore("message type", fmt.Sprint(m.kind))
	}
	return nil
}

// ignore logs, once a connection, that something was not understood.
func (c *conn) ignore(what, name string) {
	const most = 16
	key := what + " " + clip(name)
	if c.ignored[key] || len(c.ignored) >= most {
		return
	}
	if c.ignored == nil {
		c.ignored = make(map[string]bool)
	}
	c.ignored[key] = true
	c.log.Info().Str("what", what).Str("name", clip(name)).Msg("RTMP input ignored")
}

// linger lets the peer read why it was refused: bytes of its that were left
// unread when the connection closes would make the system discard ours.
func (c *conn) linger() {
	if half, ok := c.wire.Conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.wire.until(time.Now().Add(c.limits.Linger))
	c.wire.ack, c.wire.attend = nil, c.wire.settle
	c.wire.bounded, c.wire.budget = true, c.limits.IdleBytes
	_, _ = io.Copy(io.Discard, c.wire)
}

// causeOf turns the error that ended a connection into one that a Sink can
// branch on.
func causeOf(ctx context.Context, err error) error {
	gone := []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE}
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case is(errPanic):
		return err
	case ctx.Err() != nil:
		return ErrServerClosed
	case is(os.ErrDeadlineExceeded):
		return ErrTimeout
	case slices.ContainsFunc(gone, is):
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	return err
}

// logEnd logs why the connection ended; refusals and panics have been logged
// already.
func (c *conn) logEnd(cause error) {
	level := zerolog.WarnLevel
	switch {
	case errors.Is(cause, errRefused), errors.Is(cause, ErrServerClosed), errors.Is(cause, errPanic):
		level = zerolog.DebugLevel
	case errors.Is(cause, ErrDisconnected): // what it published has said so, or it was a health check
		level = zerolog.DebugLevel
	}
	log := c.log
	if c.client == nil && c.strangers != nil {
		log = log.Sample(c.strangers)
	}
	log.WithLevel(level).Err(cause).Msg("RTMP connection closed")
}

// remoteAddr returns the peer's address, zero when it is none of TCP.
func (c *conn) remoteAddr() netip.AddrPort {
	if a, ok := c.wire.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
