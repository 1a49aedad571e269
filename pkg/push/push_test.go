package push

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"github.com/yapingcat/gomedia/go-codec"
	"github.com/yapingcat/gomedia/go-rtmp"
)

// A frame is what a server got.
type frame struct {
	video  bool
	dts    uint32
	offset int32
	size   int
	at     time.Duration
}

// A server takes one stream with gomedia's server.
type server struct {
	answer rtmp.StatusCode
	closes int // after so many frames

	name   string
	raw    bytes.Buffer // everything the publisher sent
	frames []frame
}

var errEnough = errors.New("enough")

// serve returns when the publisher ends the connection.
func (s *server) serve(conn net.Conn) error {
	start := time.Now()
	handle := rtmp.NewRtmpServerHandle()
	handle.SetOutput(func(b []byte) error {
		_, err := conn.Write(b)
		return err
	})
	handle.OnPublish(func(app, name string) rtmp.StatusCode {
		s.name = app + "/" + name
		return s.answer
	})
	handle.OnFrame(func(id codec.CodecID, pts, dts uint32, data []byte) {
		f := frame{video: id == codec.CODECID_VIDEO_H264, dts: dts, size: len(data), at: time.Since(start)}
		f.offset = int32((pts-dts)<<8) >> 8 // gomedia does not see the sign
		s.frames = append(s.frames, f)
	})
	buffer := make([]byte, 65536)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return errors.Join(err, conn.Close())
		}
		s.raw.Write(buffer[:n])
		if err := handle.Input(buffer[:n]); err != nil {
			return err
		}
		if s.closes > 0 && len(s.frames) >= s.closes {
			return errors.Join(errEnough, conn.Close())
		}
	}
}

func options(loop bool) Options { return Options{Loop: loop, Log: zerolog.Nop()} }

// publishTo publishes a clip to s over a pipe, in a bubble of its own clock.
func publishTo(t *testing.T, s *server, clip *Clip, o Options, limit time.Duration) (err error) {
	t.Helper()
	if s.answer == "" {
		s.answer = rtmp.NETSTREAM_PUBLISH_START
	}
	synctest.Test(t, func(t *testing.T) {
		to, parseErr := parseTarget("rtmp://localhost/live/show?token=secret")
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		here, there := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.serve(there); !errors.Is(err, io.EOF) && !errors.Is(err, errEnough) {
				t.Errorf("server: %v", err)
			}
		})
		err = clip.publish(ctx, here, to, o)
		wg.Wait()
	})
	return err
}

func TestPublishInRealTime(t *testing.T) {
	for _, name := range []string{"clip.flv", "clip.mp4", "signed.mp4", "silent.flv", "dark.flv"} {
		t.Run(name, func(t *testing.T) {
			clip, s := open(t, name), &server{}
			if err := publishTo(t, s, clip, options(false), time.Hour); err != nil {
				t.Fatal(err)
			}
			if s.name != "live/show?token=secret" {
				t.Errorf("published as %q", s.name)
			}
			i := 0
			for want := range clip.play(false) {
				if i == len(s.frames) {
					t.Fatalf("%d frames arrived", i)
				}
				f := s.frames[i]
				i++
				dts, offset := millis(want.dts), int32(millis(want.pts)-millis(want.dts))
				if f.video != want.video || f.dts != dts || f.offset != offset {
					t.Errorf("frame %d: video %v at %d %+d, want %v at %d %+d", i, f.video, f.dts, f.offset, want.video, dts, offset)
				}
				if late := f.at - want.dts; late.Abs() > 2*time.Millisecond {
					t.Errorf("frame %d came at %v, want %v", i, f.at, want.dts)
				}
			}
		})
	}
}

