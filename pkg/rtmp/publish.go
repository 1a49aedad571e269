package rtmp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/pkg/amf"
)

// publish opens the Sink that a publisher asks for (RTMP 7.2.2.6). The kind
// of publishing, "live", "record" or "append", makes no difference here.
func (c *conn) publish(ctx context.Context, in call) error {
	p := c.stream(in.stream)
	switch {
	case c.draining():
		return c.refuse(in.stream, c.app(), codePublishFailed, "the server is stopping")
	case c.client == nil:
		return c.refuse(in.stream, "", codePublishFailed, "connect comes before publish")
	case p == nil:
		return c.refuse(in.stream, c.app(), codePublishFailed, "createStream comes before publish")
	case p.live():
		return c.refuse(in.stream, c.app(), codeBadName, "this message stream is publishing already")
	}
	req := c.client.request(in.key())
	r := &remote{wire: c.wire}
	req.Remote, req.Conn, req.Peer = c.remoteAddr(), c.number, r
	if req.Name == "" {
		return c.refuse(in.stream, c.app(), codePublishFailed, "the stream key is empty")
	}
	sink, err := c.open(ctx, &req)
	if err != nil {
		_ = r.close(err)
		if errors.Is(err, errPanic) {
			return err
		}
		code, reason := refusal(err)
		c.report(req.App+"/"+req.Name, code, err)
		return c.dismiss(in.stream, code, reason)
	}
	p.start(req, sink, r)
	c.live++
	c.out.event(eventStreamBegin, in.stream)
	c.out.onStatus(in.stream, status(levelStatus, codePublishStart, req.Name+" is now published."))
	return c.wake()
}

// refusal returns what a publisher is told of the error that refused or ended
// it.
func refusal(err error) (code, reason string) {
	switch {
	case errors.Is(err, ErrNameInUse):
		return codeBadName, "the stream is being published by somebody else"
	case errors.Is(err, ErrTakenOver):
		return codeBadName, "somebody else publishes under this name now"
	case errors.Is(err, ErrUnauthorized):
		return codeUnauthorized, "publishing is not authorized: check the stream key and its token"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return codePublishFailed, "publishing was given up after it had to wait"
	}
	return codePublishFailed, err.Error()
}

// app returns the application, which is all that may be told of a stream whose key may be a secret.
func (c *conn) app() string {
	if c.client == nil {
		return ""
	}
	return c.client.app
}

// refuse tells a message stream, and the log, why it is refused.
func (c *conn) refuse(stream uint32, name, code, reason string) error {
	c.report(name, code, errors.New(reason))
	return c.dismiss(stream, code, reason)
}

// report tells the log why a stream is refused, of strangers only as much as it can bear.
func (c *conn) report(name, code string, why error) {
	log := c.log
	if errors.Is(why, ErrUnauthorized) && c.strangers != nil {
		log = log.Sample(c.strangers)
	}
	log.Warn().Str("stream", clip(name)).Str("code", code).Str("reason", clip(why.Error())).Msg("RTMP stream refused")
}

// dismiss tells a message stream why it is over. The connection ends with that,
// unless other streams on it are live.
func (c *conn) dismiss(stream uint32, code, reason string) error {
	c.out.onStatus(stream, status(levelError, code, reason))
	if err := c.out.flush(); err != nil {
		return err
	}
	if c.live > 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", errRefused, clip(reason))
}

// media hands a message to the publication of its message stream. Message
// stream 0, which some encoders send on, means the only one.
func (c *conn) media(m message) error {
	p := c.stream(m.stream)
	if m.stream == 0 && c.live == 1 {
		p = c.onlyLive()
	}
	if !p.live() {
		c.ignore("message of a stream that is not published", "")
		return nil
	}
	err := p.message(m)
	if m.kind.media() {
		c.wire.heard = time.Now() // after: what the Sink takes is not the peer's silence
	}
	if err != nil {
		return c.evict(p, err)
	}
	return c.out.err
}

// relay tells the publisher of p what the Sink's side had to say.
func (c *conn) relay(p *publication) error {
	if !p.live() {
		return nil
	}
	warnings, end := p.remote.take()
	for _, w := range warnings {
		c.out.onStatus(p.stream, status(levelWarning, w.code, w.text))
	}
	if end != nil {
		return c.evict(p, end)
	}
	return nil
}

// evict ends a publication against its publisher's wish.
func (c *conn) evict(p *publication, cause error) error {
	p.close(cause)
	c.live--
	code, reason := refusal(cause)
	if errors.Is(cause, ErrTakenOver) { // the log says who took it
		return c.dismiss(p.stream, code, reason)
	}
	c.log.Warn().Str("stream", clip(c.app()+"/"+p.name)).Str("code", code).Str("reason", clip(reason)).Msg("RTMP publication ended by the server")
	return c.dismiss(p.stream, code, reason)
}

func (c *conn) onlyLive() *publication {
	for _, p := range c.streams {
		if p.live() {
			return p
		}
	}
	return nil
}

// fcUnpublish ends the publication with the stream key that is given.
func (c *conn) fcUnpublish(in call) error {
	name, _ := splitQuery(in.key())
	c.out.result(in.transaction, nil, amf.Undefined{})
	c.out.command(chunkCommand, 0, "onFCUnpublish", 0.0, nil, status(levelStatus, codeUnpublished, in.key()))
	for _, p := range c.streams {
		if p.live() && p.name == name {
			return c.unpublish(p)
		}
	}
	return nil
}

func (c *conn) closeStream(stream uint32) error {
	return c.unpublish(c.stream(stream))
}

// deleteStream ends the message stream that the argument names.
func (c *conn) deleteStream(in call) error {
	var id uint32
	if len(in.args) > 0 {
		n, _ := in.args[0].(float64)
		id = streamID(n)
	}
	p := c.stream(id)
	if p == nil {
		return nil
	}
	c.streams[id-1] = nil
	return c.unpublish(p)
}

// streamID returns the message stream ID that n is, 0 when it is none.
func streamID(n float64) uint32 {
	if n >= 1 && n <= 1<<16 {
		return uint32(n)
	}
	return 0
}

// unpublish ends a publication, if there is one, at its publisher's wish.
func (c *conn) unpublish(p *publication) error {
	if !p.live() {
		return nil
	}
	if c.draining() { // it was asked to leave, which is not the end of its show
		p.close(ErrServerClosed)
	} else {
		p.close(ErrUnpublished)
	}
	c.live--
	c.out.onStatus(p.stream, status(levelStatus, codeUnpublished, p.name+" is now unpublished."))
	if c.live > 0 || c.draining() {
		return nil
	}
	return c.rest(time.Now())
}
