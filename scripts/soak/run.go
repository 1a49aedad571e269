package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	warmUp = 8 * time.Second  // until the first event
	calm   = 12 * time.Second // behind the last: all comes back
)

// A soaking is one run.
type soaking struct {
	book       *book
	gateway    *gateway
	networks   []*network
	publishers []*publisher
	random     *rand.Rand // of the schedule alone
	until      time.Time
	dying      sync.Mutex // held while the gateway is dead
	events     sync.WaitGroup
}

// soak runs all that there is and returns an error when anything was wrong.
func soak(ctx context.Context, o options, out io.Writer) (err error) {
	dir := o.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "soak-"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b := newBook(out, o.allowed)
	fmt.Fprintf(out, "soaking for %s with --seed %d; logs are in %s\n", o.duration, o.seed, dir)
	s := &soaking{book: b, random: rand.New(rand.NewPCG(o.seed, 0)), until: b.begun.Add(o.duration)}
	if err := s.build(o, dir); err != nil {
		return err
	}
	err = s.run(ctx)
	b.table()
	switch failed := b.failed(); {
	case err != nil:
		return err
	case failed > 0:
		return fmt.Errorf("%d violations; the gateway's log is %s", failed, s.gateway.log.Name())
	case o.dir == "":
		return os.RemoveAll(dir)
	}
	return nil
}

// build makes the parts; none of them runs.
func (s *soaking) build(o options, dir string) (err error) {
	if s.gateway, err = newGateway(o.binary, dir, s.book); err != nil {
		return err
	}
	if s.networks, err = newNetworks(roles(), s.gateway.rtmp); err != nil {
		return err
	}
	s.publishers, err = newPublishers(o, s.networks, s.book, dir)
	return err
}

// run starts everything, lets events happen, and ends everything in turn: first
// the events, then the viewers, then the publishers, then the gateway.
func (s *soaking) run(ctx context.Context) error {
	if err := s.gateway.start(ctx, "backup"); err != nil {
		return errors.Join(err, s.gateway.end(syscall.SIGKILL))
	}
	publishing, stopPublishing := context.WithCancel(ctx)
	attacking, stopAttacking := context.WithCancel(ctx)
	var publishers, attackers, viewers sync.WaitGroup
	for _, p := range s.publishers {
		publishers.Go(func() { p.run(publishing) })
	}
	for _, stream := range streams() {
		for _, text := range texts() {
			v := newViewer("http://"+s.gateway.http, stream, text, s.book, s.until)
			viewers.Go(func() { v.run(ctx) })
		}
	}
	attackers.Go(func() { watchHealth(attacking, s.gateway, s.book) })
	for range 4 {
		a := &attacker{g: s.gateway, book: s.book, killers: killers()}
		attackers.Go(func() { a.run(attacking) })
	}
	pause(ctx, warmUp)
	s.schedule(ctx)
	s.events.Wait()
	stopAttacking()
	attackers.Wait()
	s.book.event("calm", "no more events")
	viewers.Wait()
	judgeHealth(s.gateway, s.book)
	stopPublishing()
	publishers.Wait()
	if err := s.gateway.end(syscall.SIGTERM); err != nil {
		s.book.broken("soak/stop", "gateway", "asked to stop, it ended with %v", err)
	}
	for _, n := range s.networks {
		_ = n.close()
	}
	s.judgeCoverage()
	return errors.Join(ctx.Err(), s.gateway.judgeLog())
}

// judgeCoverage looks whether viewers saw anything at all.
func (s *soaking) judgeCoverage() {
	for _, text := range texts() {
		if s.book.verified[text+": segments"] == 0 || s.book.verified[text+": revisits"] == 0 {
			s.book.broken("soak/nothing", text, "no segments were watched")
		}
	}
}

// A kind is one kind of event.
type kind struct {
	name  string
	long  bool // only in runs of minutes
	apply func(s *soaking, ctx context.Context, n *network, random *rand.Rand)
}

