package rtmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/media"
)

// A Handler decides who may publish.
type Handler interface {
	// Publish opens the stream that a publisher asked for. ErrNameInUse,
	// ErrTakenOver and ErrUnauthorized refuse it with the words RTMP has for
	// that, any other error with its text.
	//
	// It may change the name in req to the one that people may know, which is
	// the one in the log and in answers, also when it returns an error: a
	// stream key may be a secret. Nothing else of what the publisher presented is
	// there.
	//
	// It may wait: it has a goroutine to itself, and is called again for the
	// same connection only when it has returned. It must return soon after
	// ctx ends, which is when the server stops, when Limits.Publish has
	// passed, or when the publisher went away. The last is seen as long as
	// the publisher has not sent much (4 KB, or 32 KB when it publishes
	// another stream) behind its request; encoders wait for the answer. A
	// Sink that is returned all the same is closed.
	Publish(ctx context.Context, req *Request) (Sink, error)
}

// A Door is asked when somebody connects, before it says what it publishes.
type Door interface {
	// Connect lets a client in, or refuses it: with an error, of which a *Rejection says what the
	// client is told. The request names no stream yet. Its User, if Connect sets it, is in the requests
	// of the connection that follow. It returns soon, and when ctx ends.
	Connect(ctx context.Context, req *Request) error
}

// A Sink receives what one publisher sends, in decode order, from one
// goroutine. An error of WriteTrack or WriteFrame ends the publication: the
// publisher is told what a Handler's error would tell it.
type Sink interface {
	WriteMetadata(media.Metadata)
	WriteTrack(media.Track) error
	WriteFrame(media.Frame) error

	// Close ends the publication. It is called once, with the cause:
	// ErrUnpublished when the publisher said so, ErrDisconnected, ErrTimeout,
	// ErrServerClosed, the Sink's own error, that of Peer.End, or that of the
	// protocol.
	Close(cause error) error
}

// A Server takes RTMP publishers in. Its fields must not change while it
// serves. It may serve several listeners; Limits.Connections counts them
// together.
type Server struct {
	Handler Handler
	Door    Door // nil lets everybody in
	Log     zerolog.Logger
	Limits  Limits

	open   atomic.Int64  // connections
	count  atomic.Uint64 // connections so far
	throng throng
}

// Serve accepts connections on ln until ctx ends, then closes ln, ends the
// connections, waits for them and returns nil. It returns early, after the
// same, when ln fails.
//
// Publishers that understand it are asked to reconnect and are served until
// they leave, for Limits.Drain at most; all others are told that they are
// unpublished and ended at once. Whatever peers do, connections are closed
// Limits.Drain and Limits.Linger after the end of ctx. All Sinks that are open
// then are closed with ErrServerClosed.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	var conns sync.WaitGroup
	defer conns.Wait()
	defer func() { _ = ln.Close() }() // stop does not wait for it
	defer stop()
	defer cancel()

	limits := s.Limits.withDefaults()
	full := s.Log.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Second})
	strangers := &zerolog.BurstSampler{Burst: strangersLogged, Period: time.Second}
	for {
		nc, err := s.accept(ctx, ln)
		if err != nil {
			return serveError(ctx, err)
		}
		if s.open.Add(1) > int64(limits.Connections) {
			s.open.Add(-1)
			_ = nc.Close()
			full.Warn().Int("limit", limits.Connections).Msg("RTMP connection refused: too many are open")
			continue
		}
		c := newConn(s.Handler, limits, s.Log, &s.throng, nc, s.count.Add(1))
		c.door, c.strangers = s.Door, strangers
		conns.Go(func() {
			defer s.open.Add(-1)
			c.serve(ctx)
		})
	}
}

// strangersLogged is of how many connections a second the log tells why they ended, of
// those that never said what they want: whoever scans ports makes many.
const strangersLogged = 10

// serveError returns what Serve ends with: an error of the listener, unless
// the end of ctx closed it.
func serveError(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return fmt.Errorf("rtmp accept: %w", err)
	}
	return nil
}

// accept returns the next connection. Errors that pass, such as a lack of
// file descriptors, are waited out with growing delays.
func (s *Server) accept(ctx context.Context, ln net.Listener) (net.Conn, error) {
	const shortest, longest = 5 * time.Millisecond, time.Second
	for delay := shortest; ; delay = min(2*delay, longest) {
		nc, err := ln.Accept()
		if err == nil || !temporary(err) {
			return nc, err
		}
		s.Log.Warn().Err(err).Stringer("retry", delay).Msg("RTMP connection not accepted")
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}
