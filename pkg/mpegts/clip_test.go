package mpegts_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/google/go-cmp/cmp"
	"github.com/yapingcat/gomedia/go-mpeg2"

	"sluice/pkg/media"
	"sluice/pkg/mpegts"
)

// A clip is what ffmpeg's x264 and AAC encoders make of its test sources: eight
// seconds with B-frames and a key frame every two.
type clip struct {
	dir          string
	video, audio mpegts.Stream // all samples, on the epoch's timeline
}

// run runs a command and returns what it prints. Anything on its standard
// error is a failure: ffmpeg warns there of what it does not like.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes()
}

func makeClip(t *testing.T, rate string) clip {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	fragments := []string{"-movflags", "frag_keyframe+empty_moov+default_base_moof"}
	args := []string{
		"-v", "error",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=8",
		"-f", "lavfi", "-i", "aevalsrc=0.3*sin(440*2*PI*t)|0.3*random(0):s=" + rate + ":d=8",
		"-map", "0:v", "-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "60", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
		"-video_track_timescale", "90000",
	}
	args = append(append(args, fragments...), filepath.Join(dir, "v.mp4"), "-map", "1:a", "-c:a", "aac", "-b:a", "96k")
	args = append(append(args, fragments...), filepath.Join(dir, "a.mp4"))
	run(t, "ffmpeg", args...)
	return clip{dir: dir, video: readMP4(t, filepath.Join(dir, "v.mp4")), audio: readMP4(t, filepath.Join(dir, "a.mp4"))}
}

// readMP4 reads a fragmented file of one track and moves it to the epoch.
func readMP4(t *testing.T, path string) mpegts.Stream {
	t.Helper()
	f, err := mp4.ReadMP4File(path)
	if err != nil {
		t.Fatal(err)
	}
	trak := f.Moov.Trak
	s := mpegts.Stream{Track: media.Track{Timescale: trak.Mdia.Mdhd.Timescale}}
	if entry := trak.Mdia.Minf.Stbl.Stsd.AvcX; entry != nil {
		var record bytes.Buffer
		if err := entry.AvcC.Encode(&record); err != nil {
			t.Fatal(err)
		}
		s.Track.ID.Kind, s.Track.Codec, s.Track.Config = media.Video, media.H264, record.Bytes()[8:]
	} else {
		s.Track.ID.Kind, s.Track.Codec, s.Track.FrameTicks = media.Audio, media.AAC, 1024
		s.Track.Config = trak.Mdia.Minf.Stbl.Stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
	}
	for _, segment := range f.Segments {
		for _, fragment := range segment.Fragments {
			samples, err := fragment.GetFullSamples(f.Moov.Mvex.Trex)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range samples {
				s.Samples = append(s.Samples, media.Sample{
					Track: s.Track.ID, Key: v.IsSync(),
					DTS:    media.Ticks(epoch*int64(s.Track.Timescale)) + media.Ticks(v.DecodeTime),
					Offset: media.Ticks(v.CompositionTimeOffset), Data: v.Data,
				})
			}
		}
	}
	return s
}

// cut returns the samples of the interval of two seconds with this index; the
// last holds the frame of audio that is beyond the eighth second.
func cut(s mpegts.Stream, index int64) mpegts.Stream {
	scale := int64(s.Track.Timescale)
	begin, end := media.Ticks((epoch+2*index)*scale), media.Ticks((epoch+2*index+2)*scale)
	part := mpegts.Stream{Track: s.Track, End: end}
	for _, v := range s.Samples {
		if v.DTS >= begin && (v.DTS < end || index == 3) {
			part.Samples = append(part.Samples, v)
		}
	}
	return part
}