// TestNegativeOffset looks at the very bytes: the composition time is SI24.
func TestNegativeOffset(t *testing.T) {
	clip, s := open(t, "signed.mp4"), &server{}
	negative := 0
	for _, f := range clip.pictures {
		if f.pts < f.dts {
			negative++
		}
	}
	if err := publishTo(t, s, clip, options(false), time.Hour); err != nil {
		t.Fatal(err)
	}
	if negative < 10 || !bytes.Contains(s.raw.Bytes(), []byte{0x27, 1, 0xff, 0xff, 0xd8}) { // -40 ms
		t.Errorf("%d frames have a negative offset, and no -40 ms was sent", negative)
	}
}

func TestHeadersComeFirst(t *testing.T) {
	clip, s := open(t, "clip.flv"), &server{}
	if err := publishTo(t, s, clip, options(false), time.Hour); err != nil {
		t.Fatal(err)
	}
	var at []int
	for _, mark := range []string{
		"onMetaData", "videocodecid", "audiocodecid", // what there is
		"\x17\x00\x00\x00\x00\x01",                    // AVC sequence header
		"\xaf\x00" + string(clip.audio.config),        // AAC sequence header
		"FCUnpublish\x00\x00\x00\x00\x00\x00\x00\x00", // the end
		"deleteStream",
	} {
		at = append(at, bytes.Index(s.raw.Bytes(), []byte(strings.TrimRight(mark, "\x00"))))
	}
	for i := range at {
		if at[i] < 0 || i > 0 && at[i] < at[i-1] {
			t.Errorf("the headers and farewells are at %v", at)
			break
		}
	}
}

func TestLoopInRealTime(t *testing.T) {
	clip, s := open(t, "clip.flv"), &server{}
	err := publishTo(t, s, clip, options(true), 5*time.Minute)
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrClosed) {
		t.Errorf("it ended with %v", err)
	}
	last := map[bool]frame{}
	for i, f := range s.frames {
		before, ok := last[f.video]
		if step := f.dts - before.dts; ok && (step < 20 || step > 45) {
			t.Fatalf("frame %d is %d ms after the one before", i, step)
		}
		if late := f.at - time.Duration(f.dts)*time.Millisecond; late.Abs() > 2*time.Millisecond {
			t.Fatalf("frame %d of %d ms came at %v", i, f.dts, f.at)
		}
		last[f.video] = f
	}
	if end := last[true].at; end < 5*time.Minute-time.Second {
		t.Errorf("the last picture came at %v", end)
	}
	if !bytes.Contains(s.raw.Bytes(), []byte("deleteStream")) {
		t.Error("no farewell")
	}
}

func TestRefusals(t *testing.T) {
	clip := open(t, "clip.flv")
	for _, c := range []struct {
		server server
		want   error
	}{
		{server{answer: rtmp.NETSTREAM_CONNECT_REJECTED}, &Refusal{"NetStream.Connect.Rejected", "Reject connect stram"}},
		{server{closes: 20}, ErrClosed},
	} {
		err := publishTo(t, &c.server, clip, options(true), time.Hour)
		var refusal *Refusal
		if errors.As(err, &refusal) {
			if diff := cmp.Diff(c.want, err); diff != "" {
				t.Error(diff)
			}
		} else if !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
}

func TestServerThatSaysNothing(t *testing.T) {
	clip := open(t, "clip.flv")
	for _, says := range []string{"", "\x03", strings.Repeat("\x03", 1+2*1536), strings.Repeat("\xff", 5000)} {
		synctest.Test(t, func(t *testing.T) {
			here, there := net.Pipe()
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = io.Copy(io.Discard, there) })
			wg.Go(func() { _, _ = io.WriteString(there, says) })
			start := time.Now()
			to, _ := parseTarget("rtmp://localhost/live/show")
			err := clip.publish(t.Context(), here, to, options(false))
			if took := time.Since(start); err == nil || took > setupTimeout {
				t.Errorf("after %v: %v", took, err)
			}
			there.Close()
			wg.Wait()
		})
	}
}

