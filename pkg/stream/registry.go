package stream

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"sluice/pkg/live"
)

// A Registry knows what is on air, by name. It is the only place where a name
// is given to a publisher and taken back.
type Registry struct {
	env Environment

	mu      sync.Mutex
	entries map[Name]*entry
}

// An entry is one name that is on air or was until lately.
type entry struct {
	presentation *live.Presentation
	publication  *Publication // nil when nobody publishes
	before       predecessor
	until        time.Time // when an ended stream is forgotten
}

// NewRegistry returns an empty registry.
func NewRegistry(env Environment) *Registry {
	return &Registry{env: env, entries: make(map[Name]*entry)}
}

// Publish gives name to a publisher, or returns ErrBadName, ErrReserved or
// ErrNameInUse. The name is free again when the publication is closed.
func (r *Registry) Publish(name Name) (*Publication, error) {
	if err := name.check(r.env.Reserved); err != nil {
		return nil, err
	}
	now := r.env.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	old := r.entries[name]
	if old != nil && old.publication != nil {
		return nil, ErrNameInUse
	}
	before := successor(old)
	pub := newPublication(r.env, name, now, before)
	if old != nil {
		pub.live.Follow(old.presentation)
	}
	pub.onEnd = func() { r.closed(name, pub) }
	r.entries[name] = &entry{presentation: pub.live, publication: pub, before: before}
	return pub, nil
}

// Lookup returns the presentation of a name that is on air or has ended
// lately.
func (r *Registry) Lookup(app, key string) (*live.Presentation, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[Name{app, key}]
	if !ok || e.over(r.env.Now()) {
		return nil, false
	}
	return e.presentation, true
}

// List returns all presentations, ordered by name.
func (r *Registry) List() []*live.Presentation {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(r.env.Now())
	all := make([]*live.Presentation, 0, len(r.entries))
	for _, e := range r.entries {
		all = append(all, e.presentation)
	}
	slices.SortFunc(all, func(a, b *live.Presentation) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Name, b.Name))
	})
	return all
}

func (r *Registry) closed(name Name, pub *Publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[name]; e != nil && e.publication == pub {
		e.publication, e.until = nil, r.env.Now().Add(r.env.Config.Keep)
	}
}

// forget drops what has ended long enough ago.
func (r *Registry) forget(now time.Time) {
	for name, e := range r.entries {
		if e.over(now) {
			delete(r.entries, name)
		}
	}
}

// over reports whether an entry ended long enough ago.
func (e *entry) over(now time.Time) bool {
	return e.publication == nil && now.After(e.until)
}
