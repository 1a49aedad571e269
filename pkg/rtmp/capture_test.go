package rtmp

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/amf"
	"sluice/pkg/media"
)

// captures are whole connections of real encoders. The numbers of frames are
// those of the messages in the files that hold one.
var captures = []struct {
	name         string
	video, audio int      // frames
	tracks       []string // names and codec strings, in the order of their coming
	refused      []string // words of each refusal
}{
	{"avc-aac-bframes", 240, 375, []string{"v0 avc1.64001F", "a0 mp4a.40.2"}, nil},
	{"gst-avc-aac", 265, 381, []string{"v0 avc1.F4001E", "a0 mp4a.40.2"}, nil},
	{"avc-mp3", 180, 231, []string{"v0 avc1.42C01E", "a0 mp4a.6B"}, nil},
	{"hevc-aac", 180, 283, []string{"v0 hvc1.1.6.L63.90", "a0 mp4a.40.2"}, nil},
	{"av1-opus", 180, 301, []string{"v0 av01.0.01M.08.0.110.02.02.02.0", "a0 Opus", "v0 av01.0.01M.08.0.110.02.02.02.0"}, nil},
	{"vp9-opus", 180, 301, []string{"a0 Opus", "v0 vp09.00.21.08"}, nil},
	{"avc-flac", 180, 282, []string{"v0 avc1.42C01E", "a0 fLaC"}, nil},
	{"avc-ac3", 180, 188, []string{"v0 avc1.42C01E", "a0 ac-3"}, nil},
	{"multi", 360, 566, []string{"v0 avc1.42C01E", "a0 mp4a.40.2", "v1 avc1.42C01E", "a1 mp4a.40.2"}, nil},
}

// replay sends a capture, in pieces of n bytes, and returns the sink it went
// to, closed, and what the server said of its state.
func replay(t *testing.T, s *testServer, name string, n int) (*fakeSink, []*amf.Object) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".rtmp"))
	if err != nil {
		t.Fatal(err)
	}
	p := dialRaw(t, s.addr)
	sent := make(chan error, 1)
	go func() {
		for piece := range slices.Chunk(b, n) {
			if _, err := p.nc.Write(piece); err != nil {
				sent <- err
				return
			}
		}
		sent <- p.nc.(interface{ CloseWrite() error }).CloseWrite()
	}()
	var states []*amf.Object
	if _, err := io.ReadFull(p.nc, make([]byte, 1+2*handshakeSize)); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := p.read()
		if err != nil {
			break
		}
		if m.kind != kindCommandAMF0 {
			continue
		}
		if values, _ := amf.Decode(m.body); values[0] == any("onStatus") {
			states = append(states, values[3].(*amf.Object))
		}
	}
	if err := <-sent; err != nil {
		t.Errorf("the server did not take all of it: %v", err)
	}
	sink := s.sink(t, 0)
	_ = s.cause(t, sink)
	return sink, states
}

func TestCaptures(t *testing.T) {
	for _, c := range captures {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, Limits{})
			sink, states := replay(t, s, c.name, 1<<16)
			if cause := sink.closed[0]; !errors.Is(cause, ErrUnpublished) && !errors.Is(cause, ErrDisconnected) {
				t.Errorf("cause %v", cause)
			}
			if sink.req.App != "live" || sink.req.Name != c.name {
				t.Errorf("published as %s/%s", sink.req.App, sink.req.Name)
			}
			var video, audio int
			for _, f := range sink.frames {
				if f.Track.Kind == media.Video {
					video++
				} else {
					audio++
				}
			}
			if video != c.video || audio != c.audio {
				t.Errorf("%d video and %d audio frames, want %d and %d", video, audio, c.video, c.audio)
			}
			var tracks []string
			for _, tr := range sink.tracks {
				tracks = append(tracks, tr.ID.String()+" "+tr.Codecs)
			}
			if !slices.Equal(tracks, c.tracks) {
				t.Errorf("tracks %q, want %q", tracks, c.tracks)
			}
			if len(sink.meta) == 0 || sink.meta[0].Encoder == "" {
				t.Errorf("metadata %+v", sink.meta)
			}
			wantStates(t, states, c.refused)
		})
	}
}

// How the bytes are cut into packets makes no difference.
func TestCaptureInSmallPieces(t *testing.T) {
	whole, _ := replay(t, startServer(t, Limits{}), "gst-avc-aac", 1<<20)
	pieces, _ := replay(t, startServer(t, Limits{}), "gst-avc-aac", 97)
	same := func(a, b media.Frame) bool {
		return a.Track == b.Track && a.Key == b.Key && a.Time == b.Time && a.Offset == b.Offset && bytes.Equal(a.Data, b.Data)
	}
	if !slices.EqualFunc(whole.frames, pieces.frames, same) {
		t.Errorf("%d frames of %d are not the same", len(pieces.frames), len(whole.frames))
	}
}

// wantStates wants the publisher told that it publishes, and each refusal.
func wantStates(t *testing.T, states []*amf.Object, refused []string) {
	t.Helper()
	if len(states) == 0 || states[0].Text("code") != codePublishStart {
		t.Fatal("the publisher is not told that it publishes")
	}
	var told []string
	for _, o := range states[1:] {
		if o.Text("code") == codeUnsupportedCodec && o.Text("level") == levelWarning {
			told = append(told, o.Text("description"))
		}
	}
	ok := len(told) == len(refused)
	for i := 0; ok && i < len(told); i++ {
		ok = strings.Contains(told[i], refused[i])
	}
	if !ok {
		t.Errorf("the publisher is told %q, want %q", told, refused)
	}
}