// listen takes n streams on a socket and returns them by name.
func listen(t *testing.T, n int) (addr string, streams func() map[string]*server) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	servers := make([]server, n)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range servers {
			conn, err := ln.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			servers[i].answer = rtmp.NETSTREAM_PUBLISH_START
			wg.Go(func() {
				if err := servers[i].serve(conn); !errors.Is(err, io.EOF) {
					t.Error(err)
				}
			})
		}
	})
	return ln.Addr().String(), func() map[string]*server {
		wg.Wait()
		ln.Close()
		byName := map[string]*server{}
		for i := range servers {
			byName[servers[i].name] = &servers[i]
		}
		return byName
	}
}

func TestManyOverSockets(t *testing.T) {
	clip := open(t, "clip.flv")
	addr, streams := listen(t, 3)
	if err := clip.RunMany(t.Context(), "rtmp://"+addr+"/live/show?a=b", 3, options(false)); err != nil {
		t.Fatal(err)
	}
	byName := streams()
	for _, name := range []string{"live/show?a=b", "live/show-2?a=b", "live/show-3?a=b"} {
		s := byName[name]
		if s == nil {
			t.Errorf("no stream %s", name)
		} else if len(s.frames) != len(clip.pictures)+len(clip.sounds) {
			t.Errorf("%s has %d frames", name, len(s.frames))
		}
	}
}

func TestErrorsAreJoined(t *testing.T) {
	clip := open(t, "clip.flv")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close() // nobody there
	err = clip.RunMany(t.Context(), "rtmp://"+ln.Addr().String()+"/live/show?token=secret", 2, options(false))
	text := ""
	if err != nil {
		text = err.Error()
	}
	if !strings.Contains(text, "/live/show: ") || !strings.Contains(text, "/live/show-2: ") || strings.Contains(text, "secret") {
		t.Errorf("got %q", text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = clip.RunMany(ctx, "rtmp://127.0.0.1/live/show", 5, options(false))
	if !errors.Is(err, context.Canceled) || err.Error() != "context canceled" {
		t.Errorf("got %v", err)
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct{ url, address, name, numbered string }{
		{"rtmp://host/live/show", "host:1935", "show", "rtmp://host/live/show-2"},
		{"rtmp://host:99/live/show?a=b&c=d", "host:99", "show?a=b&c=d", "rtmp://host:99/live/show-2?a=b&c=d"},
		{"rtmp://[::1]/live/show", "[::1]:1935", "show", "rtmp://[::1]/live/show-2"},
		{"rtmps://host/live/show?a=b", "host:443", "show?a=b", "rtmps://host/live/show-2?a=b"},
		{"rtmps://host:1936/live/show", "host:1936", "show", "rtmps://host:1936/live/show-2"},
		{"rtmp://host/live/a/b", "host:1935", "a/b", "rtmp://host/live/a/b-2"},
	} {
		to, err := parseTarget(c.url)
		if err != nil || to.address != c.address || to.name() != c.name || to.numbered(2) != c.numbered || to.numbered(1) != c.url {
			t.Errorf("%s: %+v, %q, %v", c.url, to, to.name(), err)
		}
	}
	for _, url := range []string{
		"", "host/live/show", "http://host/live/show", "https://host/live/show", "rtmp://host", "rtmp://host/live",
		"rtmp://host/live/", "rtmp:///live/show", "rtmp://host//show", "rtmp://u:p@host/live/show", "rtmp://host:x/live/show",
	} {
		if _, err := parseTarget(url); err == nil || strings.Contains(err.Error(), ":p@") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// BenchmarkSend is the cost of one sample of the demo clip, without a network.
func BenchmarkSend(b *testing.B) {
	clip, err := Demo()
	if err != nil {
		b.Fatal(err)
	}
	here, there := net.Pipe()
	defer here.Close()
	go func() { _, _ = io.Copy(io.Discard, there) }()
	c := newClient(b.Context(), here)
	b.ReportAllocs()
	samples := append(slices.Clone(clip.pictures), clip.sounds...)
	for i := 0; b.Loop(); i++ {
		if err := c.send(&samples[i%len(samples)], uint32(i), uint32(i)); err != nil {
			b.Fatal(err)
		}
	}
}
