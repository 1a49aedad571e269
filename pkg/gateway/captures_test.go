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

	"sluice/pkg/media"
)

// captures are whole connections of real encoders, published as
// live/{name}. The numbers of frames are those from the first key frame on.
var captures = []struct {
	name         string
	video, audio int
	ts           bool // it can be had as MPEG-TS
}{
	{"avc-aac-bframes", 240, 375, true},
	{"gst-avc-aac", 265, 380, true},
	{"avc-mp3", 180, 230, true},
	{"avc-ac3", 180, 187, true},
	{"avc-flac", 180, 282, false},
	{"hevc-aac", 180, 283, false},
	{"av1-opus", 180, 300, false},
	{"vp9-opus", 180, 300, false},
	{"multi", 360, 564, true}, // of two tracks of each
}

// Real encoders are carried, and nobody else notices.
func TestCaptures(t *testing.T) {
	t.Parallel()
	s := start(t)
	stop := s.broadcast("live/healthy")
	s.playing("live/healthy", 1)
	sent := make([]map[media.TrackID][]media.Frame, len(captures))
	var replaying sync.WaitGroup
	for i, c := range captures {
		bytes, err := os.ReadFile(filepath.Join("..", "rtmp", "testdata", c.name+".rtmp"))
		if err != nil {
			t.Fatal(err)
		}
		sent[i] = read(t, bytes)
		replaying.Go(func() { s.replay(t, bytes) })
	}
	replaying.Wait()
	for i, c := range captures {
		t.Run(c.name, func(t *testing.T) {
			s.wantCapture(t, i)
			for id, frames := range sent[i] {
				s.wantInput(t, "live/"+c.name, id, frames)
			}
		})
	}
	s.playing("live/healthy", 3)
	s.unbroken("live/healthy")
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func (s *server) wantCapture(t *testing.T, i int) {
	t.Helper()
	c := captures[i]
	stream := "live/" + c.name
	for _, event := range s.log.find("track refused") {
		if event["stream"] == stream {
			t.Errorf("refused: %v", event["reason"])
		}
	}
	want := map[string]int{"video": c.video, "audio": c.audio}
	s.ended(stream, "v0")
	kinds := map[string][]packet{}
	for kind := range want {
		kinds[kind] = nil
	}
	forms := []string{"index.m3u8", "index.mpd"}
	if c.ts {
		forms = append(forms, "ts.m3u8")
	} else if status, text := s.try("/" + stream + "/ts.m3u8"); status != http.StatusNotFound || !strings.Contains(text, "no place in MPEG-TS") {
		t.Errorf("ts.m3u8: %d %s", status, text)
	}
	for _, form := range forms {
		got := s.packetsOf(stream, form, kinds)
		if form == "ts.m3u8" && c.name == "multi" {
			want["audio"] = 3 * want["audio"] / 2 // the first track is with both of video
		}
		for _, kind := range []string{"video", "audio"} {
			if len(got[kind]) != want[kind] {
				t.Errorf("%s: %d packets of %s, want %d", form, len(got[kind]), kind, want[kind])
			}
		}
	}
	decodes(t, s.http+"/"+stream+"/index.m3u8", kinds)
	s.wantKeys(t, stream)
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
