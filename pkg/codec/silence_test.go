package codec_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sluice/pkg/codec"
)

// TestSilentFrame has ffmpeg decode frames of silence, in all channel configurations,
// at several rates: it complains of nothing and everything is zero.
func TestSilentFrame(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("there is no ffmpeg")
	}
	for rate, hertz := range map[int]string{3: "48000", 4: "44100", 8: "16000"} {
		for channels := 1; channels <= 7; channels++ {
			a, err := codec.ParseAAC([]byte{2<<3 | byte(rate>>1), byte(rate<<7) | byte(channels<<3)})
			if err != nil {
				t.Fatal(err)
			}
			frame := a.SilentFrame()
			header, err := a.ADTSHeader(len(frame))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "silence.aac")
			if err := os.WriteFile(path, bytes.Repeat(append(header[:], frame...), 50), 0o600); err != nil {
				t.Fatal(err)
			}
			count := fmt.Sprint(min(channels, 6) + channels/7*2) // configuration 7 is 7.1
			var said bytes.Buffer
			decode := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", path, "-f", "s16le", "-ac", count, "-ar", hertz, "-")
			decode.Stderr = &said
			pcm, err := decode.Output()
			if err != nil || said.Len() > 0 {
				t.Fatalf("%s Hz, configuration %d: %v %s", hertz, channels, err, said.Bytes())
			}
			if want := 50 * 1024 * 2 * a.Channels; len(pcm) < want*9/10 || len(bytes.Trim(pcm, "\x00")) > 0 {
				t.Errorf("%s Hz, configuration %d: %d bytes, want %d of zeros", hertz, channels, len(pcm), want)
			}
		}
	}
}

func TestNoSilentFrame(t *testing.T) {
	if frame := (codec.AAC{ChannelConfiguration: 0}).SilentFrame(); frame != nil {
		t.Errorf("% x without a channel configuration", frame)
	}
}