// pack packs the clip as one segment file every two seconds, last to first, and
// returns them with their concatenation.
func (c clip) pack(t *testing.T, streams ...mpegts.Stream) (segments []string, all string) {
	t.Helper()
	var whole []byte
	for index := int64(3); index >= 0; index-- {
		var parts []mpegts.Stream
		for _, s := range streams {
			parts = append(parts, cut(s, index))
		}
		b, err := mpegts.Pack(uint64(index)+5, parts)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(b, whole...)
		path := filepath.Join(c.dir, strconv.FormatInt(index, 10)+".ts")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		segments = append([]string{path}, segments...)
	}
	all = filepath.Join(c.dir, "all.ts")
	if err := os.WriteFile(all, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return segments, all
}

var clipCases = []struct {
	name, rate string
	streams    func(clip) []mpegts.Stream
}{
	{"video and audio", "48000", func(c clip) []mpegts.Stream { return []mpegts.Stream{c.video, c.audio} }},
	{"video only", "48000", func(c clip) []mpegts.Stream { return []mpegts.Stream{c.video} }},
	{"audio only", "44100", func(c clip) []mpegts.Stream { return []mpegts.Stream{c.audio} }},
}

func TestClipInFFmpeg(t *testing.T) {
	if testing.Short() {
		t.Skip("runs ffmpeg")
	}
	for _, c := range clipCases {
		t.Run(c.name, func(t *testing.T) {
			clip := makeClip(t, c.rate)
			streams := c.streams(clip)
			segments, all := clip.pack(t, streams...)
			check := newChecker(t)
			for _, path := range segments {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				check.segment(b)
				run(t, "ffmpeg", "-v", "warning", "-xerror", "-i", path, "-f", "null", "-")
			}
			noComplaint(t, all)
			for _, s := range streams {
				sameTimes(t, all, s)
				samePictures(t, clip, all, s)
			}
		})
	}
}

// noComplaint looks for what ffmpeg says of broken streams only to those who ask
// for every word.
func noComplaint(t *testing.T, path string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "debug", "-show_packets", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	for _, complaint := range []string{"Continuity check failed", "size mismatch", "corrupt", "Invalid"} {
		if i := bytes.Index(out, []byte(complaint)); i >= 0 {
			t.Errorf("ffprobe says %.200s", out[i:])
		}
	}
}

// sameTimes compares ffprobe's packets with the samples, exactly for video and
// for the first frame of each audio PES packet. ffprobe counts the others by
// whole ticks, so they may be off by less than one for each frame.
func sameTimes(t *testing.T, path string, s mpegts.Stream) {
	t.Helper()
	kind := s.Track.ID.Kind.String()
	var probe struct {
		Packets []struct {
			PTS, DTS int64
			Flags    string
		}
	}
	out := run(t, "ffprobe", "-v", "warning", "-select_streams", kind[:1], "-show_packets", "-of", "json", path)
	if err := json.Unmarshal(out, &probe); err != nil {
		t.Fatal(err)
	}
	if len(probe.Packets) != len(s.Samples) {
		t.Fatalf("%d %s packets, want %d", len(probe.Packets), kind, len(s.Samples))
	}
	worst := int64(0)
	for i, got := range probe.Packets {
		want := s.Samples[i]
		pts := int64(want.PTS().Rescale(s.Track.Timescale, 90000)) & (wrap - 1)
		dts := int64(want.DTS.Rescale(s.Track.Timescale, 90000)) & (wrap - 1)
		worst = max(worst, got.PTS-pts, pts-got.PTS, got.DTS-dts, dts-got.DTS)
		if strings.HasPrefix(got.Flags, "K") != want.Key {
			t.Errorf("%s packet %d: flags %s", kind, i, got.Flags)
		}
	}
	limit := int64(0)
	if s.Track.ID.Kind == media.Audio && 1024*90000%s.Track.Timescale != 0 {
		limit = 4
	}
	if worst > limit {
		t.Errorf("%s is up to %d ticks of 90 kHz off", kind, worst)
	}
}

// samePictures compares what ffmpeg decodes with what it decodes of the clip.
func samePictures(t *testing.T, c clip, path string, s mpegts.Stream) {
	t.Helper()
	kind := s.Track.ID.Kind.String()[:1]
	want, got := hashes(t, filepath.Join(c.dir, kind+".mp4"), kind), hashes(t, path, kind)
	if len(want) < len(s.Samples)-3 {
		t.Fatalf("%d of %d samples decoded", len(want), len(s.Samples))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded %s differs:\n%.2000s", s.Track.ID.Kind, diff)
	}
}

func hashes(t *testing.T, path, kind string) []string {
	t.Helper()
	args := []string{"-v", "warning", "-xerror"}
	if strings.HasSuffix(path, ".mp4") {
		args = append(args, "-ignore_editlist", "1")
	}
	args = append(args, "-i", path, "-map", "0:"+kind, "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-")
	out := run(t, "ffmpeg", args...)
	var list []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:]))
		}
	}
	return list
}

func TestClipInGomedia(t *testing.T) {
	if testing.Short() {
		t.Skip("runs ffmpeg")
	}
	clip := makeClip(t, "48000")
	_, all := clip.pack(t, clip.video, clip.audio)
	b, err := os.ReadFile(all)
	if err != nil {
		t.Fatal(err)
	}
	video, audio := 0, 0
	demuxer := mpeg2.NewTSDemuxer()
	demuxer.OnFrame = func(id mpeg2.TS_STREAM_TYPE, frame []byte, pts, dts uint64) {
		if id == mpeg2.TS_STREAM_AAC {
			audio += len(adtsFrames(t, frame, 3, 2))
			return
		}
		want := clip.video.Samples[video]
		if ms := uint64(want.DTS) & uint64(wrap-1) / 90; dts != ms {
			t.Errorf("video frame %d decoded at %d ms, want %d", video, dts, ms)
		}
		if ms := uint64(want.PTS()) & uint64(wrap-1) / 90; pts != ms {
			t.Errorf("video frame %d shown at %d ms, want %d", video, pts, ms)
		}
		video++
	}
	if err := demuxer.Input(bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	if video != len(clip.video.Samples) || audio != len(clip.audio.Samples) {
		t.Errorf("%d video and %d audio frames, want %d and %d", video, audio, len(clip.video.Samples), len(clip.audio.Samples))
	}
}
