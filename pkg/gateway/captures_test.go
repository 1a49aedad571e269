package gateway_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// captures are whole connections of real encoders, published as
// live/{name}. The numbers of frames are those from the first key frame on.
var captures = []struct {
	name         string
	video, audio int
	refused      []string // words of each refusal
}{
	{"avc-aac-bframes", 240, 375, nil},
	{"gst-avc-aac", 265, 380, nil},
	{"avc-mp3", 180, 0, []string{"MP3 audio"}},
	{"avc-ac3", 180, 0, []string{"AC-3 audio"}},
	{"avc-flac", 180, 0, []string{"FLAC audio"}},
	{"hevc-aac", 0, 283, []string{"HEVC video"}},
	{"av1-opus", 0, 0, []string{"AV1 video", "Opus audio"}},
	{"vp9-opus", 0, 0, []string{"VP9 video", "Opus audio"}},
	{"multi", 180, 282, []string{"H.264 video", "AAC audio"}}, // of the second tracks
}

// Real encoders are carried, or told why not, and nobody else notices.
func TestCaptures(t *testing.T) {
	t.Parallel()
	s := start(t)
	stop := s.broadcast("live/healthy")
	s.playing("live/healthy", 1)
	told := make([]string, len(captures))
	var replaying sync.WaitGroup
	for i, c := range captures {
		bytes, err := os.ReadFile(filepath.Join("..", "rtmp", "testdata", c.name+".rtmp"))
		if err != nil {
			t.Fatal(err)
		}
		replaying.Go(func() { told[i] = string(s.replay(t, bytes)) })
	}
	replaying.Wait()
	for i, c := range captures {
		t.Run(c.name, func(t *testing.T) { s.wantCapture(t, i, told[i]) })
	}
	s.playing("live/healthy", 3)
	s.unbroken("live/healthy")
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func (s *server) wantCapture(t *testing.T, i int, told string) {
	t.Helper()
	c := captures[i]
	stream := "live/" + c.name
	var reasons []string
	for _, event := range s.log.find("track refused") {
		if event["stream"] == stream {
			reasons = append(reasons, event["reason"].(string))
		}
	}
	if len(reasons) != len(c.refused) {
		t.Errorf("the log has %q", reasons)
	}
	for _, words := range c.refused {
		if !strings.Contains(told, words) {
			t.Errorf("the encoder is not told of %s", words)
		}
		if !strings.Contains(strings.Join(reasons, "\n"), words) {
			t.Errorf("the log does not tell of %s: %q", words, reasons)
		}
	}
	want := map[string]int{}
	for kind, n := range map[string]int{"video": c.video, "audio": c.audio} {
		if n > 0 {
			want[kind] = n
		}
	}
	if len(want) == 0 {
		if status, _ := s.try("/" + stream + "/index.m3u8"); status != http.StatusNotFound {
			t.Errorf("%d for a stream without a track", status)
		}
		return
	}
	rendition := "a0"
	if want["video"] > 0 {
		rendition = "v0"
	}
	s.ended(stream, rendition)
	kinds := map[string][]packet{}
	for kind := range want {
		kinds[kind] = nil
	}
	for _, form := range []string{"index.m3u8", "ts.m3u8", "index.mpd"} {
		got := s.packetsOf(stream, form, kinds)
		for _, kind := range []string{"video", "audio"} {
			if len(got[kind]) != want[kind] {
				t.Errorf("%s: %d packets of %s, want %d", form, len(got[kind]), kind, want[kind])
			}
		}
	}
	decodes(t, s.http+"/"+stream+"/index.m3u8", kinds)
}

// unbroken checks that a stream on air has neither gap nor discontinuity.
func (s *server) unbroken(stream string) {
	s.t.Helper()
	s.unbrokenTracks(stream, "v0", "a0")
}

func (s *server) unbrokenTracks(stream string, renditions ...string) {
	s.t.Helper()
	for _, rendition := range renditions {
		list := s.get("/" + stream + "/" + rendition + "/index.m3u8")
		if strings.Contains(list, "#EXT-X-DISCONTINUITY\n") || strings.Contains(list, "#EXT-X-GAP") || strings.Contains(list, "#EXT-X-ENDLIST") {
			s.t.Errorf("%s is broken:\n%s", stream, list)
		}
	}
}

// replay sends what a publisher sent once, and returns what came back when the
// gateway has taken it all and closed the connection.
func (s *server) replay(t testing.TB, capture []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.rtmp, "rtmp://"))
	if err != nil {
		t.Error(err)
		return nil
	}
	defer conn.Close()
	var answers bytes.Buffer
	drained := make(chan error, 1)
	go func() {
		_, err := io.Copy(&answers, conn)
		drained <- err
	}()
	if _, err := conn.Write(capture); err != nil {
		t.Error(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Error(err)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	return answers.Bytes()
}
