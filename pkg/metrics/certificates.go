package metrics

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/certs"
)

// Certificates are those that TLS has in use.
type Certificates interface {
	Leaves() []*x509.Certificate
}

// expiries collects when certificates end.
type expiries struct{ Certificates }

// Describe implements prometheus.Collector.
func (e *expiries) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector. Of several for the same names the one that ends
// first counts.
func (e *expiries) Collect(out chan<- prometheus.Metric) {
	first := make(map[string]time.Time)
	for _, leaf := range e.Leaves() {
		names := strings.Join(certs.Names(leaf), ",")
		if known, is := first[names]; !is || leaf.NotAfter.Before(known) {
			first[names] = leaf.NotAfter
		}
	}
	desc := prometheus.NewDesc("sluice_tls_certificate_expiry_seconds", "When the certificate ends, in seconds since 1970.", []string{"names"}, nil)
	for names, end := range first {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(end.Unix()), strings.ToValidUTF8(names, "?"))
	}
}
