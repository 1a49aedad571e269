package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// TestPublishersSendTheClip has one publish for a while: what it sends is the clip, in real
// time.
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
	if sent := p.sent(0, 1); time.Since(sent) > time.Minute {
		t.Errorf("the second picture was sent at %v", sent)
	}
	if !bytes.Contains(all, p.clip.frames[1].body) {
		t.Error("the second frame was not sent")
	}
}

// TestTheClip has the bit rate and the order that it says.
func TestTheClip(t *testing.T) {
	c := newClip()
	size, at := 0, time.Duration(0)
	for _, m := range c.frames {
		if m.at < at {
			t.Errorf("a frame of %v behind one of %v", m.at, at)
		}
		size, at = size+m.size, m.at
	}
	if rate := float64(size*8) / period.Seconds(); rate < 2.5e6 || rate > 2.8e6 {
		t.Errorf("%.0f bit/s", rate)
	}
	if m := newMessage(0, kindVideo, make([]byte, 2*chunkSize+1)); len(m.body) != 2*chunkSize+3 || m.body[chunkSize] != 0xc6 || m.size != 2*chunkSize+1 {
		t.Errorf("%d bytes of chunks, %#x behind the first", len(m.body), m.body[chunkSize])
	}
}

// TestViewersOfTheFloor has them get playlists and parts, and count them.
func TestViewersOfTheFloor(t *testing.T) {
	ticks := [2]chan time.Time{make(chan time.Time), make(chan time.Time)}
	floor := newFloor(650, 30_000)
	for i, stream := range ticks {
		floor.add(i, stream)
	}
	server := httptest.NewServer(floor)
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	v := &viewers{address: strings.TrimPrefix(server.URL, "http://"), tracks: []string{"v0", "a0"}}
	v.start(ctx, 3, 2)
	for lists, parts := v.tally(); lists.count < 30 || parts.count < 30; lists, parts = v.tally() {
		for _, stream := range ticks {
			select {
			case stream <- time.Now():
			case <-t.Context().Done():
				t.Fatal("they do not come")
			}
		}
	}
	stop()
	if err := v.wait(); err != nil {
		t.Fatal(err)
	}
	lists, parts := v.tally()
	if mean := parts.mean(tally{}); mean != 30_000 {
		t.Errorf("parts of %f bytes", mean)
	}
	if mean := lists.mean(tally{}); mean < 650 || mean > 700 {
		t.Errorf("playlists of %f bytes", mean)
	}
}

// TestListings are read as far as a viewer needs them.
func TestListings(t *testing.T) {
	const text = `#EXTM3U
#EXT-X-MEDIA-SEQUENCE:100
#EXTINF:2.00000,
1.m4s
#EXT-X-PART:DURATION=0.25,URI="p2.m4s",INDEPENDENT=YES
#EXTINF:2.00000,
2.m4s
#EXT-X-PART:DURATION=0.25,URI="p3.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.25,URI="p4.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p5.m4s"
`
	var l listing
	if err := l.parse([]byte(text)); err != nil || l.hint != "p5.m4s" || l.number != 102 || l.part != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	if err := l.parse([]byte("#EXTM3U\n")); err == nil {
		t.Error("a playlist without a number is taken")
	}
}

// TestTheTable tells medians, and what Sluice costs by what others do.
func TestTheTable(t *testing.T) {
	var all table
	for _, v := range []float64{0.003, 0.001, 0.002} {
		all.add("100 streams", "Sluice, all outputs", result{cpu: v, memory: 1e6})
		all.add("100 streams", "nginx-rtmp, HLS", result{cpu: 0.001})
	}
	var b bytes.Buffer
	if err := all.print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0.2000 %", "1.00 MB", "2.00 x"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"--streams", "5", "--viewers", "10/2,3/1"})
	if err != nil || len(o.streams) != 1 || o.streams[0] != 5 || len(o.viewers) != 2 || o.viewers[0] != (audience{10, 2}) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][]string{{"--streams", "x"}, {"--streams", "0"}, {"--viewers", "10"}, {"--viewers", "1/0"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestWarm leaves nothing behind of what it writes, which is what servers write.
func TestWarm(t *testing.T) {
	o := options{streams: []int{1, 2}, warmUp: 3 * time.Second, window: time.Second}
	if mb := float64(o.written()) / 1e6; mb < 2*2*0.3*4 || mb > 2*2*0.4*6 {
		t.Errorf("two streams of 4 s are %.1f MB, in two forms", mb)
	}
	dir := t.TempDir()
	if err := warm(dir, o); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
