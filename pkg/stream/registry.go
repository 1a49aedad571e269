package stream

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/pkg/live"
)

// A Registry knows what is on air, by name. It is the only place where a name
// is given to a publisher and taken back.
type Registry struct {
	env   Environment
	seats *seats

	mu         sync.Mutex
	programmes map[Name]*programme
	gatherings map[Name]*gathering // by the name of the whole
}

// NewRegistry returns an empty registry.
func NewRegistry(env Environment) *Registry {
	if env.Memory == nil {
		env.Memory = ample{}
	}
	env.current = new(atomic.Pointer[Config])
	r := &Registry{env: env, seats: new(seats), programmes: make(map[Name]*programme), gatherings: make(map[Name]*gathering)}
	r.configure(env.Config)
	return r
}

// Configure changes how streams are kept from now on. How they are cut, and for how long segments stay
// listed, stays as it was. Who is on air stays there, also where that is more than there may be now.
func (r *Registry) Configure(c Config) {
	c.Segment, c.Window = r.env.Config.Segment, r.env.Config.Window
	r.configure(c)
}

func (r *Registry) configure(c Config) {
	r.seats.limit.Store(int64(c.Limits.Publishers))
	r.env.current.Store(&c)
}

// Publish lets a publisher publish under a name, or returns ErrBadName,
// ErrReserved, ErrNameInUse, ErrPublishers or ErrStreams. Where somebody else has
// the name it may wait for up to two seconds, but not longer than ctx, to see
// whether he is still there. The caller closes the publication.
func (r *Registry) Publish(ctx context.Context, name Name, peer Peer) (*Publication, error) {
	if err := name.Check(r.env.Reserved); err != nil {
		return nil, err
	}
	pub := &Publication{peer: peer}
	pub.seat.seats = r.seats
	of, index, ok := r.env.config().rung(name)
	if !ok {
		return pub, r.admit(ctx, name, pub, nil)
	}
	if err := of.Check(r.env.Reserved); err != nil {
		return nil, err
	}
	err := pub.seat.take() // before a stream begins for it
	if err == nil {
		pub.holds = r.gather(of)
		err = pub.holds.begin(ctx)
	}
	if err == nil {
		err = r.admit(ctx, name, pub, &member{gathering: pub.holds, name: name, index: index})
	}
	if err != nil {
		pub.seat.leave()
		pub.letGo()
	}
	return pub, err
}

// admit lets a publisher in, or returns an error of Publish. If nobody is on air under that name
// a programme begins, as a member if there is one.
func (r *Registry) admit(ctx context.Context, name Name, pub *Publication, m *member) error {
	for {
		p, err := r.programme(name, pub, m)
		if err != nil {
			return err
		}
		pub.programme = p
		if err = p.suits(m); err == nil {
			err = p.admit(ctx, pub)
		}
		if err == nil {
			return nil
		}
		pub.seat.leave()
		if !errors.Is(err, ErrClosed) {
			return err
		}
	}
}

// suits returns ErrNameInUse for a name that somebody has who publishes it as another kind of stream
// than before the configuration changed, and ErrClosed if nobody does any more, which ends that.
func (p *programme) suits(m *member) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case (p.member == nil) == (m == nil) && (m == nil || p.member.gathering == m.gathering), !p.ended.IsZero():
		return nil
	case p.onAir != nil || p.standby != nil:
		return ErrNameInUse
	}
	p.end(p.env.Now(), ErrOtherKind)
	return ErrClosed
}

// gather returns what several publishers send together under a name, with one more who holds it.
func (r *Registry) gather(name Name) *gathering {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.gatherings[name]
	if g == nil {
		g = &gathering{log: r.env.Log.With().Stringer("stream", name).Logger()}
		g.join = func(ctx context.Context, whole *Publication) error {
			whole.seat.seats = &g.seats // those who publish have their own
			return r.admit(ctx, name, whole, nil)
		}
		g.gone = func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if g.holders.Load() == 0 {
				delete(r.gatherings, name)
			}
		}
		r.gatherings[name] = g
	}
	g.holders.Add(1)
	return g
}