// kinds are all events: each round of the schedule has them all, kills twice.
func kinds() []kind {
	disturb := func(name string, least, most time.Duration, f func(*network, context.Context, time.Duration) error) kind {
		return kind{name, false, func(s *soaking, ctx context.Context, n *network, random *rand.Rand) {
			d := least + time.Duration(random.Int64N(int64(most-least)))
			s.disturb(ctx, name, n, d, f)
		}}
	}
	kill := kind{"kill", false, (*soaking).kill}
	return []kind{
		disturb("cut", 100*time.Millisecond, 4*time.Second, (*network).cut),
		disturb("stall", 500*time.Millisecond, 5*time.Second, (*network).stall),
		disturb("slow", 2*time.Second, 8*time.Second, (*network).slow),
		disturb("rst", 3*time.Second, 5*time.Second, (*network).reset),
		disturb("half-open", 2*time.Second, 8*time.Second, (*network).halfOpen),
		{"crash", false, (*soaking).crash},
		kill, kill,
		{"absence", true, (*soaking).absence},
	}
}

// schedule lets events happen until it is time to be calm. A run of a minute has
// all kinds but the long ones.
func (s *soaking) schedule(ctx context.Context) {
	end := s.until.Add(-calm)
	short := time.Until(end) < 2*time.Minute
	for ctx.Err() == nil && time.Now().Before(end) {
		round := kinds()
		s.random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		for _, k := range round {
			if k.long && (short || time.Until(end) < linger+calm) {
				continue
			}
			wait := time.Duration(s.random.Int64N(int64(4 * time.Second)))
			network := s.networks[s.random.IntN(len(s.networks))]
			random := rand.New(rand.NewPCG(s.random.Uint64(), 0))
			if !pause(ctx, wait) || time.Now().After(end) {
				return
			}
			s.events.Go(func() { k.apply(s, ctx, network, random) })
		}
	}
}

// disturb does something to a network, or to another one if something is wrong
// with it already.
func (s *soaking) disturb(ctx context.Context, name string, n *network, d time.Duration, f func(*network, context.Context, time.Duration) error) {
	n = s.occupy(n)
	defer func() { <-n.busy }()
	s.book.event(name, "%s for %s", n.name, d.Round(time.Millisecond))
	if err := f(n, ctx, d); err != nil {
		s.book.broken("soak/network", n.name, "%s: %v", name, err)
	}
}

// occupy returns a network with which nothing is wrong: n if it can be.
func (s *soaking) occupy(n *network) *network {
	for _, other := range append([]*network{n}, s.networks...) {
		select {
		case other.busy <- struct{}{}:
			return other
		default:
		}
	}
	n.busy <- struct{}{}
	return n
}

// crash kills a publisher.
func (s *soaking) crash(_ context.Context, n *network, _ *rand.Rand) {
	s.book.event("crash", "the publisher of %s", n.name)
	for _, p := range s.publishers {
		if p.network == n {
			p.crash()
		}
	}
}

// kill kills the gateway and starts it again, with what conflict there may be.
func (s *soaking) kill(ctx context.Context, _ *network, random *rand.Rand) {
	s.dying.Lock()
	defer s.dying.Unlock()
	down := soon(random.Float64())
	conflict := []string{"backup", "reject"}[random.IntN(2)]
	s.book.event("kill", "for %s, then stream.conflict is %s", down.Round(time.Millisecond), conflict)
	s.gateway.kill()
	pause(ctx, down)
	if err := s.gateway.start(ctx, conflict); err != nil {
		s.book.broken("soak/start", "gateway", "%v", err)
	}
	s.book.event("start", "the gateway answers")
}

// absence keeps all publishers of a stream away until it has ended.
func (s *soaking) absence(ctx context.Context, n *network, _ *rand.Rand) {
	stream := ""
	for _, p := range s.publishers {
		if p.network == n {
			stream = p.name
		}
	}
	s.book.event("absence", "%s until it has ended", stream)
	set := func(absent bool) {
		for _, p := range s.publishers {
			if p.name == stream {
				p.absent.Store(absent)
				p.crash()
			}
		}
	}
	set(true)
	pause(ctx, linger+5*time.Second)
	set(false)
	s.book.event("presence", "%s", stream)
}
