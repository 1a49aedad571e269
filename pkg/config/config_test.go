package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/pkg/config"
)

// sample is the file that is delivered with Sluice.
const sample = "../../configs/sluice.yml"

func values() cmp.Option { return cmpopts.IgnoreUnexported(config.Config{}) }

// load reads a file that is called sluice.yml in errors.
func load(t *testing.T, yaml string, environ ...string) (config.Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("sluice.yml", []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load("sluice.yml", environ)
}

func TestSampleIsTheDefault(t *testing.T) {
	cfg, err := config.Load(sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), cfg, values()); diff != "" {
		t.Error(diff)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	last := ""
	for _, s := range cfg.Settings() {
		if !strings.HasPrefix(s.Origin, sample+":") {
			t.Errorf("%s is not in %s", s.Key, sample)
		}
		if len(s.Origin) < len(last) || len(s.Origin) == len(last) && s.Origin < last {
			t.Errorf("%s is out of order in %s", s.Key, sample)
		}
		last = s.Origin
	}
}

func TestSampleExplainsEverything(t *testing.T) {
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	comment, lines := false, strings.Split(string(text), "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		section := strings.HasSuffix(line, ":")
		if line != "" && !strings.HasPrefix(line, "#") && !section && !comment {
			t.Errorf("%s:%d: no comment above", sample, i+1)
		}
		comment = strings.HasPrefix(line, "#") || comment && section
	}
}

func TestDefaultIsValid(t *testing.T) {
	if err := config.Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestLayers(t *testing.T) {
	cfg, err := load(t, "rtmp:\n  address: ':1'\n  idle_timeout: 1m\n  max_connections: 7\n",
		"SLUICE_RTMP_ADDRESS=:2", "HOME=/", "SLUICE_TS_CACHE_BYTES=3 MiB", "SLUICE_LOG_FORMAT=console",
		"SLUICE_SERVICE_HOST=10.0.0.1", "SLUICE_SERVICE_PORT_RTMP=1935", "SLUICE_PORT=tcp://10.0.0.1:1935",
		"SLUICE_PORT_1935_TCP_ADDR=10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	before := cfg
	if err := cfg.Set("--segments", "store.path", "/tmp/x"); err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.RTMP.Address = ":2"
	want.RTMP.IdleTimeout = time.Minute
	want.RTMP.MaxConnections = 7
	want.TS.CacheBytes = 3 * config.MiB
	want.Log.Format = config.Console
	if diff := cmp.Diff(want, before, values()); diff != "" {
		t.Error(diff)
	}
	want.Store.Path = "/tmp/x"
	if diff := cmp.Diff(want, cfg, values()); diff != "" {
		t.Error(diff)
	}
	origins := map[string]string{}
	for _, s := range cfg.Settings() {
		if s.Origin != "" {
			origins[s.Key] = s.Origin
		}
	}
	wantOrigins := map[string]string{
		"rtmp.address": "SLUICE_RTMP_ADDRESS", "rtmp.idle_timeout": "sluice.yml:3",
		"rtmp.max_connections": "sluice.yml:4", "ts.cache_bytes": "SLUICE_TS_CACHE_BYTES",
		"log.format": "SLUICE_LOG_FORMAT", "store.path": "--segments",
	}
	if diff := cmp.Diff(wantOrigins, origins); diff != "" {
		t.Error(diff)
	}
}

// errorCases are files and variables with one mistake each.
var errorCases = []struct {
	name, yaml string
	environ    []string
	want       string
}{
	{"unknown key", "rtmp:\n\n  adress: ':1'\n", nil, "sluice.yml:3: rtmp.adress: unknown key (did you mean rtmp.address?)"},
	{"unknown section", "http: {address: ':1'}\nrtpm:\n  address: ':1'\n", nil, "sluice.yml:2: rtpm: unknown key (did you mean rtmp?)"},
	{"nothing near", "quality: high\n", nil, "sluice.yml:1: quality: unknown key"},
	{"too deep", "rtmp:\n  address:\n    port: 1\n", nil, "sluice.yml:3: rtmp.address: a section stands where one value should"},
	{"too flat", "rtmp: ':1935'\n", nil, `sluice.yml:1: rtmp: ":1935" stands where a section with keys should`},
	{"list", "rtmp:\n  address: [':1', ':2']\n", nil, "sluice.yml:2: rtmp.address: a list stands where one value should"},
	{"list of sections", "- rtmp\n- http\n", nil, "sluice.yml:1: a list stands where a section with keys should"},
	{"duplicate key", "log:\n  level: info\n  format: json\n  level: warn\n", nil, "sluice.yml:4: log.level: stands here a second time (first in line 2)"},
	{"duplicate section", "log: {level: info}\nlog: {format: json}\n", nil, "sluice.yml:2: log: stands here a second time (first in line 1)"},
	{"alias", "rtmp: &a\n  address: ':1'\nhttp: *a\n", nil, "sluice.yml:3: http: an alias stands where a section should"},
	{"merge", "rtmp: {<<: {address: ':1'}}\n", nil, "sluice.yml:1: rtmp.<<: unknown key"},
	{"no value", "rtmp:\n  address:\n", nil, "sluice.yml:2: rtmp.address: has no value"},
	{"number for a span", "rtmp:\n  idle_timeout: 30\n", nil, `sluice.yml:2: rtmp.idle_timeout: "30" is not a span of time such as 30s or 250ms`},
	{"text for a number", "rtmp:\n  max_connections: many\n", nil, `sluice.yml:2: rtmp.max_connections: "many" is not a whole number`},
	{"fraction for a number", "rtmp:\n  max_connections: 1.5\n", nil, `sluice.yml:2: rtmp.max_connections: "1.5" is not a whole number`},
	{"unit", "ts:\n  cache_bytes: 64M\n", nil, `sluice.yml:2: ts.cache_bytes: "64M" is not a size such as 64MiB or 512KiB`},
	{"choice", "store:\n  type: s3\n", nil, `sluice.yml:2: store.type: "s3" is not one of disk, memory`},
	{"level", "log:\n  level: loud\n", nil, `sluice.yml:2: log.level: "loud" is not one of trace, debug, info, warn, error`},
	{"syntax", "rtmp:\n  address: ':1'\n bad\n", nil, "sluice.yml:2: did not find expected key"},
	{"tab", "rtmp:\n\taddress: ':1'\n", nil, "sluice.yml:2: found character that cannot start any token"},
	{"two documents", "log: {level: info}\n---\nlog: {level: warn}\n", nil, "sluice.yml: more than one YAML document"},
	{"variable unknown", "", []string{"SLUICE_RTMP_ADRESS=:1"}, "SLUICE_RTMP_ADRESS: unknown variable (did you mean SLUICE_RTMP_ADDRESS?)"},
	{"variable of a section", "", []string{"SLUICE_LOG=json"}, "SLUICE_LOG: unknown variable"},
	{"variable's type", "", []string{"SLUICE_SEGMENT_PART=quick"}, `SLUICE_SEGMENT_PART: segment.part: "quick" is not a span of time such as 30s or 250ms`},
}

func TestErrors(t *testing.T) {
	for _, c := range errorCases {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.yaml, c.environ...)
			var settingError *config.Error
			if !errors.As(err, &settingError) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestNothingIsAFile(t *testing.T) {
	for _, yaml := range []string{"", "# all defaults\n", "rtmp:\n#  address: ':1'\n", "---\n", "null\n"} {
		cfg, err := load(t, yaml)
		if err != nil {
			t.Errorf("%q: %v", yaml, err)
		}
		if diff := cmp.Diff(config.Default(), cfg, values()); diff != "" {
			t.Errorf("%q: %s", yaml, diff)
		}
	}
}

func TestMissingFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := config.Load("none.yml", nil); err == nil || err.Error() != "none.yml: no such file or directory" {
		t.Errorf("a file that was asked for: %v", err)
	}
	if _, err := config.Load("", nil); err != nil {
		t.Errorf("the default one: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(config.DefaultPath), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config.DefaultPath, []byte("log: {level: warn}"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load("", nil)
	if err != nil || cfg.Log.Level.String() != "warn" {
		t.Errorf("the default one is there: %v, level %v", err, cfg.Log.Level)
	}
}

// invalidCases have values of the right type that cannot be.
var invalidCases = []struct{ yaml, want string }{
	{"rtmp:\n  address: '1935'", `sluice.yml:2: rtmp.address: "1935" is not an address such as :1935 or 127.0.0.1:1935`},
	{"rtmp:\n  address: 'host:70000'", `sluice.yml:2: rtmp.address: "70000" is not a port, in "host:70000"`},
	{"http: {address: ''}", `sluice.yml:1: http.address: "" is not an address such as :1935 or 127.0.0.1:1935`},
	{"http: {address: ':1935'}", "sluice.yml:1: http.address: :1935 is the address of both RTMP and HTTP"},
	{"rtmp: {max_connections: 0}", "sluice.yml:1: rtmp.max_connections: 0 is not within 1 and 1000000"},
	{"rtmp: {idle_timeout: -1s}", "sluice.yml:1: rtmp.idle_timeout: -1s is not within 100ms and 1h"},
	{"store: {path: ''}", "sluice.yml:1: store.path: a disk store needs a directory"},
	{"limits: {memory: 0}", "sluice.yml:1: limits.memory: 0 is not within 1MiB and 1024GiB"},
	{"limits:\n  disk: 2097152GiB", "sluice.yml:2: limits.disk: 2097152GiB is not within 0 and 1048576GiB"},
	{"segment: {part: 50ms}", "sluice.yml:1: segment.part: 50ms is not within 100ms and 1s"},
	{"segment: {part: 1s, duration: 500ms}", "sluice.yml:1: segment.part: 1s is more than segment.duration, 500ms"},
	{"segment:\n  duration: 12s", "sluice.yml:2: segment.duration: segment.max does not go with it: 10s is less than segment.duration, 12s"},
	{"window: {duration: 20s}", "sluice.yml:1: window.duration: 20s is less than 3 times segment.max, 10s"},
	{"segment: {max: 20s}", "sluice.yml:1: segment.max: window.duration does not go with it: 30s is less than 3 times segment.max, 20s"},
	{"ts: {cache_bytes: 5}", "sluice.yml:1: ts.cache_bytes: 5B is not within 1MiB and 1024GiB"},
}

func TestValidate(t *testing.T) {
	for _, c := range invalidCases {
		cfg, err := load(t, c.yaml)
		if err != nil {
			t.Errorf("%s: %v", c.yaml, err)
			continue
		}
		if err := cfg.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestValidateNamesTheSource(t *testing.T) {
	cfg, err := load(t, "", "SLUICE_SEGMENT_PART=2s")
	if err != nil {
		t.Fatal(err)
	}
	want := "SLUICE_SEGMENT_PART: segment.part: 2s is not within 100ms and 1s"
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := cfg.Set("--part", "segment.part", "3s"); err != nil {
		t.Fatal(err)
	}
	want = "--part: segment.part: 3s is not within 100ms and 1s"
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := cfg.Set("--x", "segment.parts", "3s"); err == nil {
		t.Error("an unknown key was set")
	}
}

func TestSettingsReadBack(t *testing.T) {
	cfg := config.Default()
	for _, s := range cfg.Settings() {
		if err := cfg.Set("test", s.Key, s.Value); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(config.Default(), cfg, values()); diff != "" {
		t.Error(diff)
	}
}

var sizeCases = []struct {
	text string
	size config.Size
	back string // "" for an error
}{
	{"64MiB", 64 << 20, "64MiB"},
	{"0", 0, "0"},
	{"1000", 1000, "1000B"},
	{"1000B", 1000, "1000B"},
	{"2048", 2048, "2KiB"},
	{"1024 MiB", 1 << 30, "1GiB"},
	{"8589934591GiB", 8589934591 << 30, "8589934591GiB"},
	{"8589934592GiB", 0, ""},
	{"99999999999999999999", 0, ""},
	{"-1", 0, ""},
	{"1.5GiB", 0, ""},
	{"MiB", 0, ""},
	{"", 0, ""},
	{"64mib", 0, ""},
}

func TestSize(t *testing.T) {
	for _, c := range sizeCases {
		got, err := config.ParseSize(c.text)
		if (err == nil) != (c.back != "") || got != c.size {
			t.Errorf("ParseSize(%q) = %d, %v", c.text, got, err)
		}
		if err == nil && got.String() != c.back {
			t.Errorf("%q prints %s, want %s", c.text, got, c.back)
		}
	}
}
