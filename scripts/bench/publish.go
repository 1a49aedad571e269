package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sluice/pkg/amf"
)

// newMessage makes a message, and chunks of it.
func newMessage(at time.Duration, kind byte, payload []byte) message {
	m := message{at: at, kind: kind, size: len(payload)}
	for n := 0; n < len(payload); n += chunkSize {
		if n > 0 {
			m.body = append(m.body, 0xc0|chunkStream(kind)) // of type 3: it goes on
		}
		m.body = append(m.body, payload[n:min(n+chunkSize, len(payload))]...)
	}
	return m
}

// chunkStream returns the chunk stream that a kind of message is sent on.
func chunkStream(kind byte) byte {
	switch kind {
	case kindSetChunkSize:
		return 2
	case kindAudio:
		return 5
	case kindVideo:
		return 6
	}
	return 3
}

// header appends the header of a message's first chunk, of type 0.
func (m *message) header(b []byte, stream uint32, ms uint32) []byte {
	b = append(b, chunkStream(m.kind), byte(ms>>16), byte(ms>>8), byte(ms), byte(m.size>>16), byte(m.size>>8), byte(m.size), m.kind)
	return binary.LittleEndian.AppendUint32(b, stream)
}

// A publisher sends the clip over one connection.
type publisher struct {
	conn   net.Conn
	clip   *clip
	frames *atomic.Int64 // that were sent, by all
}

// publishers publish under names n0, n1 and so on until ctx ends. They begin evenly over
// a period, so that their key frames do not come together.
type publishers struct {
	clip   *clip
	frames atomic.Int64 // that were sent, by all
	wg     sync.WaitGroup
	mu     sync.Mutex
	err    error
}

// streamName returns the name that a publisher publishes under.
func streamName(i int) string { return fmt.Sprintf("n%d", i) }

// start starts n publishers and returns when all have been accepted. Those of a sink wait
// for nothing.
func (p *publishers) start(ctx context.Context, address string, n int, sink bool) error {
	for i := range n {
		one, err := p.dial(ctx, address, streamName(i), sink)
		if err != nil {
			return fmt.Errorf("publisher %d: %w", i, err)
		}
		p.wg.Go(func() {
			if err := one.run(ctx); err != nil && ctx.Err() == nil {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.err = fmt.Errorf("publisher %d: %w", i, err)
			}
		})
		if err := pause(ctx, period/time.Duration(n)); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until all have ended, and returns why one did before it was to.
func (p *publishers) wait() error {
	p.wg.Wait()
	return p.err
}

// dial connects and asks to publish.
func (p *publishers) dial(ctx context.Context, address, name string, sink bool) (*publisher, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	one := &publisher{conn: conn, clip: p.clip, frames: &p.frames}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := one.open(name, sink); err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return one, nil
}

// open does the handshake and asks to publish.
func (p *publisher) open(name string, sink bool) error {
	if _, err := p.conn.Write(append([]byte{3}, make([]byte, 1536)...)); err != nil {
		return err
	}
	second := make([]byte, 1536)
	if !sink {
		answer := make([]byte, 1+2*1536)
		if _, err := io.ReadFull(p.conn, answer); err != nil {
			return err
		}
		copy(second, answer[1:])
	}
	size := newMessage(0, kindSetChunkSize, binary.BigEndian.AppendUint32(nil, chunkSize))
	b := append(size.header(second, 0, 0), size.body...)
	for _, c := range []struct {
		stream uint32
		values []any
	}{
		{0, []any{"connect", 1.0, &amf.Object{Fields: []amf.Field{
			{Name: "app", Value: "live"}, {Name: "type", Value: "nonprivate"}, {Name: "tcUrl", Value: "rtmp://" + p.conn.RemoteAddr().String() + "/live"},
		}}}},
		{0, []any{"createStream", 2.0, nil}},
		{1, []any{"publish", 3.0, nil, name, "live"}},
	} {
		body, err := amf.Append(nil, c.values...)
		if err != nil {
			return err
		}
		m := newMessage(0, kindCommand, body)
		b = append(m.header(b, c.stream, 0), m.body...)
	}
	if _, err := p.conn.Write(b); err != nil || sink {
		return err
	}
	return p.accepted()
}

// accepted waits until the server says that it takes the stream.
func (p *publisher) accepted() error {
	var all []byte
	for buffer := make([]byte, 4096); !bytes.Contains(all, []byte("NetStream.Publish.Start")); {
		n, err := p.conn.Read(buffer)
		if err != nil {
			return fmt.Errorf("not accepted: %w", err)
		}
		all = append(all, buffer[:n]...)
	}
	return nil
}

// run sends the clip until ctx ends: each frame when its time has come, with one write.
func (p *publisher) run(ctx context.Context) error {
	defer p.conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = p.conn.Close() })
	defer stop()
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() { _, _ = io.Copy(io.Discard, p.conn) })
	defer p.conn.Close()

	for i := range p.clip.headers {
		if err := p.send(&p.clip.headers[i], 0); err != nil {
			return err
		}
	}
	began, due := time.Now(), time.NewTimer(0)
	defer due.Stop()
	for loop := time.Duration(0); ; loop += period {
		for i := range p.clip.frames {
			m := &p.clip.frames[i]
			at := loop + m.at
			due.Reset(time.Until(began.Add(at)))
			select {
			case <-due.C:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := p.send(m, uint32((at + time.Millisecond/2).Milliseconds())); err != nil {
				return err
			}
			p.frames.Add(1)
		}
	}
}

// send sends a message, with a stamp of now if it has one.
func (p *publisher) send(m *message, ms uint32) error {
	var front [64]byte // the header, and what is in front of the stamp
	b, rest := m.header(front[:0], 1, ms), m.body
	if m.stamp > 0 {
		b = appendStamp(append(b, rest[:m.stamp]...), time.Since(p.clip.epoch))
		rest = rest[m.stamp+stampSize:]
	}
	buffers := net.Buffers{b, rest}
	_, err := buffers.WriteTo(p.conn)
	return err
}
