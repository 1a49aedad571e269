package gateway_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// What ffmpeg is given: a test pattern and a tone in real time, and the quickest settings.
const (
	picture = "-re -f lavfi -i testsrc2=rate=25:size=320x180 "
	sound   = "-re -f lavfi -i sine=sample_rate=48000:frequency=440 "
	both    = picture + sound + "-map 0 -map 1 "
	smaller = "-re -f lavfi -i testsrc2=rate=25:size=160x90 "
	higher  = "-re -f lavfi -i sine=sample_rate=48000:frequency=880 "

	x264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "
	x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none"

	// hdr makes pictures in high dynamic range, of which ffmpeg knows the light when it reads them.
	hdr = "-f lavfi -i testsrc2=rate=25:size=320x180,format=yuv420p10le," +
		"setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv -t 6 " + x265 +
		":colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:" +
		"master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1) -f matroska -"
)

// encoders are publications, and the tracks and codec strings that come of them: %d is the level
// that ffprobe reads.
var encoders = []struct {
	name   string
	before string // what makes the input
	args   string
	want   []string
}{
	{"hevc-aac", "", both + x265 + " -c:a aac", []string{"v0 hvc1.1.6.L%d.90", "a0 mp4a.40.2"}},
	{
		"av1-opus", "", both + "-c:v libaom-av1 -usage realtime -cpu-used 8 -b:v 200k -pix_fmt yuv420p -c:a libopus -b:a 64k",
		[]string{"v0 av01.0.%02dM.08.0.110.02.02.02.0", "a0 Opus"},
	},
	{
		"vp9-opus", "", both + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 200k -pix_fmt yuv420p -c:a libopus -b:a 64k",
		[]string{"v0 vp09.00.11.08", "a0 Opus"},
	},
	{"avc-flac", "", both + x264 + "-c:a flac", []string{"v0 avc1.42C0%02X", "a0 fLaC"}},
	{"avc-ac3", "", both + x264 + "-c:a ac3", []string{"v0 avc1.42C0%02X", "a0 ac-3"}},
	{"avc-eac3", "", both + x264 + "-c:a eac3", []string{"v0 avc1.42C0%02X", "a0 ec-3"}},
	{"hevc-hdr", hdr, "-re -f matroska -i pipe:0 " + sound + "-map 0 -map 1 " + x265 + " -c:a aac", []string{"v0 hvc1.2.4.L%d.90", "a0 mp4a.40.2"}},
	{
		"multitrack", "", picture + smaller + sound + higher + "-map 0 -map 1 -map 2 -map 3 " + x264 + "-b:v:0 300k -b:v:1 100k -c:a aac",
		[]string{"v0 avc1.42C0%02X", "v1 avc1.42C0%02X", "a0 mp4a.40.2", "a1 mp4a.40.2"},
	},
	{ // pictures that the one encoder reorders, and the other does not
		"reordered", "", picture + smaller + sound + higher + "-map 0 -map 1 -map 2 -map 3 " + x264 + "-bf:v:0 0 -bf:v:1 2 -c:a aac",
		[]string{"v0 avc1.42C0%02X", "v1 avc1.4D40%02X", "a0 mp4a.40.2", "a1 mp4a.40.2"},
	},
}

// TestEncoders publishes live with a new ffmpeg, which writes the same to a file: what ffprobe
// reads of that it reads of HLS and DASH, frame for frame, and their texts say it too.
func TestEncoders(t *testing.T) {
	t.Parallel()
	f := findNewFFmpeg(t)
	s := start(t)
	for _, e := range encoders {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			stream := "live/" + e.name
			var input string
			if e.before != "" {
				input = f.run(t, "ffmpeg", "", e.before)
			}
			sent := f.run(t, "ffmpeg", input, e.args+" -t 6 -g 25 -flags +global_header -f tee "+s.tee(e.name, stream))
			s.ended(stream, "v0")
			var codecs []string
			for _, want := range e.want {
				track, text, _ := strings.Cut(want, " ")
				selected := "-select_streams " + track[:1] + ":" + track[1:]
				published := f.probe(t, sent, selected+" pipe:0")
				wantProbed(t, "HLS "+track, f.probe(t, "", s.http+"/"+stream+"/"+track+"/index.m3u8"), published)
				wantProbed(t, "DASH "+track, f.probe(t, "", selected+" "+s.http+"/"+stream+"/index.mpd"), published)
				if strings.Contains(text, "%") {
					text = fmt.Sprintf(text, int(published.Streams[0]["level"].(float64)))
				}
				codecs = append(codecs, text)
			}
			s.wantTexts(t, stream, codecs)
		})
	}
}

