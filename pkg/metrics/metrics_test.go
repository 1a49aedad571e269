package metrics_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/pkg/hooks"
	"sluice/pkg/media"
	"sluice/pkg/metrics"
	"sluice/pkg/monitor"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

type source []stream.Vitals

func (s source) Vitals() []stream.Vitals { return s }

type reports []monitor.Report

func (r reports) Reports() []monitor.Report { return r }

type full struct{}

func (full) Backlog() (blobs, bytes int64) { return 3, 4096 }

func (full) Failing() error { return errors.New("no space left on device") }

type told struct{}

func (told) Tally() hooks.Tally {
	return hooks.Tally{Delivered: 1, Retried: 2, Failed: 3, Dropped: 4, Waiting: 5}
}

type leaves []*x509.Certificate

func (l leaves) Leaves() []*x509.Certificate { return l }

// certificates are two for one host, with different keys, and one for another.
func certificates() leaves {
	a, b := []string{"a.example"}, []string{"b.example", "c.example"}
	return leaves{
		{DNSNames: a, NotAfter: time.Unix(3000, 0)},
		{DNSNames: a, NotAfter: time.Unix(2000, 0)},
		{DNSNames: b, NotAfter: time.Unix(4000, 0)},
	}
}

func TestMetrics(t *testing.T) {
	show := stream.Vitals{
		Name: stream.Name{App: "live", Key: "show"}, Publishing: true, Publishers: 3, Periods: 4,
		Drift: -50, Behind: 250 * time.Millisecond, Window: 12 * time.Second, Narrowed: 2, Lost: 5,
	}
	show.Films = []stream.Film{{Track: media.TrackID{Kind: media.Video, Index: 1}, Offset: -40 * time.Millisecond, LeftOut: true}}
	show.Repairs[timeline.JumpedBack] = 7
	answer := httptest.NewRecorder()
	metrics.New(metrics.Sources{
		Streams: source{show}, Spool: full{}, Webhooks: told{}, Certificates: certificates(),
		Reports: reports{{
			App: "live", Name: "show", Viewers: 3,
			Tracks:   []monitor.Track{{ID: "v0", Bitrate: 2_600_000, FrameRate: 29.97, KeyFrameLongest: 2}, {ID: "a0", Bitrate: 128_000}},
			Findings: []monitor.Finding{{Code: "late", Level: monitor.Warning}, {Code: "late", Level: monitor.Warning, Track: "v0"}},
		}},
	}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`sluice_stream_publishing{stream="live/show"} 1`,
		`sluice_stream_publishers_total{stream="live/show"} 3`,
		`sluice_stream_periods_total{stream="live/show"} 4`,
		`sluice_stream_clock_drift_ratio{stream="live/show"} -5e-05`,
		`sluice_stream_behind_seconds{stream="live/show"} 0.25`,
		`sluice_stream_window_seconds{stream="live/show"} 12`,
		`sluice_stream_window_shortened_total{stream="live/show"} 2`,
		`sluice_stream_track_offset_seconds{stream="live/show",track="v1"} -0.04`,
		`sluice_stream_track_left_out{stream="live/show",track="v1"} 1`,
		`sluice_stream_lost_segments_total{stream="live/show"} 5`,
		`sluice_stream_repairs_total{repair="clock jumped back",stream="live/show"} 7`,
		`sluice_stream_viewers{stream="live/show"} 3`,
		`sluice_stream_track_bytes_per_second{stream="live/show",track="a0"} 16000`,
		`sluice_stream_frame_rate_hertz{stream="live/show",track="v0"} 29.97`,
		`sluice_stream_key_frame_interval_seconds{stream="live/show",track="v0"} 2`,
		`sluice_stream_finding{finding="late",level="warning",stream="live/show"} 1`,
		`sluice_webhook_deliveries_total{result="delivered"} 1`, `sluice_webhook_deliveries_total{result="retried"} 2`,
		`sluice_webhook_deliveries_total{result="failed"} 3`, `sluice_webhook_deliveries_total{result="dropped"} 4`, `sluice_webhook_queue 5`,
		`sluice_tls_certificate_expiry_seconds{names="a.example"} 2000`,
		`sluice_tls_certificate_expiry_seconds{names="b.example,c.example"} 4000`,
		`sluice_store_waiting_segments 3`, `sluice_store_waiting_bytes 4096`, `sluice_store_failing 1`,
		`sluice_stream_repairs_total{repair="drift corrected",stream="live/show"} 0`,
		`sluice_build_info{goversion="` + runtime.Version() + `",revision="unknown",version="devel"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), "\n"+line+"\n") {
			t.Errorf("there is no %s in\n%s", line, answer.Body.String())
		}
	}
}
