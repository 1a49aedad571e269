package push

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/yapingcat/gomedia/go-codec"
	"github.com/yapingcat/gomedia/go-rtmp"
)

// chunkSize is what OBS sends, too. gomedia allocates a chunk for each message.
const chunkSize = 4096

// A client is gomedia's RTMP client on a connection.
//
// Until the stream is accepted one goroutine uses it. Then one reads and another
// writes; they share no state of gomedia's, nor of ours but the connection.
type client struct {
	ctx     context.Context // gomedia's output callback has none
	conn    net.Conn
	rtmp    *rtmp.RtmpClient
	state   rtmp.RtmpState
	refusal *Refusal
	stream  uint32 // message stream ID
	scratch []byte // gomedia rewrites the frames it is given
}

// passAudio lets audio tags pass as they are. gomedia's own muxer goes by way of
// ADTS, which cannot carry every AudioSpecificConfig.
type passAudio struct{}

// Write implements flv.AVTagMuxer.
func (passAudio) Write(tag []byte, _, _ uint32) [][]byte { return [][]byte{tag} }

func newClient(ctx context.Context, conn net.Conn) *client {
	c := &client{ctx: ctx, conn: conn}
	c.rtmp = rtmp.NewRtmpClient(rtmp.WithEnablePublish(), rtmp.WithChunkSize(chunkSize),
		rtmp.WithAudioMuxer(passAudio{}))
	c.rtmp.SetOutput(func(b []byte) error { c.noteStream(b); return c.output(b) })
	c.rtmp.OnStateChange(func(s rtmp.RtmpState) { c.state = s })
	c.rtmp.OnError(func(code, description string) { c.refused(code, description) })
	c.rtmp.OnStatus(func(code, level, description string) {
		if level == string(rtmp.LEVEL_ERROR) {
			c.refused(code, description)
		}
	})
	return c
}

func (c *client) refused(code, description string) {
	if code != "" {
		c.refusal = &Refusal{Code: code, Description: description}
	}
}

// output writes to the connection what gomedia has put together.
func (c *client) output(b []byte) error {
	if err := c.deadline(); err != nil {
		return err
	}
	_, err := c.conn.Write(b)
	return err
}

// deadline bounds the next write. When ctx ends, meanwhile or before, leave sets
// a shorter one.
func (c *client) deadline() error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if c.ctx.Err() != nil {
		c.leave()
	}
	return nil
}

// leave bounds everything that is still read and written.
func (c *client) leave() {
	_ = c.conn.SetDeadline(time.Now().Add(leaveTimeout)) // fails only when it is closed
}

// noteStream takes the message stream's ID, which gomedia keeps to itself, from
// the header of the publish command: the only one that goes there.
func (c *client) noteStream(b []byte) {
	const header = 12
	if len(b) >= header && b[0] == rtmp.CHUNK_CHANNEL_CMD && b[7] == typeCommand {
		c.stream = binary.LittleEndian.Uint32(b[8:])
	}
}

// guard calls into gomedia.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("RTMP client: %v", r)
		}
	}()
	return f()
}

// open makes the handshake and publishes.
func (c *client) open(to target) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(setupTimeout)); err != nil {
		return err
	}
	if err := guard(func() error { c.rtmp.Start(to.plain()); return nil }); err != nil {
		return err
	}
	// S0, S1 and S2: gomedia would lose what comes in with their last bytes.
	if err := c.input(make([]byte, 1+2*rtmp.HANDSHAKE_SIZE), io.ReadFull); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	buffer := make([]byte, 4096)
	for c.state != rtmp.STATE_RTMP_PUBLISH_START {
		if err := c.input(buffer, io.Reader.Read); err != nil {
			return err
		}
	}
	c.rtmp.SetOutput(c.output)
	return c.conn.SetReadDeadline(time.Time{})
}

// input reads from the server once. It returns an error when the server refuses
// the stream.
func (c *client) input(buffer []byte, read func(io.Reader, []byte) (int, error)) error {
	n, err := read(c.conn, buffer)
	if err != nil {
		return closed(err)
	}
	err = guard(func() error { return c.rtmp.Input(buffer[:n]) })
	if c.refusal != nil {
		return c.refusal
	}
	return err
}

// closed tells a connection that the server closed from one that failed.
func closed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) {
		return ErrClosed
	}
	return err
}

// send writes one sample.
func (c *client) send(s *sample, pts, dts uint32) error {
	return guard(func() error {
		if !s.video {
			return c.rtmp.WriteAudio(codec.CODECID_AUDIO_AAC, s.data, pts, dts)
		}
		c.scratch = append(c.scratch[:0], s.data...)
		return c.rtmp.WriteVideo(codec.CODECID_VIDEO_H264, c.scratch, pts, dts)
	})
}

// message writes a message that gomedia does not know.
func (c *client) message(kind byte, body []byte) error {
	return c.output(message(kind, c.stream, body))
}

// listen reads what the server says until it ends the connection, and returns
// why.
func (c *client) listen() error {
	buffer := make([]byte, 4096)
	for {
		if err := c.input(buffer, io.Reader.Read); err != nil {
			return err
		}
	}
}
