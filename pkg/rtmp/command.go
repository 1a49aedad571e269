package rtmp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sluice/pkg/amf"
)

// A call is a command message.
type call struct {
	name        string
	transaction float64 // 0: no answer is wanted
	object      *amf.Object
	args        []any
	stream      uint32 // message stream
}

// key returns the first argument, a stream key: empty when it is none.
func (c call) key() string {
	if len(c.args) == 0 {
		return ""
	}
	s, _ := c.args[0].(string)
	return s
}

// values reads the values of a command or data message. The AMF3 forms of
// these messages begin with a format byte 0; their values are AMF0, each of
// which may switch to AMF3. What stands before a fault counts.
func (c *conn) values(m message) []any {
	body := m.body
	if (m.kind == kindCommandAMF3 || m.kind == kindDataAMF3) && len(body) > 0 && body[0] == 0 {
		body = body[1:]
	}
	values, err := amf.Decode(body)
	if err != nil {
		c.ignore("malformed values", err.Error())
	}
	return values
}

// command does what a command message asks for.
func (c *conn) command(ctx context.Context, m message) error {
	values := c.values(m)
	if len(values) == 0 {
		return nil
	}
	in := call{stream: m.stream}
	in.name, _ = values[0].(string)
	if len(values) > 1 {
		in.transaction, _ = values[1].(float64)
	}
	if len(values) > 2 {
		in.object, _ = values[2].(*amf.Object)
		in.args = values[3:]
	}
	if err := c.dispatch(ctx, in); err != nil {
		return err
	}
	return c.out.flush()
}

func (c *conn) dispatch(ctx context.Context, in call) error {
	switch in.name {
	case "connect":
		return c.connect(ctx, in)
	case "releaseStream", "_checkbw":
		c.out.result(in.transaction, nil, amf.Undefined{})
	case "FCPublish":
		c.out.result(in.transaction, nil, amf.Undefined{})
		c.out.command(chunkCommand, 0, "onFCPublish", 0.0, nil, status(levelStatus, codePublishStart, in.key()))
	case "getStreamLength":
		c.out.result(in.transaction, nil, 0.0)
	case "createStream":
		c.createStream(in)
	case "publish":
		return c.publish(ctx, in)
	case "FCUnpublish":
		return c.fcUnpublish(in)
	case "closeStream":
		return c.closeStream(in.stream)
	case "deleteStream":
		return c.deleteStream(in)
	case "play", "play2":
		return c.refuse(in.stream, c.app(), codePlayFailed, "this server does not play over RTMP")
	case "_result", "_error", "onStatus", "":
	default:
		c.ignore("command", in.name)
		c.out.callError(in.transaction, codeCallFailed, fmt.Sprintf("there is no command %q", clip(in.name)))
	}
	return nil
}

// connect answers as Adobe's server does: the windows, the chunk size, then
// the result.
func (c *conn) connect(ctx context.Context, in call) error {
	if c.client != nil {
		c.out.callError(in.transaction, codeConnectRejected, "the connection is connected already")
		return nil
	}
	cl := parseConnect(in.object)
	if cl.app == "" {
		return c.reject(in, "the URL names no application: publish to rtmp://host/app with a stream key")
	}
	if err := c.admit(ctx, &cl); err != nil {
		return c.turnAway(in, err)
	}
	c.client = &cl
	c.sentWindow = windowSize
	c.out.control(kindWindowAckSize, windowSize)
	c.out.control(kindPeerBandwidth, windowSize, limitDynamic)
	c.out.control(kindSetChunkSize, outChunkSize)
	c.out.size = outChunkSize
	c.out.event(eventStreamBegin, 0)
	info := status(levelStatus, codeConnected, "Connection succeeded.")
	info.Fields = append(info.Fields, field("objectEncoding", cl.objectEncoding))
	properties := object(field("fmsVer", "FMS/3,5,7,7009"), field("capabilities", 31.0))
	if cl.enhanced {
		info.Fields = append(info.Fields, enhancements()...)
		properties.Fields = append(properties.Fields, enhancements()...)
	}
	c.out.result(in.transaction, properties, info)
	return nil
}

// admit asks the Door for a client.
func (c *conn) admit(ctx context.Context, cl *client) error {
	if c.door == nil {
		return nil
	}
	req := cl.request("")
	req.Remote, req.Conn = c.remoteAddr(), c.number
	err := c.door.Connect(ctx, &req)
	cl.user = req.User
	return err
}

// turnAway refuses a client that the Door has not let in.
func (c *conn) turnAway(in call, why error) error {
	told := why.Error()
	if rejection := (*Rejection)(nil); errors.As(why, &rejection) {
		told, why = rejection.Told, rejection.Why
	}
	switch {
	case why == nil:
		c.log.Debug().Msg("RTMP client is asked to say more")
	case c.strangers != nil:
		sampled := c.log.Sample(c.strangers)
		sampled.Warn().Str("reason", clip(why.Error())).Msg("RTMP connection refused")
	default:
		c.log.Warn().Str("reason", clip(why.Error())).Msg("RTMP connection refused")
	}
	return c.refuseConnect(in, told)
}

// reject refuses a connect.
func (c *conn) reject(in call, reason string) error {
	c.log.Warn().Str("reason", reason).Msg("RTMP connection refused")
	return c.refuseConnect(in, reason)
}

// refuseConnect tells a client why its connect is refused. That is not for the log.
func (c *conn) refuseConnect(in call, reason string) error {
	c.out.callError(max(in.transaction, 1), codeConnectRejected, reason)
	if err := c.out.flush(); err != nil {
		return err
	}
	return errRefused
}

// createStream makes a message stream. Their IDs count from 1: 0 is the
// connection itself.
func (c *conn) createStream(in call) {
	if c.client == nil {
		c.out.callError(in.transaction, codeCallFailed, "connect comes before createStream")
		return
	}
	free := slices.Index(c.streams, nil)
	if free < 0 && len(c.streams) >= c.limits.Streams {
		c.out.callError(in.transaction, codeCallFailed, "too many message streams on one connection")
		return
	}
	if free < 0 {
		free = len(c.streams)
		c.streams = append(c.streams, nil)
	}
	c.streams[free] = &publication{conn: c, stream: uint32(free) + 1}
	c.out.result(in.transaction, nil, float64(free+1))
}

// stream returns the message stream with an ID, nil when there is none.
func (c *conn) stream(id uint32) *publication {
	if id == 0 || id > uint32(len(c.streams)) {
		return nil
	}
	return c.streams[id-1]
}
