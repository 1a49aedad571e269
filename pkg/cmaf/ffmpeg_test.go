package cmaf_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/google/go-cmp/cmp"

	"sluice/pkg/cmaf"
	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// tool runs an outside program and returns what it prints. A program that is
// not installed skips the test, one that fails or complains fails it.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// clip makes two seconds of H.264 with B frames and AAC and returns it as
// mp4ff reads it.
func clip(t *testing.T) *mp4.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.mp4")
	tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=30",
		"-f", "lavfi", "-i", "sine=sample_rate=44100", "-t", "2",
		"-c:v", "libx264", "-preset", "fast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p", "-vf", "setsar=4/3",
		"-video_track_timescale", "90000", "-c:a", "aac",
		"-movflags", "frag_keyframe+empty_moov+default_base_moof", path)
	file, err := mp4.ReadMP4File(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// trackOf returns a track of the clip and its samples, moved to the epoch.
func trackOf(t *testing.T, file *mp4.File, id uint32) (media.Track, []media.Sample) {
	t.Helper()
	trak := file.Moov.Traks[id-1]
	stsd := trak.Mdia.Minf.Stbl.Stsd
	var track media.Track
	if stsd.AvcX != nil {
		var record bytes.Buffer
		if err := stsd.AvcX.AvcC.DecConfRec.Encode(&record); err != nil {
			t.Fatal(err)
		}
		track = videoTrack()
		track.Config = record.Bytes()
		track.CodedWidth, track.CodedHeight, track.Width, track.Height = 160, 96, 213, 96
	} else {
		track = audioTrack()
		track.Config = stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
		track.SampleRate, track.Channels = 44100, int(stsd.Mp4a.ChannelCount)
	}
	track.Timescale = trak.Mdia.Mdhd.Timescale

	var samples []media.Sample
	trex, _ := file.Moov.Mvex.GetTrex(id)
	for _, segment := range file.Segments {
		for _, fragment := range segment.Fragments {
			for _, traf := range fragment.Moof.Trafs {
				if traf.Tfhd.TrackID == id {
					samples = append(samples, samplesOf(t, track.ID, fragment, traf, trex)...)
				}
			}
		}
	}
	for i := range samples {
		if track.ID.Kind == media.Audio { // counted: the clip has a hole after the encoder's delay
			samples[i].DTS = epoch + media.Ticks(i)*1024
		}
	}
	return track, samples
}

// samplesOf returns the samples of one traf, moved to the epoch.
func samplesOf(t *testing.T, id media.TrackID, f *mp4.Fragment, traf *mp4.TrafBox, trex *mp4.TrexBox) []media.Sample {
	t.Helper()
	if len(traf.Truns) != 1 {
		t.Fatalf("%d truns in a traf", len(traf.Truns))
	}
	traf.Trun.AddSampleDefaultValues(traf.Tfhd, trex)
	offset := uint64(traf.Trun.DataOffset) + f.Moof.StartPos - f.Mdat.PayloadAbsoluteOffset()
	var samples []media.Sample
	for _, s := range traf.Trun.GetFullSamples(uint32(offset), traf.Tfdt.BaseMediaDecodeTime(), f.Mdat) {
		samples = append(samples, media.Sample{
			Track: id, Key: s.IsSync(), DTS: epoch + media.Ticks(s.DecodeTime),
			Offset: media.Ticks(s.CompositionTimeOffset), Data: s.Data,
		})
	}
	return samples
}

// A packet is what ffprobe says of one sample.
type packet struct {
	PTS      int64  `json:"pts"`
	DTS      int64  `json:"dts"`
	Duration int64  `json:"duration"`
	Size     string `json:"size"`
	Flags    string `json:"flags"`
}

// TestFFmpegReadsChunks writes a clip as header and chunks of eight samples to
// a file. ffprobe must see each sample as it was appended, and ffmpeg must
// decode all of them without a complaint.
func TestFFmpegReadsChunks(t *testing.T) {
	file := clip(t)
	video, frames := trackOf(t, file, 1)
	audio, blocks := trackOf(t, file, 2)
	early := slices.Clone(frames)
	for i := range early {
		early[i].Offset -= frames[0].Offset
	}
	for _, c := range []struct {
		name    string
		track   media.Track
		samples []media.Sample
		least   int
		late    media.Ticks // ffmpeg shows all of a track later by its most negative offset
	}{
		{"video with B frames", video, frames, 60, 0},
		{"video with negative offsets", video, early, 60, 3000},
		{"audio", audio, blocks, 80, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if len(c.samples) < c.least {
				t.Fatalf("the clip has only %d samples", len(c.samples))
			}
			last := c.samples[len(c.samples)-1].DTS
			end := last + c.samples[1].DTS - c.samples[0].DTS
			path := filepath.Join(t.TempDir(), "out.mp4")
			if err := os.WriteFile(path, written(t, c.track, c.samples, end), 0o644); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Packets []packet `json:"packets"`
				Streams []struct {
					Frames string `json:"nb_read_frames"`
				} `json:"streams"`
			}
			report := tool(t, "ffprobe", "-v", "error", "-show_packets", "-show_streams", "-count_frames", "-of", "json", path)
			if err := json.Unmarshal(report, &got); err != nil {
				t.Fatal(err)
			}
			want := packets(c.samples, end, c.late)
			if c.track.ID.Kind == media.Audio {
				want[0].Duration = 0 // ffprobe does not know it, in files of ffmpeg's own either
			}
			if diff := cmp.Diff(want, got.Packets); diff != "" {
				t.Errorf("packets (-want +got):\n%s", diff)
			}
			if len(got.Streams) != 1 || got.Streams[0].Frames != strconv.Itoa(len(c.samples)) {
				t.Errorf("streams %+v for %d samples", got.Streams, len(c.samples))
			}
			tool(t, "ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-")
		})
	}
}

