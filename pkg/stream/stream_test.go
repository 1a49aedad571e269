package stream_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/cmaf"
	"sluice/pkg/codec"
	"sluice/pkg/dash"
	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/store"
	"sluice/pkg/stream"
)

var (
	v0   = media.TrackID{Kind: media.Video}
	a0   = media.TrackID{Kind: media.Audio}
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestX(t *testing.T) {
	_ = errors.New
	_ = fmt.Sprint
	_ = io.EOF
	_ = cmaf.ErrFull
	_ = codec.ErrUnsupported
	now := noon
	mem := store.NewMemory()
	reaper := store.NewReaper(mem, func(string, error) {})
	reg := stream.NewRegistry(stream.Environment{
		Config: stream.Config{Segment: segment.Config{Target: 2 * time.Second, Max: 10 * time.Second, Part: 250 * time.Millisecond}, Window: 30 * time.Second, Keep: time.Minute},
		Store:  mem, Retire: reaper, Log: zerolog.New(os.Stderr), Now: func() time.Time { return now },
	})
	pub, err := reg.Publish(stream.Name{App: "live", Key: "show"})
	if err != nil {
		t.Fatal(err)
	}
	vt := media.Track{ID: v0, Codec: media.H264, Timescale: 90000, Codecs: "avc1.64001F", Config: testAVCC(), Width: 640, Height: 360, CodedWidth: 640, CodedHeight: 360, SampleAspect: media.Ratio{Num: 1, Den: 1}}
	at := media.Track{ID: a0, Codec: media.AAC, Timescale: 48000, Codecs: "mp4a.40.2", Config: []byte{0x11, 0x90}, SampleRate: 48000, Channels: 2, FrameTicks: 1024}
	pub.WriteTrack(vt)
	pub.WriteTrack(at)
	var audio float64
	for i := 0; i < 30*50; i++ {
		ms := float64(i) * 1000 / 30
		now = noon.Add(time.Duration(ms * 1e6))
		pub.WriteFrame(media.Frame{Track: v0, Key: i%60 == 0, Time: uint32(ms + 0.5), Offset: 67, Data: []byte{0, 0, 0, 2, 0x65, 1}})
		for audio <= ms {
			pub.WriteFrame(media.Frame{Track: a0, Key: true, Time: uint32(audio + 0.5), Data: []byte{1, 2, 3}})
			audio += 1024.0 / 48
		}
	}
	p, _ := reg.Lookup("live", "show")
	show(p.Snapshot())
	pub.Close(nil)
	show(p.Snapshot())
}

func show(s *live.Snapshot) {
	fmt.Printf("%s\n%s\n%s\n%s\n%s\n", hls.Multivariant(s, hls.CMAF, ""), hls.Media(s, v0, hls.CMAF), hls.Media(s, a0, hls.CMAF), hls.Media(s, v0, hls.TS), dash.MPD(s, ""))
}

func testAVCC() []byte {
	return []byte{1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 25, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x6c, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x1e, 0x07, 0x8c, 0x18, 0xcb, 1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0}
}
