package check

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"
)

// A dashWatch follows one manifest and its Representations.
type dashWatch struct {
	*watch
	address string

	mu      sync.Mutex
	m       *mpd          // the newest
	changed chan struct{} // closed when there is a newer one
	offset  time.Duration // of the server's clock from ours

	periods map[string]bool // all there ever were, by id

	reloading chan struct{} // holds one while the manifest is asked for again, which may take long
}

// watchDASH follows a manifest and returns what kind of DASH it is.
func (w *watch) watchDASH(ctx context.Context, address string, first *answer) string {
	d := &dashWatch{watch: w, address: address, changed: make(chan struct{}), periods: make(map[string]bool), reloading: make(chan struct{}, 1)}
	w.mu.Lock()
	w.lists = d.lists
	w.mu.Unlock()
	m := readMPD(first.url, first.body, w.notes(address))
	if m == nil {
		return "DASH"
	}
	d.probeClock(ctx, m)
	d.take(m, first)
	if len(m.periods) > 0 && m.periods[0] != 0 && !m.dynamic() { // one that was live may keep its time
		w.notes(address).broken("dash/static-start", m.Periods[0].line, "the first Period of a static MPD starts at %s", m.periods[0])
	}
	w.probe(func(ctx context.Context) { w.probeHTTP(ctx, first, manifestClass(m)) })
	var group sync.WaitGroup
	followed := make(map[string]bool)
	follow := func(m *mpd) {
		maps.DeleteFunc(followed, func(key string, _ bool) bool { return m.stream(key) == nil }) // its follower ends by itself
		for _, s := range m.streams {
			if key := s.key(); !followed[key] && len(followed) < 2*maxRenditions && s.media != "" {
				followed[key] = true
				group.Go(func() { newDASHMedia(d, s).follow(ctx) })
			}
		}
	}
	follow(m)
	kind := "DASH"
	if m.lowLatency() {
		kind = "LL-DASH"
	}
	for m.dynamic() && m.durations.update >= 0 && ctx.Err() == nil {
		if !pause(ctx, min(max(m.durations.update, leastUpdate), 5*time.Second)) {
			break
		}
		if next := d.since(ctx, time.Now()); next != nil {
			m = next
			follow(m)
		}
	}
	group.Wait()
	return kind
}

// lists returns the rule that is broken when what the manifest of now lists at an
// address cannot be had, "" if it does not list it.
func (d *dashWatch) lists(ctx context.Context, url string) string {
	m := d.since(ctx, time.Now())
	if m == nil {
		return ""
	}
	for _, s := range m.streams {
		for _, l := range s.timeline {
			if address, err := s.url(l); err == nil && address == url {
				return "dash/segment-available"
			}
		}
	}
	return ""
}

func manifestClass(m *mpd) class {
	if m.dynamic() {
		return liveManifest
	}
	return staticManifest
}

// reload asks for the manifest again; nil if it cannot be had or read. The
// caller holds reloading.
func (d *dashWatch) reload(ctx context.Context) *mpd {
	old, _ := d.latest()
	address := d.address
	if len(old.Locations) > 0 {
		if l, err := resolve(address, strings.TrimSpace(old.Locations[0])); err == nil {
			address = l
		}
	}
	n := d.notes(d.address)
	a, err := d.client.get(ctx, query{url: address, text: true})
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		n.broken("dash/manifest-available", 0, "%v", err)
		return nil
	case !a.ok():
		n.broken("dash/manifest-available", 0, "%s", a.problem())
		return nil
	}
	m := readMPD(a.url, a.body, n)
	if m != nil {
		judgeUpdate(old, m, d.now(a.done), n)
		judgeReturned(d.periods, old, m, n)
		d.take(m, a)
	}
	return m
}

// take judges a manifest and shows it to the followers.
func (d *dashWatch) take(m *mpd, a *answer) {
	n := d.notes(d.address)
	judgeMPD(m, d.now(a.done), n)
	c := manifestClass(m)
	if !m.dynamic() {
		d.ledger.end()
	}
	judgeAnswer(a, c, m.durations.update, n)
	d.ledger.saw(c.String())
	m.asked = a.sent
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m = m
	close(d.changed)
	d.changed = make(chan struct{})
}

// latest returns the newest manifest, and what is closed when there is a newer.
func (d *dashWatch) latest() (*mpd, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.m, d.changed
}

// now returns what the server's clock shows when ours shows t.
func (d *dashWatch) now(t time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return t.Add(d.offset)
}

// probeClock asks the clock that the manifest names.
func (d *dashWatch) probeClock(ctx context.Context, m *mpd) {
	for _, u := range m.UTCTimings {
		form, ok := clockScheme(u.Scheme)
		if !ok {
			continue
		}
		server, at, ok := d.readClock(ctx, m, form, u.Value)
		if !ok {
			continue
		}
		offset := server.Sub(at)
		d.mu.Lock()
		d.offset = offset
		d.mu.Unlock()
		if max(offset, -offset) > 2*time.Second {
			d.notes(d.address).broken("dash/utc-clock", m.line, "the clock of UTCTiming is %s off the one here", offset.Round(time.Millisecond))
		}
		return
	}
}

// readClock returns what the server's clock showed when ours showed at.
func (d *dashWatch) readClock(ctx context.Context, m *mpd, form, value string) (server, at time.Time, ok bool) {
	n := d.notes(d.address)
	if form == "direct" {
		server, err := readDateTime(value)
		if err != nil {
			n.broken("dash/utc-timing-answer", m.line, "UTCTiming: %v", err)
		}
		return server, time.Now(), err == nil
	}
	value, _, _ = strings.Cut(strings.TrimSpace(value), " ") // more may be listed
	address, err := resolve(d.address, value)
	if err != nil {
		n.broken("dash/utc-timing-answer", m.line, "UTCTiming: %v", err)
		return server, at, false
	}
	q := query{url: address, limit: 4096}
	if form == "http-head" {
		q.method = "HEAD"
	}
	n = d.notes(address)
	a, err := d.client.get(ctx, q)
	switch {
	case err != nil:
		n.broken("dash/utc-timing-answer", 0, "the clock does not answer: %v", err)
		return server, at, false
	case !a.ok():
		n.broken("dash/utc-timing-answer", 0, "the clock answers %s", a.problem())
		return server, at, false
	}
	if allowed := a.header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != origin {
		n.broken("http/cors", 0, "Access-Control-Allow-Origin of the clock is %q", allowed)
	}
	if c := readCaching(a.header); !c.forbidden && !c.stale && c.age != 0 {
		n.broken("dash/utc-timing-cache", 0, "Cache-Control of the clock is %q", c.text)
	}
	text := string(a.body)
	if form == "http-head" {
		if exposed := a.header.Get("Access-Control-Expose-Headers"); !strings.Contains(strings.ToLower(exposed), "date") && exposed != "*" {
			n.broken("http/cors-expose", 0, "Date is not exposed: Access-Control-Expose-Headers is %q", exposed)
		}
		server, err = time.Parse(time.RFC1123, a.header.Get("Date"))
	} else {
		server, err = readDateTime(text)
	}
	if err != nil {
		n.broken("dash/utc-timing-answer", 0, "the clock answers %q", clip(text))
		return server, at, false
	}
	return server, a.sent.Add(a.done.Sub(a.sent) / 2), true
}
