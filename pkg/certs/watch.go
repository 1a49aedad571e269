package certs

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

const (
	// lookEvery is how often a Watch looks.
	lookEvery = 10 * time.Second

	// soon is how long before the end of a certificate the log warns of it,
	soon = 14 * 24 * time.Hour
	// once in
	warnEvery = 24 * time.Hour
)

// A Watch has a Source look for other certificates, and tells the log what becomes of
// them.
type Watch struct {
	Source Source
	Every  time.Duration // 0 for 10 s
	Log    zerolog.Logger
}

// Run watches until ctx ends, and returns nil then.
func (w Watch) Run(ctx context.Context) error {
	if w.Every == 0 {
		w.Every = lookEvery
	}
	told := teller{log: w.Log}
	ticker := time.NewTicker(w.Every)
	defer ticker.Stop()
	for {
		told.use(w.Source.Leaves())
		err := w.Source.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		told.fail(err)
		told.use(w.Source.Leaves())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// A teller tells the log each thing once.
type teller struct {
	log    zerolog.Logger
	known  []*x509.Certificate
	wrong  string               // the last error, empty for none
	warned map[string]time.Time // when it was said that one ends soon, by its bytes
}

// fail tells of an error that it has not told of.
func (t *teller) fail(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != t.wrong && err != nil {
		t.log.Error().Err(err).Msg("TLS certificate not renewed: what is there stays in use")
	}
	t.wrong = text
}

// use tells which certificates are in use now, and which of them are not for long.
func (t *teller) use(leaves []*x509.Certificate) {
	warned := make(map[string]time.Time)
	for _, leaf := range leaves {
		if !slices.ContainsFunc(t.known, leaf.Equal) {
			t.log.Info().Strs("names", Names(leaf)).Str("issuer", leaf.Issuer.String()).Time("expires", leaf.NotAfter).
				Str("serial", leaf.SerialNumber.Text(16)).Msg("TLS certificate in use")
		}
		last, now := t.warned[string(leaf.Raw)], time.Now()
		if left := leaf.NotAfter.Sub(now); left < soon && now.Sub(last) >= warnEvery {
			last = now
			t.log.Warn().Strs("names", Names(leaf)).Time("expires", leaf.NotAfter).Msg(ending(left))
		}
		warned[string(leaf.Raw)] = last
	}
	t.known, t.warned = leaves, warned
}

func ending(left time.Duration) string {
	if left <= 0 {
		return "TLS certificate has expired"
	}
	return "TLS certificate expires soon"
}

// Names returns whom a certificate is for: names of hosts and addresses, or what its subject
// is called.
func Names(leaf *x509.Certificate) []string {
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{strings.TrimSpace(leaf.Subject.CommonName)}
	}
	return names
}
