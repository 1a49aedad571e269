package metrics_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/metrics"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

type source []stream.Vitals

func (s source) Vitals() []stream.Vitals { return s }

type full struct{}

func (full) Backlog() (blobs, bytes int64) { return 3, 4096 }

func (full) Failing() error { return errors.New("no space left on device") }

func TestMetrics(t *testing.T) {
	show := stream.Vitals{
		Name: stream.Name{App: "live", Key: "show"}, Publishing: true, Publishers: 3, Periods: 4,
		Drift: -50, Behind: 250 * time.Millisecond, Window: 12 * time.Second, Narrowed: 2, Lost: 5,
	}
	show.Films = []stream.Film{{Track: media.TrackID{Kind: media.Video, Index: 1}, Offset: -40 * time.Millisecond, LeftOut: true}}
	show.Repairs[timeline.JumpedBack] = 7
	answer := httptest.NewRecorder()
	metrics.New(source{show}, full{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
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
		`sluice_store_waiting_segments 3`, `sluice_store_waiting_bytes 4096`, `sluice_store_failing 1`,
		`sluice_stream_repairs_total{repair="drift corrected",stream="live/show"} 0`,
		`sluice_build_info{goversion="` + runtime.Version() + `",revision="unknown",version="devel"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), "\n"+line+"\n") {
			t.Errorf("there is no %s in\n%s", line, answer.Body.String())
		}
	}
}