// tee returns where ffmpeg is to write: to the gateway, and the same to its standard output, there
// without parameter sets of HEVC in band: x265 writes them for high dynamic range, and the
// gateway takes them out.
func (s *server) tee(name, stream string) string {
	file := "f=mp4:movflags=frag_keyframe+delay_moov+default_base_moof"
	if strings.HasPrefix(name, "hevc") {
		file += ":bsfs/v=filter_units=remove_types=32-34"
	}
	return "[f=flv:flvflags=no_duration_filesize]" + s.rtmp + "/" + stream + "|[" + file + "]pipe:1"
}

// wantTexts checks what a viewer is told of tracks which have these codec strings: as many of
// video as of audio.
func (s *server) wantTexts(t *testing.T, stream string, codecs []string) {
	t.Helper()
	list, manifest := s.get("/"+stream+"/index.m3u8"), s.get("/"+stream+"/index.mpd")
	half := len(codecs) / 2
	pictures := codecs[:half] // again as key frames alone
	if told, want := inQuotes(manifest, " codecs"), slices.Concat(codecs, pictures); !slices.Equal(told, want) {
		t.Errorf("the manifest has the codecs %q, want %q:\n%s", told, want, manifest)
	}
	var variants, renditions, keys []string
	for i, video := range pictures {
		variants = append(variants, video+","+codecs[half])
		renditions = append(renditions, "a"+strconv.Itoa(i)+"/index.m3u8")
		keys = append(keys, "v"+strconv.Itoa(i)+"/iframes.m3u8")
	}
	variants, renditions = slices.Concat(variants, codecs[half:half+1], pictures), append(renditions, keys...)
	if told := inQuotes(list, "CODECS"); !slices.Equal(told, variants) {
		t.Errorf("the playlist has the codecs %q, want %q:\n%s", told, variants, list)
	}
	if told := inQuotes(list, "URI"); !slices.Equal(told, renditions) {
		t.Errorf("the playlist has the audio %q, want %q:\n%s", told, renditions, list)
	}
	video := s.get("/" + stream + "/v0/index.m3u8")
	header := s.get("/" + stream + "/v0/" + inQuotes(video, "URI")[0])
	isHDR := strings.HasSuffix(stream, "hdr")
	for text, sign := range map[string]string{list: "VIDEO-RANGE=PQ", manifest: `TransferCharacteristics" value="16"`, header: "mdcv"} {
		if strings.Contains(text, sign) != isHDR {
			t.Errorf("%q is in it: %v, want %v:\n%s", sign, !isHDR, isHDR, text)
		}
	}
	for i := range half {
		other := s.get("/" + stream + "/v" + strconv.Itoa(i) + "/index.m3u8")
		if n := len(segmentsIn(video)); n < 2 || !slices.Equal(segmentsIn(video), segmentsIn(other)) {
			t.Errorf("segments begin at different times:\n%s\n%s", video, other)
		}
	}
}