// programme returns what is on air under a name. When there is nothing, or it has
// ended, a new programme begins, for which pub takes a seat: a programme is begun
// only for somebody who can be on it.
func (r *Registry) programme(name Name, pub *Publication, m *member) (*programme, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.programmes[name]
	if old != nil && !old.live.Snapshot().Ended {
		return old, nil
	}
	if err := pub.seat.take(); err != nil {
		return nil, err
	}
	if old == nil && !r.makeRoom() {
		pub.seat.leave()
		return nil, ErrStreams
	}
	before := predecessor{}
	if old != nil {
		before = old.after
	}
	p := newProgramme(r.env, name, r.env.Now(), before)
	p.member = m
	if old != nil && len(old.live.Snapshot().Renditions) > 0 {
		p.live.Follow(old.live)
	} else if old != nil && old.live.Earlier() != nil {
		p.live.Follow(old.live.Earlier())
	}
	r.programmes[name] = p
	return p, nil
}

// ErrNoStream is for a name that nothing is known of.
var ErrNoStream = errors.New("there is no such stream")

// ErrKicked is what a publisher is told whom an operator has sent away.
var ErrKicked = errors.New("an operator has ended the publication")

// Kick sends the publisher on air away. The stream goes on for Config.Linger, or with who stands by. It returns
// ErrNoStream if nobody publishes under that name.
func (r *Registry) Kick(name Name) error {
	p := r.all()[name]
	if p == nil || !p.sendAway(false) {
		return ErrNoStream
	}
	return nil
}

// End ends a stream and sends away all who publish it, or returns ErrNoStream. Its last segments stay for
// Config.Keep.
func (r *Registry) End(name Name) error {
	p := r.all()[name]
	if p == nil || !p.sendAway(true) {
		return ErrNoStream
	}
	return nil
}

// Warn tells the publisher on air what he might want to change.
func (r *Registry) Warn(name Name, code, text string) {
	p := r.all()[name]
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.onAir != nil {
		p.onAir.peer.Warn(code, text)
	}
}

// Lookup returns the presentation of a name that is on air or has ended
// lately. One that has ended stays until there is something of the next.
func (r *Registry) Lookup(app, key string) (*live.Presentation, bool) {
	r.mu.Lock()
	p, ok := r.programmes[Name{app, key}]
	r.mu.Unlock()
	if !ok {
		return nil, false
	}
	if before := p.live.Earlier(); before != nil && !p.hasBegun() {
		if ended := before.Snapshot().Published; r.env.Now().Sub(ended) <= r.env.config().Keep {
			return before, true
		}
	}
	return p.live, true
}

// List returns the presentations of which people are told, ordered by name.
func (r *Registry) List() []*live.Presentation {
	var all []*live.Presentation
	for _, p := range r.all() {
		if p.member == nil && !p.live.Snapshot().Withdrawn {
			all = append(all, p.live)
		}
	}
	slices.SortFunc(all, func(a, b *live.Presentation) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Name, b.Name))
	})
	return all
}

func (r *Registry) all() map[Name]*programme {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.programmes)
}

// Run does until ctx ends what is due when nothing is heard of publishers: see
// Check.
func (r *Registry) Run(ctx context.Context) {
	const often = 250 * time.Millisecond
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.Check()
		case <-ctx.Done():
			return
		}
	}
}

// Check promises viewers no more of a publisher that has fallen silent, ends what
// nobody has published for Config.Linger, and forgets what ended Config.Keep ago.
func (r *Registry) Check() {
	now := r.env.Now()
	for name, p := range r.all() {
		if p.check(now) {
			r.forget(name, p)
		}
	}
}

func (r *Registry) forget(name Name, p *programme) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.programmes[name] == p {
		delete(r.programmes, name)
	}
}
