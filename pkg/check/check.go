// Package check watches a live HLS, LL-HLS, DASH or LL-DASH address as a strict
// client and tells which rules of the standards the server breaks. It knows
// nothing of the server: it sees what any client sees.
//
// # How it is made
//
// A client (client.go) asks, and notes what comes and when. Readers turn texts
// and boxes into values. Judges compare one text, two texts of one address,
// texts with media, and answers of HTTP with the rules; they do no I/O.
// Watchers follow each rendition for some seconds and call the judges. What is
// broken goes into a ledger, once for each rule.
//
// # What a server can do to it
//
// Every body, list, wait and number of redirects has a bound, so that a hostile
// server costs bounded memory and time.
package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// DefaultDuration is how long to watch when nothing is said.
const DefaultDuration = 15 * time.Second

// maxRenditions bounds how many renditions are followed at once.
const maxRenditions = 12

// Options say how to watch.
type Options struct {
	Duration  time.Duration     // how long; DefaultDuration if 0
	Transport http.RoundTripper // how to reach the server; one like http.DefaultTransport if nil

	// Patient: the publisher may be away for a while, and so may the server. What
	// does not come in time is then no fault, and what broke off is asked for
	// again. All rules that span time hold across that, and what may be kept by a
	// cache is asked for again now and then: it must be what it was.
	Patient bool

	// Found is told of each fault when it is found, unless it is nil. It may be
	// called from several goroutines; Count is 1.
	Found func(Finding)
}

// Validate returns an error for an address that cannot be watched.
func Validate(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no http:// or https:// address", address)
	}
	return nil
}

// ErrUnreadable is returned when what is at an address is neither a playlist
// nor an MPD.
var ErrUnreadable = errors.New("neither a playlist nor an MPD")

// Run watches an address and returns what is wrong there. An error means that
// there was nothing to watch. When ctx ends first, the report tells of the time
// until then.
func Run(ctx context.Context, address string, o Options) (*Report, error) {
	if err := Validate(address); err != nil {
		return nil, err
	}
	if o.Duration <= 0 {
		o.Duration = DefaultDuration
	}
	if o.Transport == nil {
		transport := &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 1 << 20,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: requestTimeout,
		}
		defer transport.CloseIdleConnections()
		o.Transport = transport
	}
	w := &watch{client: newClient(o.Transport), ledger: newLedger(o.Found), probed: make(map[string]bool)}
	first, err := w.client.get(ctx, query{url: address, text: true})
	switch {
	case err != nil:
		return nil, err
	case !first.ok():
		return nil, fmt.Errorf("%s: %s", address, first.problem())
	}
	began := time.Now()
	watching, cancel := context.WithTimeout(ctx, o.Duration)
	defer cancel()
	w.probing = ctx
	revisiting, stop := context.WithCancel(watching)
	defer stop()
	if w.patient = o.Patient; w.patient {
		w.ledger.spare = prompt()
		w.client.outlast, w.client.witness = &outlast{until: began.Add(o.Duration + requestTimeout)}, newWitness(w.ledger.add)
		w.revisits(revisiting)
	}
	text := strings.TrimLeft(string(first.body[:min(len(first.body), 512)]), "\ufeff \t\r\n")
	kind := ""
	switch {
	case strings.HasPrefix(text, "#EXT"):
		kind = w.watchHLS(watching, address, first)
	case strings.HasPrefix(text, "<"):
		kind = w.watchDASH(watching, address, first)
	default:
		return nil, fmt.Errorf("%s: %w", address, ErrUnreadable)
	}
	stop()
	w.probes.Wait()
	report := w.ledger.report()
	report.URL, report.Kind, report.Watched = address, kind, time.Since(began)
	return report, nil
}

// A watch is one look at an address.
type watch struct {
	client  *client
	ledger  *ledger
	patient bool // nothing is too late

	// probing is the context of probes, which may outlive the time of watching
	// by the time of an answer.
	probing context.Context //nolint:containedctx // set once, before anything runs
	probes  sync.WaitGroup

	mu     sync.Mutex
	probed map[string]bool
	lists  func(ctx context.Context, url string) string // the rule for what is listed and not to be had, "" for what is not listed
}

// notes returns where faults of one resource are written down.
func (w *watch) notes(address string) notes { return sink(w.ledger.add).at(address) }

// first reports whether a thing is asked for the first time.
func (w *watch) first(thing string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.probed[thing] {
		return false
	}
	w.probed[thing] = true
	return true
}

// probe runs f beside the watching. The report waits for it.
func (w *watch) probe(f func(context.Context)) {
	w.probes.Go(func() { f(w.probing) })
}

// pause waits; it returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
