package rtmp

import (
	"context"
	"sync"
	"time"
)

// open asks the Handler for a Sink, on a second goroutine, since that may
// take a while. Until the answer is there this one keeps an eye on the
// connection: it attends, and sees the publisher go away.
func (c *conn) open(ctx context.Context, req *Request) (sink Sink, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Publish)
	defer cancel()
	asked, heard := time.Now(), c.wire.heard
	if err := c.wire.until(time.Time{}); err != nil { // ctx is the deadline
		return nil, err
	}
	answered := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		defer c.wire.poke()
		defer close(answered)
		err = c.guard(func() error {
			var err error
			sink, err = c.handler.Publish(ctx, req)
			return err
		})
	})
	c.watch(answered)
	cancel()
	asking.Wait()
	c.wire.poke() // for what was said before the Sink was there, and what watch did not do
	if err == nil || c.live == 0 {
		return sink, err
	}
	if armed := c.wire.roll(c.limits.Idle, heard.Add(time.Since(asked))); armed != nil {
		return nil, armed
	}
	return nil, err
}

// watch returns when answered is closed or the connection has ended, which
// the next read finds out once more. To see that it reads ahead of the
// messages, as far as the buffer goes.
func (c *conn) watch(answered <-chan struct{}) {
	attend := c.wire.attend
	defer func() { c.wire.attend = attend }()
	c.wire.attend = func() error {
		if err := attend(); err != nil {
			return err
		}
		select { // after attend, which may have taken back the poke of the answer
		case <-answered:
			return errAnswered
		default:
			return nil
		}
	}
	for in := c.in.in; in.Buffered() < in.Size(); {
		if _, err := in.Peek(in.Buffered() + 1); err != nil {
			return
		}
	}
	for {
		select {
		case <-answered:
			return
		case <-c.wire.woken:
			if attend() != nil {
				return
			}
		}
	}
}