// packets returns what ffprobe should say of samples.
func packets(samples []media.Sample, end, late media.Ticks) []packet {
	all := make([]packet, len(samples))
	for i, s := range samples {
		next := end
		if i+1 < len(samples) {
			next = samples[i+1].DTS
		}
		flags := "__"
		if s.Key {
			flags = "K_"
		}
		all[i] = packet{
			PTS: int64(s.PTS() + late), DTS: int64(s.DTS), Duration: int64(next - s.DTS),
			Size: strconv.Itoa(len(s.Data)), Flags: flags,
		}
	}
	return all
}

// written returns the header of track and samples in chunks of eight; every
// key frame of a video starts a segment.
func written(t *testing.T, track media.Track, samples []media.Sample, end media.Ticks) []byte {
	t.Helper()
	out, err := cmaf.Header(track)
	if err != nil {
		t.Fatal(err)
	}
	f := cmaf.NewFragmenter(track, 1)
	for _, s := range samples {
		starts := s.Key && track.ID.Kind == media.Video
		if f.Len() == 8 || starts {
			out = append(out, f.Flush(s.DTS)...)
		}
		if starts {
			f.StartSegment()
		}
		if err := f.Append(s); err != nil {
			t.Fatal(err)
		}
	}
	return append(out, f.Flush(end)...)
}

// TestSilenceOfOpus has ffmpeg decode the silence of Opus in all lengths of packets that
// there are frames for: it complains of nothing, and nothing is to be heard.
func TestSilenceOfOpus(t *testing.T) {
	for _, c := range []struct {
		channels byte
		length   int // samples
	}{{1, 120}, {2, 240}, {1, 480}, {2, 960}, {1, 1920}, {2, 2880}, {1, 5760}} {
		opus := codec.Opus{Config: []byte{0, c.channels, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0}, Channels: int(c.channels), Frame: c.length}
		track := opus.Track(media.TrackID{Kind: media.Audio})
		frame := codec.SilentFrame(track)
		if n, ok := codec.OpusLength(frame); !ok || n != c.length {
			t.Fatalf("%d samples: % x has %d", c.length, frame, n)
		}
		file, err := cmaf.Header(track)
		if err != nil {
			t.Fatal(err)
		}
		const second = 48000
		chunks := cmaf.NewFragmenter(track, 1)
		chunks.StartSegment()
		at := media.Ticks(0)
		for ; at < second; at += track.FrameTicks {
			if err := chunks.Append(media.Sample{Track: track.ID, Key: true, DTS: at, Data: frame}); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "silence.mp4")
		if err := os.WriteFile(path, append(file, chunks.Flush(at)...), 0o600); err != nil {
			t.Fatal(err)
		}
		pcm := tool(t, "ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", path, "-f", "s16le", "-")
		if want := int(at) * 2 * int(c.channels); len(pcm) != want || len(bytes.Trim(pcm, "\x00")) > 0 {
			t.Errorf("%d samples: %d bytes, want %d of zeros", c.length, len(pcm), want)
		}
	}
}
