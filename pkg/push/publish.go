package push

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

// publish plays the clip on a connection, which it closes.
func (c *Clip) publish(ctx context.Context, conn net.Conn, to target, o Options) error {
	defer conn.Close()
	cl := newClient(ctx, conn)
	stop := context.AfterFunc(ctx, cl.leave)
	defer stop()
	if err := cl.open(to); err != nil {
		return err
	}
	log := o.Log.With().Stringer("url", to).Logger()
	log.Info().Stringer("clip", c.period).Bool("loop", o.Loop).Msg("publishing")

	heard := make(chan error, 1)
	go func() { heard <- cl.listen() }()
	err := c.stream(ctx, cl, o.Loop, heard)
	if err == nil || ctx.Err() != nil {
		err = errors.Join(err, cl.unpublish(to))
	}
	cl.leave()
	return why(err, <-heard)
}

// why returns the reason for the end of a stream: none if everything was sent,
// else what the server said rather than the broken pipe that followed.
func why(sent, heard error) error {
	var refusal *Refusal
	switch {
	case errors.As(heard, &refusal):
		return refusal
	case sent == nil:
		return nil
	case errors.Is(heard, os.ErrDeadlineExceeded):
		return sent // the server said nothing
	}
	return heard
}

// stream sends the clip in real time.
func (c *Clip) stream(ctx context.Context, cl *client, loop bool, heard chan error) error {
	if err := c.announce(cl); err != nil {
		return err
	}
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for e := range c.play(loop) {
		timer.Reset(time.Until(start.Add(e.dts)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		case err := <-heard:
			heard <- err
			return err
		}
		if err := cl.send(e.sample, millis(e.pts), millis(e.dts)); err != nil {
			return err
		}
	}
	return nil
}

// announce sends what comes before the first frame: the metadata and the decoder
// configurations.
func (c *Clip) announce(cl *client) error {
	if err := cl.message(typeData, c.metadata()); err != nil {
		return err
	}
	if c.video != nil {
		// Parameter sets alone make gomedia send the sequence header.
		if err := cl.send(&sample{video: true, data: c.video.config}, 0, 0); err != nil {
			return err
		}
	}
	if c.audio != nil {
		return cl.send(&sample{data: c.audio.configTag()}, 0, 0)
	}
	return nil
}

// unpublish ends the stream, so that the server need not wait for more, and the
// sending side of the connection.
func (c *client) unpublish(to target) error {
	for _, body := range unpublish(to.name(), c.stream) {
		if err := c.message(typeCommand, body); err != nil {
			return err
		}
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
