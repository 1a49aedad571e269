package check

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	maxSightings  = 20_000                 // addresses that a witness remembers
	leastKept     = time.Minute            // what caches keep for less is not meant to last
	revisitPeriod = 500 * time.Millisecond // between two addresses that are asked for again
)

// A witness remembers what was under addresses that caches may keep for long:
// it must stay the same. It keeps hashes, of a bounded number of bodies. A nil
// one remembers nothing.
type witness struct {
	sink sink
	seed maphash.Seed

	mu    sync.Mutex
	seen  map[sight]sighting
	order []sight // of seen, to choose from
}

// A sight is what is had: a file, or a span of its bytes.
type sight struct{ url, span string }

// A sighting is what came.
type sighting struct {
	hash   uint64
	length int
	until  time.Time // caches may keep it
	index  int       // in order
}

func newWitness(s sink) *witness {
	return &witness{sink: s, seed: maphash.MakeSeed(), seen: make(map[sight]sighting)}
}

// look compares an answer with the earlier ones of that address.
func (w *witness) look(q query, a *answer) {
	if w == nil || !a.ok() || q.method != "" && q.method != http.MethodGet || a.redirect {
		return
	}
	n := w.sink.at(q.url)
	if a.broke != nil {
		n.broken("http/cache-change", 0, "%d bytes had come when the server went away, and now they are others, of %d", len(a.broke), len(a.body))
	}
	said := readCaching(a.header)
	if said.forbidden || said.stale || said.age < leastKept {
		return
	}
	what := sight{url: q.url}
	if a.status == http.StatusPartialContent {
		what.span = q.header["Range"]
	}
	now := time.Now()
	is := sighting{hash: maphash.Bytes(w.seed, a.body), length: len(a.body), until: now.Add(said.age)}
	if was, known := w.remember(what, is); known && was.until.After(now) && was.hash != is.hash {
		n.broken("http/cache-change", 0, "%d bytes came that caches may keep, and now they are %d others", was.length, is.length)
	}
}

// remember keeps a sighting and returns the one before it. When there are too
// many, one by chance is forgotten.
func (w *witness) remember(what sight, is sighting) (was sighting, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if was, known = w.seen[what]; known {
		is.index = was.index
		w.seen[what] = is
		return was, true
	}
	if len(w.order) >= maxSightings {
		w.drop(w.order[rand.IntN(len(w.order))])
	}
	is.index = len(w.order)
	w.order, w.seen[what] = append(w.order, what), is
	return was, false
}

// forget forgets what is gone.
func (w *witness) forget(what sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(what)
}

func (w *witness) drop(what sight) {
	gone, known := w.seen[what]
	if !known {
		return
	}
	last := len(w.order) - 1
	moved := w.order[last]
	w.order = w.order[:last]
	if moved != what {
		w.order[gone.index] = moved
		s := w.seen[moved]
		s.index = gone.index
		w.seen[moved] = s
	}
	delete(w.seen, what)
}

// choose returns something that was seen.
func (w *witness) choose() (what sight, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order) == 0 {
		return what, false
	}
	return w.order[rand.IntN(len(w.order))], true
}

// miss looks whether something that is gone is still listed.
func (w *watch) miss(ctx context.Context, url string, a *answer) {
	w.mu.Lock()
	lists := w.lists
	w.mu.Unlock()
	if lists == nil {
		return
	}
	if rule := lists(ctx, url); rule != "" {
		w.notes(url).broken(rule, 0, "it was had before and is listed, and cannot be had: %s", a.problem())
	}
}

// revisits asks, now and then until ctx ends, for something that was had. What
// is gone is forgotten: who lists it tells.
func (w *watch) revisits(ctx context.Context) {
	w.probes.Go(func() {
		for pause(ctx, revisitPeriod) {
			what, ok := w.client.witness.choose()
			if !ok {
				continue
			}
			q := query{url: what.url}
			if what.span != "" {
				q.header = map[string]string{"Range": what.span}
			}
			a, err := w.client.get(ctx, q)
			switch {
			case ctx.Err() != nil || err != nil:
			case a.ok():
				w.ledger.saw("revisit")
			default:
				w.client.witness.forget(what)
				w.miss(ctx, what.url, a)
			}
		}
	})
}
