package obs_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/obs"
)

var update = flag.Bool("update", false, "write the golden files anew")

// made returns the text of a wish for live/show.
func made(t *testing.T, w obs.Wish, keyInterval int) []byte {
	t.Helper()
	e, err := w.Parse()
	if err != nil {
		t.Fatal(err)
	}
	in, err := obs.NewIngest("media.example", 1935, "live", "show")
	if err != nil {
		t.Fatal(err)
	}
	text, err := obs.Make(in, e, keyInterval).Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestText(t *testing.T) {
	for name, w := range map[string]obs.Wish{
		"default": {},
		"nvenc":   {Ladder: "1920x1080@60:6000, 720p30:3000", Encoder: "nvenc", Audio: "160,64"},
		"amf":     {Ladder: "1080x1920:4000", Encoder: "amf"},
		"qsv":     {Ladder: "480p:1200", Encoder: "qsv"},
		"apple":   {Ladder: "480p29.97:1200,360p29.97:600", Encoder: "com.apple.videotoolbox.videoencoder.ave.avc"},
		"other":   {Ladder: "480p25:1200,480p25:600", Encoder: "obs_nvenc_hevc_tex"},
	} {
		t.Run(name, func(t *testing.T) {
			got := made(t, w, 2)
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// mandatory are the fields without which OBS throws the text away, by the object
// that has them; [] stands for each element of a list, of which there must be one
// at least.
var mandatory = map[string]string{
	"meta":                                  "service:string schema_version:string config_id:string",
	"ingest_endpoints.[]":                   "protocol:string url_template:string authentication:string",
	"encoder_configurations.[]":             "type:string width:number height:number framerate:object settings:object",
	"encoder_configurations.[].framerate":   "numerator:number denominator:number",
	"encoder_configurations.[].settings":    "rate_control:string bitrate:number keyint_sec:number",
	"audio_configurations.live.[]":          "codec:string track_id:number channels:number settings:object",
	"audio_configurations.live.[].settings": "bitrate:number",
	"audio_configurations.vod.[]":           "codec:string track_id:number channels:number settings:object",
}

// OBS's parser is strict about some fields, and its encoders about types.
func TestMandatoryFields(t *testing.T) {
	for _, encoder := range append(obs.Encoders(), "obs_nvenc_hevc_tex") {
		var whole any
		if err := json.Unmarshal(made(t, obs.Wish{Encoder: encoder, Audio: "160,64"}, 2), &whole); err != nil {
			t.Fatal(err)
		}
		for path, fields := range mandatory {
			objects := at(whole, strings.Split(path, "."))
			if len(objects) == 0 {
				t.Errorf("%s: no %s", encoder, path)
			}
			for _, object := range objects {
				for field := range strings.FieldsSeq(fields) {
					name, kind, _ := strings.Cut(field, ":")
					if got := kindOf(object, name); got != kind {
						t.Errorf("%s: %s.%s is %s, want %s", encoder, path, name, got, kind)
					}
				}
			}
		}
	}
}

// at returns what stands at a path.
func at(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	if path[0] != "[]" {
		object, _ := value.(map[string]any)
		return at(object[path[0]], path[1:])
	}
	var all []any
	list, _ := value.([]any)
	for _, element := range list {
		all = append(all, at(element, path[1:])...)
	}
	return all
}

func kindOf(object any, name string) string {
	fields, _ := object.(map[string]any)
	switch fields[name].(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case map[string]any:
		return "object"
	}
	return "nothing of that kind"
}

// All tracks must be cut at the same times, and none may make players wait.
func TestAllRungsHaveTheSameKeyFrames(t *testing.T) {
	for _, encoder := range obs.Encoders() {
		w := obs.Wish{Ladder: "1080p60:6000,720p60:4000,480p30:1200,360p20:600", Encoder: encoder}
		var c obs.Configuration
		if err := json.Unmarshal(made(t, w, 3), &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Video) != 4 {
			t.Fatalf("%s: %d tracks", encoder, len(c.Video))
		}
		for i, v := range c.Video {
			if v.Settings["keyint_sec"] != 3.0 || v.Settings["rate_control"] != "CBR" {
				t.Errorf("%s: track %d has %v", encoder, i, v.Settings)
			}
			if b := v.Settings["bf"]; b != 0.0 && v.Settings["bframes"] != 0.0 && v.Settings["bframes"] != false {
				t.Errorf("%s: track %d has B-frames: %v", encoder, i, v.Settings)
			}
			if v.Type == "obs_x264" && v.Settings["x264opts"] != "scenecut=0" {
				t.Errorf("track %d has key frames at scenes: %v", i, v.Settings)
			}
		}
	}
}

func TestKeyInterval(t *testing.T) {
	for segment, want := range map[time.Duration]int{
		500 * time.Millisecond: 1, time.Second: 1, 2 * time.Second: 2, 2500 * time.Millisecond: 1, 3 * time.Second: 3,
		4 * time.Second: 4, 5 * time.Second: 1, 6 * time.Second: 3, 10 * time.Second: 2, 30 * time.Second: 3, 0: 1,
	} {
		if got := obs.KeyInterval(segment); got != want {
			t.Errorf("%v: %d s, want %d s", segment, got, want)
		}
	}
}

func TestIngest(t *testing.T) {
	for _, c := range []struct {
		host string
		port int
		want string // the URL, or what the error says
	}{
		{"tv", 1935, "rtmp://tv/live/{stream_key}"},
		{"tv.example", 19350, "rtmp://tv.example:19350/live/{stream_key}"},
		{"192.0.2.1", 1, "rtmp://192.0.2.1:1/live/{stream_key}"},
		{"::1", 1935, "rtmp://[::1]/live/{stream_key}"},
		{"2001:db8::2", 1936, "rtmp://[2001:db8::2]:1936/live/{stream_key}"},
		{"", 1935, "the host to publish at is not known"},
		{"tv:1935", 1935, `"tv:1935" is no host to publish at`},
		{"fe80::1%eth0", 1935, `"fe80::1%eth0" is no host to publish at`},
		{"a/b", 1935, `"a/b" is no host to publish at`},
		{"tv\n", 1935, `"tv\n" is no host to publish at`},
		{"tv", 0, "0 is no port to publish at"},
		{"tv", 65536, "65536 is no port to publish at"},
	} {
		in, err := obs.NewIngest(c.host, c.port, "live", "show")
		if err != nil {
			if err.Error() != c.want {
				t.Errorf("%q, %d: %v, want %s", c.host, c.port, err, c.want)
			}
			continue
		}
		e, err := obs.Wish{}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		got := obs.Make(in, e, 2).Ingest
		want := []obs.Endpoint{{Protocol: "RTMP", URL: c.want, Key: "show"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q, %d:\n%s", c.host, c.port, diff)
		}
	}
}

// RTMPS comes first where there is any, since OBS takes the first.
func TestIngestWithTLS(t *testing.T) {
	for port, want := range map[int][]obs.Endpoint{
		0:    {{Protocol: "RTMP", URL: "rtmp://tv/live/{stream_key}", Key: "show"}},
		443:  {{Protocol: "RTMPS", URL: "rtmps://tv/live/{stream_key}", Key: "show"}, {Protocol: "RTMP", URL: "rtmp://tv/live/{stream_key}", Key: "show"}},
		1936: {{Protocol: "RTMPS", URL: "rtmps://tv:1936/live/{stream_key}", Key: "show"}, {Protocol: "RTMP", URL: "rtmp://tv/live/{stream_key}", Key: "show"}},
	} {
		in, err := obs.NewIngest("tv", 1935, "live", "show")
		if err != nil {
			t.Fatal(err)
		}
		encoding, err := obs.Wish{Ladder: "720p:3000"}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, obs.Make(in.WithTLS(port), encoding, 2).Ingest); diff != "" {
			t.Errorf("port %d: %s", port, diff)
		}
	}
}
