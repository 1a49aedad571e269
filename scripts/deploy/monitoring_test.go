package deploy

import (
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/pkg/hooks"
	"sluice/pkg/media"
	"sluice/pkg/metrics"
	"sluice/pkg/monitor"
	"sluice/pkg/stream"
)

// promtool returns Prometheus's own judge of its files.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(root + "/bin/tools/promtool")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, "promtool"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	t.Skip("promtool is not installed: scripts/install-test-tools.sh")
	return ""
}

// judge has promtool judge a file, or what it reads.
func judge(t *testing.T, input string, args ...string) {
	t.Helper()
	cmd := exec.Command(promtool(t), args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

type source []stream.Vitals

func (s source) Vitals() []stream.Vitals { return s }

type spool struct{}

func (spool) Backlog() (blobs, bytes int64) { return 0, 0 }

func (spool) Failing() error { return nil }

type reports []monitor.Report

func (r reports) Reports() []monitor.Report { return r }

type webhooks struct{}

func (webhooks) Tally() (t hooks.Tally) { return t }

type certificates []*x509.Certificate

func (c certificates) Leaves() []*x509.Certificate { return c }

// exposed returns what /metrics says of a gateway that has all there can be, with one
// stream.
func exposed(t *testing.T) string {
	t.Helper()
	show := stream.Vitals{Name: stream.Name{App: "live", Key: "show"}, Films: []stream.Film{{Track: media.TrackID{Kind: media.Video}}}}
	answer := httptest.NewRecorder()
	metrics.New(metrics.Sources{
		Streams: source{show}, Spool: spool{}, Webhooks: webhooks{}, Certificates: certificates{{DNSNames: []string{"tv.example"}}},
		Reports: reports{{
			App: "live", Name: "show", Tracks: []monitor.Track{{ID: "v0", Bitrate: 2_000_000, FrameRate: 25, KeyFrameLongest: 2}},
			Findings: []monitor.Finding{{Code: "late", Level: monitor.Warning}},
		}},
	}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return answer.Body.String()
}

func TestMetricsAreWellNamed(t *testing.T) { judge(t, exposed(t), "check", "metrics") }

func TestPrometheusIsConfigured(t *testing.T) {
	judge(t, "", "check", "config", root+"/configs/prometheus.yml")
}

// TestAlerts has them fire, and not fire, as testdata/alerts.yml says.
func TestAlerts(t *testing.T) { judge(t, "", "test", "rules", "testdata/alerts.yml") }

func TestEveryAlertIsTested(t *testing.T) {
	cases := read(t, "scripts/deploy/testdata/alerts.yml")
	for _, name := range slices.Sorted(maps.Keys(alerts(t))) {
		if !strings.Contains(cases, `alertname="`+name+`"`) {
			t.Errorf("%s never fires in testdata/alerts.yml", name)
		}
	}
}

// TestDashboardParses has promtool read each expression as a rule.
func TestDashboardParses(t *testing.T) {
	type rule struct{ Record, Expr string }
	var rules []rule
	for _, expr := range dashboard(t) {
		for variable, value := range map[string]string{"$__rate_interval": "1m", "$__range": "1h"} {
			expr = strings.ReplaceAll(expr, variable, value)
		}
		rules = append(rules, rule{"dashboard:expression", expr})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, "", "check", "rules", "--lint=none", path)
}

// TestOnlyMetricsThatThereAre compares what expressions name with what /metrics says.
func TestOnlyMetricsThatThereAre(t *testing.T) {
	there := map[string]bool{"up": true} // which Prometheus makes itself
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(exposed(t), -1) {
		there[m[1]] = true
	}
	expressions := append(slices.Collect(maps.Values(alerts(t))), dashboard(t)...)
	for _, expr := range expressions {
		names := namesIn(expr)
		if len(names) == 0 {
			t.Errorf("no metric in %s", expr)
		}
		for _, name := range names {
			if !there[name] {
				t.Errorf("there is no %s: %s", name, expr)
			}
		}
	}
	if all := strings.Join(expressions, "\n"); !strings.Contains(all, "sluice_build_info") {
		t.Error("the expressions were not found")
	}
}

// namesIn returns the metrics in an expression: its words but for functions, operators,
// selectors, ranges and lists of labels.
func namesIn(expr string) []string {
	for _, pattern := range []string{`"[^"]*"`, `\{[^}]*\}`, `\[[^]]*\]`, `\b(by|on|without|ignoring)\s*\([^)]*\)`, `\b\d[\w.-]*`} {
		expr = regexp.MustCompile(pattern).ReplaceAllString(expr, " ")
	}
	var names []string
	for _, m := range regexp.MustCompile(`[a-zA-Z_:][\w:]*(\s*\()?`).FindAllString(expr, -1) {
		if !strings.HasSuffix(m, "(") && !slices.Contains([]string{"and", "or", "unless", "bool", "sum", "min", "max", "count"}, m) {
			names = append(names, m)
		}
	}
	return names
}

func TestNamesIn(t *testing.T) {
	for expr, want := range map[string][]string{
		`8 * sum by (stream) (rate(a_total{stream=~"$stream"}[$__rate_interval])) or vector(0)`: {"a_total"},
		`a_seconds - time() < 14 * 86400`:                       {"a_seconds"},
		`abs(a) > 150e-6 and b == 1`:                            {"a", "b"},
		`a{job="sluice"} / on (instance) b{job="b or c"} > 0.8`: {"a", "b"},
	} {
		if got := namesIn(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", expr, got, want)
		}
	}
}

// alerts returns the expressions of all alerts, by name.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "configs/prometheus-alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			all[rule.Alert] = rule.Expr
		}
	}
	return all
}

// A panel is one of a dashboard, as far as these tests read it.
type panel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ H, W, X, Y int }
	Targets []struct{ Expr string }
}

func panels(t *testing.T) []panel {
	t.Helper()
	var file struct {
		UID    string
		Panels []panel
	}
	if err := json.Unmarshal([]byte(read(t, "configs/grafana/sluice.json")), &file); err != nil {
		t.Fatal(err)
	}
	return file.Panels
}

// dashboard returns all expressions of the dashboard.
func dashboard(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

// TestPanelsStandBesideEachOther: none is over another or sticks out, and each has
// something to show.
func TestPanelsStandBesideEachOther(t *testing.T) {
	taken, ids := make(map[[2]int]string), make(map[int]bool)
	for _, p := range panels(t) {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d, %q: no title, nothing to show, or not the only one", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, is := taken[at]; is || at[0] >= 24 {
					t.Fatalf("%q sticks out, or is over %q", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
	}
}
