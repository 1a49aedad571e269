package push

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFFmpegReceivesTheSame publishes a clip to ffmpeg and compares the times
// and the bytes of all frames, as ffprobe sees them, with those of the source.
func TestFFmpegReceivesTheSame(t *testing.T) {
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	source := filepath.Join("testdata", "clip.flv")
	received := filepath.Join(t.TempDir(), "received.flv")
	url := "rtmp://" + freeAddress(t) + "/live/show"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ffmpeg := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-listen", "1", "-f", "flv", "-i", url, "-c", "copy", "-copyts", received)
	var said strings.Builder
	ffmpeg.Stderr = &said
	if err := ffmpeg.Start(); err != nil {
		t.Fatal(err)
	}
	if err := publishWhenListening(ctx, open(t, "clip.flv"), url); err != nil {
		t.Error(err)
	}
	if err := ffmpeg.Wait(); err != nil {
		t.Errorf("ffmpeg: %v: %s", err, said.String())
	}
	if diff := cmp.Diff(packets(t, source), packets(t, received)); diff != "" {
		t.Error(diff)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// publishWhenListening tries again until the server is there.
func publishWhenListening(ctx context.Context, clip *Clip, url string) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := clip.Run(ctx, url, options(false))
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// packets returns a line for each packet: kind, times, key, checksum. The first
// picture's checksum is left out: gomedia repeats the SPS in it.
func packets(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_data_hash", "crc32",
		"-show_entries", "packet=codec_type,pts,dts,flags,data_hash", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "video") {
			lines[i] = line[:strings.LastIndexByte(line, ',')]
			break
		}
	}
	return lines
}
