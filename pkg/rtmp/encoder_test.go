package rtmp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/yapingcat/gomedia/go-codec"
	gortmp "github.com/yapingcat/gomedia/go-rtmp"

	"sluice/pkg/media"
)

// ffmpeg publishes three seconds of a test pattern and a tone as fast as it
// can and returns what it printed.
func ffmpeg(t *testing.T, url string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	args := strings.Fields("-v error -nostdin -f lavfi -i testsrc=size=320x180:rate=25 -f lavfi -i sine=sample_rate=48000 -t 3" +
		" -c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 25 -c:a aac -f flv")
	out, err := exec.CommandContext(ctx, path, append(args, url)...).CombinedOutput()
	return string(out), err
}

func TestFFmpegPublishes(t *testing.T) {
	s := startServer(t, Limits{})
	if out, err := ffmpeg(t, "rtmp://"+s.addr+"/live/key?token=x"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sink := s.sink(t, 0)
	if cause := s.cause(t, sink); !errors.Is(cause, ErrUnpublished) {
		t.Errorf("cause %v", cause)
	}
	if sink.req.Name != "key" || sink.req.Query.Get("token") != "x" || !strings.Contains(sink.req.Encoder, "Lavf") {
		t.Errorf("request %+v", sink.req)
	}
	var video, key int
	for _, f := range sink.frames {
		if f.Track.Kind == media.Video {
			video++
			if f.Key {
				key++
			}
		}
	}
	if video != 75 || key != 3 || len(sink.frames)-video < 140 {
		t.Errorf("%d frames, %d of video, %d of them key frames", len(sink.frames), video, key)
	}
}

func TestFFmpegIsToldWhyItIsRefused(t *testing.T) {
	s := startServer(t, Limits{})
	s.publisher(t, "key")
	out, err := ffmpeg(t, "rtmp://"+s.addr+"/live/key")
	if err == nil || !strings.Contains(out, "published by somebody else") {
		t.Errorf("ffmpeg ends with %v: %s", err, out)
	}
}

// The publisher that Sluice brings itself, with each of its handshakes. The
// frames are those of a capture.
func TestGomediaPublishes(t *testing.T) {
	source, _ := replay(t, startServer(t, Limits{}), "gst-avc-aac", 1<<20)
	options := map[string][]func(*gortmp.RtmpClient){
		"plain":    nil,
		"scheme 0": {gortmp.WithComplexHandshake(), gortmp.WithComplexHandshakeSchema(0)},
		"scheme 1": {gortmp.WithComplexHandshake(), gortmp.WithComplexHandshakeSchema(1)},
	}
	for name, option := range options {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Limits{})
			gomedia(t, s.addr, source, option)
			sink := s.sink(t, 0)
			_ = s.cause(t, sink)
			if len(sink.frames) != len(source.frames) || len(sink.tracks) != 2 {
				t.Fatalf("%d tracks, %d frames of %d", len(sink.tracks), len(sink.frames), len(source.frames))
			}
			for i, f := range sink.frames {
				if want := source.frames[i]; f.Track != want.Track || f.Key != want.Key || f.Time != want.Time || f.Offset != want.Offset {
					t.Fatalf("frame %d is of %v at %d%+d", i, f.Track, f.Time, f.Offset)
				}
			}
		})
	}
}

// gomedia publishes what a sink was given.
func gomedia(t *testing.T, addr string, source *fakeSink, options []func(*gortmp.RtmpClient)) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	ready := false
	cli := gortmp.NewRtmpClient(append(options, gortmp.WithEnablePublish())...)
	cli.OnStateChange(func(state gortmp.RtmpState) { ready = ready || state == gortmp.STATE_RTMP_PUBLISH_START })
	cli.SetOutput(func(b []byte) error {
		_, err := nc.Write(b)
		return err
	})
	cli.Start("rtmp://" + addr + "/live/key")
	for buf := make([]byte, 4096); !ready; {
		n, err := nc.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if err := cli.Input(buf[:n]); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range source.frames {
		id, data := codec.CODECID_AUDIO_AAC, adts(source.tracks[1], f.Data)
		if f.Track.Kind == media.Video {
			id, data = codec.CODECID_VIDEO_H264, annexB(source.tracks[0], f)
		}
		if err := cli.WriteFrame(id, data, f.Time+uint32(f.Offset), f.Time); err != nil {
			t.Fatal(err)
		}
	}
}

// annexB returns a frame with start codes, and with the parameter sets in
// front when it is a key frame.
func annexB(track media.Track, f media.Frame) []byte {
	var out []byte
	nal := func(b []byte) { out = append(append(out, 0, 0, 0, 1), b...) }
	if f.Key {
		sps := track.Config[8 : 8+binary.BigEndian.Uint16(track.Config[6:])]
		pps := track.Config[8+len(sps)+1:]
		nal(sps)
		nal(pps[2 : 2+binary.BigEndian.Uint16(pps)])
	}
	for b := f.Data; len(b) >= 4; {
		n := 4 + int(binary.BigEndian.Uint32(b))
		nal(b[4:n])
		b = b[n:]
	}
	return out
}

// adts returns a frame behind an ADTS header made of the track's first two
// bytes of configuration.
func adts(track media.Track, frame []byte) []byte {
	config := binary.BigEndian.Uint16(track.Config)
	profile, rate, channels := byte(config>>11)-1, byte(config>>7)&15, byte(config>>3)&15
	n := 7 + len(frame)
	head := []byte{0xff, 0xf1, profile<<6 | rate<<2 | channels>>2, channels<<6 | byte(n>>11), byte(n >> 3), byte(n<<5) | 0x1f, 0xfc}
	return bytes.Join([][]byte{head, frame}, nil)
}