// inQuotes returns all values of an attribute.
func inQuotes(text, name string) (values []string) {
	for _, m := range regexp.MustCompile(name+`="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		values = append(values, m[1])
	}
	return values
}

// segmentsIn returns when the segments of a playlist are shown.
func segmentsIn(list string) []string {
	return regexp.MustCompile(`(?m)^#EXT-X-PROGRAM-DATE-TIME:.*$`).FindAllString(list, -1)
}

// A probed is what ffprobe says of a track.
type probed struct {
	Packets []probedPacket   `json:"packets"`
	Streams []map[string]any `json:"streams"`
}

type probedPacket struct {
	Time  string `json:"pts_time"`
	Flags string `json:"flags"`
	Hash  string `json:"data_hash"`
}

// after returns how many seconds p is shown after another one.
func (p probedPacket) after(t *testing.T, other probedPacket) float64 {
	t.Helper()
	is, err := strconv.ParseFloat(p.Time, 64)
	was, err2 := strconv.ParseFloat(other.Time, 64)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return is - was
}

// wantProbed checks that what came of a track is what was sent of it.
func wantProbed(t *testing.T, what string, got, sent probed) {
	t.Helper()
	if diff := gocmp.Diff(sent.Streams, got.Streams); diff != "" {
		t.Errorf("%s (-sent +got):\n%s", what, diff)
	}
	early := 0
	if strings.HasSuffix(what, "a0") || strings.HasSuffix(what, "a1") {
		early = 2 // frames that may be in front of the first picture
	}
	missing := len(sent.Packets) - len(got.Packets)
	if missing < 0 || missing > early || len(got.Packets) == 0 {
		t.Fatalf("%s: %d packets of %d", what, len(got.Packets), len(sent.Packets))
	}
	for i, g := range got.Packets {
		w := sent.Packets[missing+i]
		passed, want := g.after(t, got.Packets[0]), w.after(t, sent.Packets[missing])
		if g.Hash != w.Hash || g.Flags[0] != w.Flags[0] || math.Abs(passed-want) > 0.002 {
			t.Fatalf("%s: packet %d of %d is %+v after %f s, and was sent as %+v after %f s", what, i, len(got.Packets), g, passed, w, want)
		}
	}
}

// A newFFmpeg is how ffmpeg is called, which may be a command of several words.
type newFFmpeg []string

// findNewFFmpeg returns one that knows Enhanced RTMP v2.
func findNewFFmpeg(t *testing.T) newFFmpeg {
	t.Helper()
	const variable, oldest = "SLUICE_FFMPEG", 62 // version of libavformat in FFmpeg 8
	named := os.Getenv(variable)
	f := newFFmpeg(strings.Fields(cmp.Or(named, "ffmpeg")))
	version, err := run(f[0], append(f[1:], "-version")...)
	m := regexp.MustCompile(`libavformat +(\d+)\.`).FindStringSubmatch(version)
	switch {
	case m != nil:
		if major, _ := strconv.Atoi(m[1]); major >= oldest {
			return f
		}
	case named != "":
		t.Fatalf("%s=%q: %v", variable, named, err)
	}
	t.Skipf("%v is no FFmpeg 8 or newer: set %s to the command of one, such as /opt/ffmpeg/bin/ffmpeg, with ffprobe beside it", f, variable)
	return nil
}

// run runs ffmpeg or ffprobe with something to read, and returns what it printed.
func (f newFFmpeg) run(t *testing.T, tool, input, args string) string {
	t.Helper()
	last := len(f) - 1
	words := append(slices.Clone(f[:last]), strings.TrimSuffix(f[last], "ffmpeg")+tool, "-hide_banner", "-v", "error")
	text, err := runOn(input, words[0], append(words[1:], strings.Fields(args)...)...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// probe reads and decodes the one track that is left of some input.
func (f newFFmpeg) probe(t *testing.T, input, file string) (p probed) {
	t.Helper()
	const entries = "-count_frames -show_data_hash sha256 -of json -show_entries packet=pts_time,flags,data_hash:" +
		"stream=codec_name,profile,level,width,height,pix_fmt,color_space,color_transfer,color_primaries,sample_rate,channels,nb_read_frames:" +
		"stream_side_data=red_x,white_point_y,max_luminance,min_luminance,max_content,max_average "
	text := f.run(t, "ffprobe", input, entries+file)
	if err := json.Unmarshal([]byte(text), &p); err != nil || len(p.Streams) != 1 {
		t.Fatalf("%s: %v\n%s", file, err, text)
	}
	decoded := p.Streams[0]["nb_read_frames"]
	if all := strconv.Itoa(len(p.Packets)); decoded != all && input == "" {
		t.Errorf("%s: %v frames can be decoded of %v", file, decoded, all)
	}
	delete(p.Streams[0], "nb_read_frames")
	return p
}
