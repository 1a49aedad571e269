package gateway_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
	"sluice/pkg/rtmp"
)

// An input is what a publisher sends, as the RTMP server has it.
type input struct {
	mu     sync.Mutex
	frames map[media.TrackID][]media.Frame
	closed chan struct{}
}

// Publish implements rtmp.Handler.
func (in *input) Publish(context.Context, *rtmp.Request) (rtmp.Sink, error) { return in, nil }

// WriteMetadata implements rtmp.Sink, as do the other methods.
func (in *input) WriteMetadata(media.Metadata) {}

func (in *input) WriteTrack(media.Track) error { return nil }

func (in *input) WriteFrame(f media.Frame) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.frames[f.Track] = append(in.frames[f.Track], f)
	return nil
}

func (in *input) Close(error) error {
	close(in.closed)
	return nil
}

// read returns the frames of a capture.
func read(t *testing.T, capture []byte) map[media.TrackID][]media.Frame {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := &input{frames: map[media.TrackID][]media.Frame{}, closed: make(chan struct{})}
	server := rtmp.Server{Handler: in, Log: zerolog.Nop()}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(ctx, listener) })
	defer serving.Wait()
	defer stop()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(capture); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	<-in.closed
	return in.frames
}

// wantInput checks that what is stored of a track is what its publisher sent, from some
// frame at the beginning on, in order, and byte for byte.
func (s *server) wantInput(t *testing.T, stream string, id media.TrackID, sent []media.Frame) {
	t.Helper()
	folder := "/" + stream + "/" + id.String() + "/"
	var stored []media.Sample
	for line := range strings.Lines(s.get(folder + "index.m3u8")) {
		if line = strings.TrimSpace(line); !strings.HasSuffix(line, ".m4s") {
			continue
		}
		samples, _, err := cmaf.ReadSegment([]byte(s.get(folder+line)), id)
		if err != nil {
			t.Fatalf("%s%s: %v", folder, line, err)
		}
		stored = append(stored, samples...)
	}
	const early = 2 // frames of sound that may be in front of the first picture
	missing := len(sent) - len(stored)
	if missing < 0 || missing > early || missing > 0 && id.Kind == media.Video {
		t.Fatalf("%v: %d frames stored of %d", id, len(stored), len(sent))
	}
	for i, sample := range stored {
		if frame := sent[missing+i]; !bytes.Equal(sample.Data, frame.Data) || sample.Key != frame.Key {
			t.Fatalf("%v: frame %d has %d bytes, key %v; %d were sent, key %v", id, i, len(sample.Data), sample.Key, len(frame.Data), frame.Key)
		}
	}
}
