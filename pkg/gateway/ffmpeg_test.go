package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// run runs a program that must succeed without complaints, and returns what it
// printed to standard output.
func run(name string, args ...string) (string, error) { return runOn("", name, args...) }

// runOn does so with something to read.
func runOn(input, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &complaints
	err := cmd.Run()
	if err == nil && complaints.Len() > 0 {
		err = errors.New("it complains")
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, complaints.String())
	}
	return out.String(), nil
}

// ffmpeg runs ffmpeg, which must have nothing to say.
func ffmpeg(args ...string) error {
	_, err := run("ffmpeg", append([]string{"-nostdin", "-hide_banner", "-v", "error", "-y"}, args...)...)
	return err
}

// makeClip encodes a test pattern and a tone as FLV, and returns its path.
func makeClip(t testing.TB, seconds int, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.flv")
	all := []string{
		"-f", "lavfi", "-i", "testsrc2=size=480x270:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", strconv.Itoa(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-sc_threshold", "0",
		"-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k",
	}
	if err := ffmpeg(append(append(all, args...), path)...); err != nil {
		t.Fatal(err)
	}
	return path
}

// publish sends a file in real time and returns when it is sent.
func (s *server) publish(file, stream string) error {
	return ffmpeg("-re", "-i", file, "-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize", s.rtmp+"/"+stream)
}

// A packet is what ffprobe says of one.
type packet struct {
	kind     string  // "video" or "audio"
	pts, dts float64 // in seconds
}

// packets returns what ffprobe reads from a file or URL, by kind.
func packets(t testing.TB, input string, options ...string) map[string][]packet {
	t.Helper()
	args := append([]string{"-v", "error", "-show_entries", "packet=codec_type,pts_time,dts_time", "-of", "csv=p=0"}, options...)
	text, err := run("ffprobe", append(args, input)...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]packet{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		if len(fields) < 3 {
			continue
		}
		p := packet{kind: fields[0]}
		for i, to := range []*float64{&p.pts, &p.dts} {
			if *to, err = strconv.ParseFloat(fields[i+1], 64); err != nil {
				t.Fatalf("%s: ffprobe printed %q", input, line)
			}
		}
		found[p.kind] = append(found[p.kind], p)
	}
	return found
}

// packetsOf returns what ffprobe reads of a stream that has ended, in one of
// its forms. Where its demuxers are at fault it is helped: the DASH one ends
// all tracks with the shortest, so these are read one by one; the HLS one gives
// the second frame of an audio-only transport stream the time of the first.
func (s *server) packetsOf(stream, form string, want map[string][]packet) map[string][]packet {
	s.t.Helper()
	url := s.http + "/" + stream + "/" + form
	_, video := want["video"]
	switch {
	case form == "ts.m3u8" && !video:
		return packets(s.t, s.joined(stream, "a0"))
	case form != "index.mpd" && !video:
		return packets(s.t, url)
	case form != "index.mpd":
		return packets(s.t, s.pictured(stream, form), "-protocol_whitelist", "file,http,tcp", "-allowed_extensions", "ALL")
	}
	found, text := map[string][]packet{}, s.get("/"+stream+"/"+form)
	for kind := range want {
		for i := range strings.Count(text, `<Representation id="`+kind[:1]) { // behind them are key frames alone
			found[kind] = append(found[kind], packets(s.t, url, "-select_streams", kind[:1]+":"+strconv.Itoa(i))[kind]...)
		}
	}
	return found
}

// pictured returns a file of a multivariant playlist that leaves out the variant of sound alone,
// which ffprobe would read beside the same sound with the picture.
func (s *server) pictured(stream, form string) string {
	s.t.Helper()
	folder := s.http + "/" + stream + "/"
	text := regexp.MustCompile(`(?m)^#EXT-X-STREAM-INF:.*\n(a\d+)/.*\n`).ReplaceAllString(s.get("/"+stream+"/"+form), "")
	text = regexp.MustCompile(`(?m)^[va]\d+/|URI="`).ReplaceAllStringFunc(text, func(at string) string {
		if strings.HasPrefix(at, "URI") {
			return at + folder
		}
		return folder + at
	})
	file := filepath.Join(s.t.TempDir(), "pictured.m3u8")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// joined returns a file of all MPEG-TS segments of a rendition.
func (s *server) joined(stream, rendition string) string {
	s.t.Helper()
	folder := "/" + stream + "/" + rendition + "/"
	var all []byte
	for line := range strings.Lines(s.get(folder + "ts.m3u8")) {
		if line = strings.TrimSpace(line); strings.HasSuffix(line, ".ts") {
			all = append(all, s.get(folder+line)...)
		}
	}
	file := filepath.Join(s.t.TempDir(), "joined.ts")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}
