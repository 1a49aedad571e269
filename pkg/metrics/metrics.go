// Package metrics tells Prometheus what goes on.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sluice/pkg/hooks"
	"sluice/pkg/monitor"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
	"sluice/pkg/version"
)

// A Source knows how streams are.
type Source interface {
	Vitals() []stream.Vitals
}

// Reports say what goes on as people see it.
type Reports interface {
	Reports() []monitor.Report
}

// A Spool holds segments that are not written yet.
type Spool interface {
	Backlog() (blobs, bytes int64)
	Failing() error
}

// Webhooks are told of events.
type Webhooks interface {
	Tally() hooks.Tally
}

// Sources are what metrics are made of.
type Sources struct {
	Streams      Source
	Reports      Reports
	Webhooks     Webhooks
	Spool        Spool        // nil if there is none
	Certificates Certificates // nil without TLS
}

// New returns a handler that answers in the exposition formats of Prometheus. It
// reads the sources when it is asked.
func New(s Sources) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
		buildInfo(version.Read()), &streams{s.Streams}, &watched{s.Reports}, &deliveries{s.Webhooks},
	)
	if s.Spool != nil {
		registry.MustRegister(&backlog{s.Spool})
	}
	if s.Certificates != nil {
		registry.MustRegister(&expiries{s.Certificates})
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// buildInfo returns which Sluice this is, as labels of a 1.
func buildInfo(v version.Info) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sluice_build_info", Help: "Which Sluice this is.",
		ConstLabels: prometheus.Labels{"version": v.Version, "revision": v.Commit, "goversion": v.Go},
	}, func() float64 { return 1 })
}

// backlog collects what there is of a spool.
type backlog struct{ Spool }

// Describe implements prometheus.Collector.
func (b *backlog) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (b *backlog) Collect(out chan<- prometheus.Metric) {
	send := func(name, help string, value float64) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("sluice_store_"+name, help, nil, nil), prometheus.GaugeValue, value)
	}
	blobs, bytes := b.Backlog()
	send("waiting_segments", "Segments that wait in memory to be written to the disk.", float64(blobs))
	send("waiting_bytes", "Bytes of the segments that wait to be written.", float64(bytes))
	send("failing", "1 while the disk is full, slow or broken.", truth(b.Failing() != nil))
}

// deliveries collects what became of events.
type deliveries struct{ Webhooks }

// Describe implements prometheus.Collector.
func (d *deliveries) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (d *deliveries) Collect(out chan<- prometheus.Metric) {
	tally := d.Tally()
	total := prometheus.NewDesc("sluice_webhook_deliveries_total", "Events for webhooks: delivered, retried (tries that failed and were not the last), failed (refused, or tried too often) and dropped (too many waited).", []string{"result"}, nil)
	for result, n := range map[string]uint64{"delivered": tally.Delivered, "retried": tally.Retried, "failed": tally.Failed, "dropped": tally.Dropped} {
		out <- prometheus.MustNewConstMetric(total, prometheus.CounterValue, float64(n), result)
	}
	waiting := prometheus.NewDesc("sluice_webhook_queue", "Events that wait for webhooks.", nil, nil)
	out <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, float64(tally.Waiting))
}

// truth returns 1 for what is true, or else 0.
func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// watched collects what is watched of each stream.
type watched struct{ Reports }

// Describe implements prometheus.Collector.
func (w *watched) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (w *watched) Collect(out chan<- prometheus.Metric) {
	viewers := desc("viewers", "About how many watch, where no CDN stands between.")
	bytes := desc("track_bytes_per_second", "Bytes a second of the newest segments of a track.", "track")
	frameRate := desc("frame_rate_hertz", "Frames a second of the newest segments of a track of video.", "track")
	keyFrames := desc("key_frame_interval_seconds", "Longest time from one key frame to the next, of the newest eight.", "track")
	finding := desc("finding", "1 for each thing that its broadcaster should change.", "finding", "level")
	for _, r := range w.Reports.Reports() {
		name := r.App + "/" + r.Name
		send := func(desc *prometheus.Desc, value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{name}, labels...)...)
		}
		send(viewers, float64(r.Viewers))
		for _, t := range r.Tracks {
			send(bytes, float64(t.Bitrate)/8, t.ID)
			if t.FrameRate > 0 {
				send(frameRate, t.FrameRate, t.ID)
			}
			if t.KeyFrameLongest > 0 {
				send(keyFrames, t.KeyFrameLongest, t.ID)
			}
		}
		said := make(map[string]bool) // of several tracks
		for _, f := range r.Findings {
			if !said[f.Code] {
				said[f.Code] = true
				send(finding, 1, f.Code, string(f.Level))
			}
		}
	}
}

// streams collects what there is of each stream.
type streams struct{ Source }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sluice_stream_"+name, help, append([]string{"stream"}, labels...), nil)
}

// Describe implements prometheus.Collector. What is collected depends on what is
// on air: it is not checked beforehand.
func (s *streams) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (s *streams) Collect(out chan<- prometheus.Metric) {
	for _, v := range s.Vitals() {
		name := v.Name.String()
		send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(desc, kind, value, append([]string{name}, labels...)...)
		}
		send(desc("publishing", "1 while somebody publishes the stream, 0 while it waits for a publisher or has ended."), prometheus.GaugeValue, truth(v.Publishing))
		send(desc("publishers_total", "Publishers that went on air."), prometheus.CounterValue, float64(v.Publishers))
		send(desc("periods_total", "Periods that began: one more than there are discontinuities."), prometheus.CounterValue, float64(v.Periods))
		send(desc("clock_drift_ratio", "Drift of the publisher's clock against the gateway's; positive when it is fast."), prometheus.GaugeValue, v.Drift/1e6)
		send(desc("window_seconds", "How long segments stay listed."), prometheus.GaugeValue, v.Window.Seconds())
		send(desc("window_shortened_total", "How often the window was made shorter, so that the stream fits into limits.stream_disk or its share of limits.memory."), prometheus.CounterValue, float64(v.Narrowed))
		send(desc("lost_segments_total", "Segments, of all tracks, that were not stored: viewers got gaps."), prometheus.CounterValue, float64(v.Lost))
		send(desc("behind_seconds", "By how much frames come later than usual."), prometheus.GaugeValue, v.Behind.Seconds())
		offset := desc("track_offset_seconds", "By how much key frames of a track of video are shown behind those of the track that leads.", "track")
		leftOut := desc("track_left_out", "1 while a track of video is left out because its key frames are elsewhere.", "track")
		for _, f := range v.Films {
			send(offset, prometheus.GaugeValue, f.Offset.Seconds(), f.Track.String())
			send(leftOut, prometheus.GaugeValue, truth(f.LeftOut), f.Track.String())
		}
		repairs := desc("repairs_total", "Mistakes in the publishers' times that were mended, by kind.", "repair")
		for kind, n := range v.Repairs {
			send(repairs, prometheus.CounterValue, float64(n), timeline.Repair(kind).String())
		}
	}
}
