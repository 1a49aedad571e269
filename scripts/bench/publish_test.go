package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// TestPublishersSendTheClip has one publish for a while: what it sends is the clip, in real
// time, with stamps that go on.
func TestPublishersSendTheClip(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			close(got)
			return
		}
		all, _ := io.ReadAll(conn)
		got <- all
	}()
	ctx, stop := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer stop()
	p := &publishers{clip: newClip()}
	if err := p.start(ctx, l.Addr().String(), 1, true); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	all := <-got
	for _, m := range p.clip.headers {
		if !bytes.Contains(all, m.body) {
			t.Error("a configuration was not sent")
		}
	}
	for _, m := range p.clip.frames[:2] {
		if !bytes.Contains(all, m.body[m.stamp+stampSize:]) {
			t.Errorf("a frame of kind %d was not sent", m.kind)
		}
	}
	first, known := newestStamp(all[:bytes.Index(all, []byte(mark))+len(mark)+stampSize])
	last, lastKnown := newestStamp(all)
	if !known || !lastKnown || last-first < 2*time.Second || last > time.Since(p.clip.epoch) {
		t.Errorf("stamps from %v to %v", first, last)
	}
	if n := bytes.Count(all, []byte(mark)); int64(n) != p.frames.Load() || float64(n) < p.clip.due(2*time.Second) {
		t.Errorf("%d frames came of %d that were sent", n, p.frames.Load())
	}
}

// TestTheClip has the bit rate and the order that it says.
func TestTheClip(t *testing.T) {
	c := newClip()
	at := time.Duration(0)
	for _, m := range c.frames {
		if m.at < at {
			t.Errorf("a frame of %v behind one of %v", m.at, at)
		}
		at = m.at
		if string(m.body[m.stamp-len(mark):m.stamp]) != mark {
			t.Errorf("a frame of kind %d without a mark", m.kind)
		}
	}
	if rate := float64(c.size()*8) / period.Seconds(); rate < 2.5e6 || rate > 2.8e6 {
		t.Errorf("%.0f bit/s", rate)
	}
	if m := newMessage(0, kindVideo, make([]byte, 2*chunkSize+1)); len(m.body) != 2*chunkSize+3 || m.body[chunkSize] != 0xc6 || m.size != 2*chunkSize+1 {
		t.Errorf("%d bytes of chunks, %#x behind the first", len(m.body), m.body[chunkSize])
	}
}
