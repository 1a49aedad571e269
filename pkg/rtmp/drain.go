package rtmp

import (
	"context"
	"errors"
	"time"
)

// stopping makes the connection attend when ctx ends. What it does then has
// its time: the last resort, which also ends a write that is under way, is to
// close the connection under its hands.
func (c *conn) stopping(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		c.wire.poke()
		time.AfterFunc(c.limits.Drain+c.limits.Linger, c.wire.cut)
	})
}

// drain does what the end of the server asks for, and may be called again. It
// ends the connection, unless that publishes and knows how to reconnect. Then
// it is told so (Enhanced RTMP, reconnect request) and served until it leaves,
// for Limits.Drain at most.
func (c *conn) drain() error {
	if !c.draining() {
		if c.live == 0 || !c.client.reconnects {
			return ErrServerClosed
		}
		c.leave = time.Now().Add(c.limits.Drain)
		c.out.onStatus(0, status(levelStatus, codeReconnect, "The server is stopping. Please reconnect."))
	}
	return c.wire.until(c.leave)
}

// draining reports whether the connection is served on although the server
// stops.
func (c *conn) draining() bool { return !c.leave.IsZero() }

// closeAll ends all publications when the connection has ended. It reports
// whether the publisher was told so, and should have the time to read it.
func (c *conn) closeAll(cause error) (told bool) {
	for _, p := range c.streams {
		if !p.live() {
			continue
		}
		p.close(cause)
		if errors.Is(cause, ErrServerClosed) {
			c.out.onStatus(p.stream, status(levelStatus, codeUnpublished, "The server is stopping."))
			told = true
		}
	}
	c.live = 0
	return told && c.out.flush() == nil
}
