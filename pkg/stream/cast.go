package stream

import (
	"context"
	"time"

	"sluice/pkg/media"
)

// A Conflict says what happens when somebody publishes under a name that somebody
// else is publishing under. Under all of them a publisher that is silent loses
// its name: it may be the same one before its connection broke.
type Conflict string

// The ways to settle a conflict. Any other is Reject.
const (
	Reject   Conflict = "reject"   // the second one is refused
	TakeOver Conflict = "takeover" // the second one takes the name over
	Backup   Conflict = "backup"   // the second one stands by, and goes on when the first one stops sending
)

const (
	// presumedDead is for how long a publisher must have sent nothing for another
	// to get its name.
	presumedDead = 1500 * time.Millisecond

	// hushed is the same for viewers to be promised nothing more for the moment.
	hushed = 3 * time.Second
)

// A cast is who publishes. It is guarded by its programme.
type cast struct {
	onAir   *Publication
	standby *Publication
	left    time.Time   // when the last publisher went, while there is none
	ended   time.Time   // when the programme ended
	gone    time.Time   // when the last of it can be had then
	after   predecessor // what it leaves then to the next programme of its name
	signs   chan struct{}

	publishers uint64 // that went on air
}

// admit lets a publisher in, or returns ErrNameInUse or ErrPublishers. It returns
// ErrClosed when the programme has ended. It may wait to see whether the publisher on air is
// still there.
func (p *programme) admit(ctx context.Context, pub *Publication) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.env.Now()
	pub.heard = asked
	for {
		rival := p.onAir
		switch {
		case !p.ended.IsZero():
			return ErrClosed
		case rival == nil && p.live.Snapshot().End().Sub(asked) > far:
			p.end(asked, ErrAhead) // it was faster than real time, and nobody shall be dated with it
			return ErrClosed
		case rival == nil:
			if err := pub.seat.take(); err != nil {
				return err
			}
			p.enter(pub)
			p.welcome(pub)
			return nil
		case p.env.config().Conflict == TakeOver:
			return p.replace(rival, pub)
		case p.env.config().Conflict == Backup:
			if p.standby == nil {
				if err := pub.seat.take(); err != nil {
					return err
				}
				p.standBy(pub)
				p.log.Info().Msg("publisher stands by")
				return nil
			}
			rival = p.standby
		}
		silent := p.env.Now().Sub(rival.heard)
		switch {
		case silent >= presumedDead:
			return p.replace(rival, pub)
		case rival.heard.After(asked):
			return ErrNameInUse
		}
		if dead, err := p.listen(ctx, presumedDead-silent); err != nil {
			return err
		} else if dead && rival.over == nil {
			return p.replace(rival, pub)
		}
	}
}

// listen waits until a publisher sends something, which nobody does for so long.
func (p *programme) listen(ctx context.Context, atMost time.Duration) (silent bool, err error) {
	if p.signs == nil {
		p.signs = make(chan struct{})
	}
	signs := p.signs
	p.mu.Unlock()
	defer p.mu.Lock()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-signs:
		return false, nil
	case <-timer.C:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// hear notes that a publisher is there.
func (p *programme) hear(pub *Publication, now time.Time) {
	pub.heard = now
	if p.signs != nil {
		close(p.signs)
		p.signs = nil
	}
}

// standBy has a publisher stand by.
func (p *programme) standBy(pub *Publication) {
	p.standby = pub
	p.welcome(pub)
}

// welcome takes note of a publisher that was admitted.
func (p *programme) welcome(pub *Publication) {
	pub.since = p.env.Now()
	p.examine()
	p.tellCome(pub, Event{Kind: EventPublish, Standby: pub == p.standby})
}

// enter puts a publisher on air.
func (p *programme) enter(pub *Publication) {
	p.onAir, p.feed = pub, &pub.feed
	p.publishers++
	defer p.examine()
	p.told.onAir = p.publisher(pub)
	if p.member != nil {
		p.member.enter(pub)
		return
	}
	for _, t := range p.tracks {
		p.clock.SetTrack(t)
	}
}

// depart takes away a publisher that goes. The programme is over if nothing was
// published, as nobody waits for more then.
func (p *programme) depart(pub *Publication, cause error) {
	p.leave(pub, ErrClosed, cause)
	if p.onAir == nil && p.standby == nil && len(p.writers) == 0 {
		p.end(p.env.Now(), ErrAbandoned)
	}
}

// leave takes a publisher away, wherever it is. Its methods return why from now on; observers are told the cause.
func (p *programme) leave(pub *Publication, why, cause error) {
	if pub.over != nil {
		return
	}
	pub.over = why
	pub.seat.leave()
	standing := pub == p.standby
	switch pub {
	case p.standby:
		p.standby = nil
	case p.onAir:
		p.suspend()
		p.onAir, p.feed, p.left = nil, nil, p.env.Now()
		p.live.Hush(p.date())
		p.examine()
	}
	p.tellCome(pub, Event{Kind: EventUnpublish, Standby: standing, Cause: cause, Lasted: p.env.Now().Sub(pub.since), Bytes: pub.bytes})
	pub.letGo()
}

// replace puts a publisher in the place of another one, which is told so. It returns ErrPublishers
// if the seat of that is of another kind, and there is none.
func (p *programme) replace(old, pub *Publication) error {
	standing := old == p.standby
	if pub.seat.seats == old.seat.seats {
		pub.seat.inherit(&old.seat)
	} else if err := pub.seat.take(); err != nil {
		return err
	}
	p.leave(old, ErrTakenOver, ErrTakenOver)
	if standing {
		p.standBy(pub)
	} else {
		p.enter(pub)
		p.welcome(pub)
	}
	p.log.Warn().Bool("standby", standing).Msg("publisher replaced by another one")
	old.peer.End(ErrTakenOver)
	return nil
}

// sendAway ends the publication on air, or with all of it the stream. It reports whether there was any.
func (p *programme) sendAway(all bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended.IsZero() || !all && p.onAir == nil {
		return false
	}
	for _, pub := range []*Publication{p.onAir, p.standby} {
		if pub != nil && (all || pub == p.onAir) {
			p.leave(pub, ErrKicked, ErrKicked)
			pub.peer.End(ErrKicked)
		}
	}
	if all {
		p.end(p.env.Now(), ErrKicked)
	}
	if all {
		p.log.Warn().Msg("an operator has ended the stream")
	} else {
		p.log.Warn().Msg("an operator has sent the publisher away")
	}
	return true
}

// relieve reports whether the publisher that stands by goes on air with a frame,
// since the one that was there is gone or silent. They change places.
func (p *programme) relieve(pub *Publication, a arrival) bool {
	silent := p.onAir == nil || a.at.Sub(p.onAir.heard) >= p.env.config().Failover
	if pub != p.standby || !silent || !pub.feed.opens(a) {
		return false
	}
	why, before := ErrGone, p.told.onAir
	if p.standby = p.onAir; p.onAir != nil {
		why = ErrSilent
		p.suspend()
	}
	p.enter(pub)
	p.log.Warn().Msg("publisher that stood by goes on air")
	p.tellOf(pub, Event{Kind: EventFailover, Before: before, Cause: why})
	return true
}

// opens reports whether a publisher can begin with a frame.
func (f *feed) opens(a arrival) bool {
	return a.Key && (a.Track.Kind == media.Video || f.tracks[0].ID.Kind != media.Video)
}

// check does what is due when nothing is heard of publishers. It reports whether
// the programme can be forgotten.
func (p *programme) check(now time.Time) (forget bool) {
	if !p.mu.TryLock() {
		return false // somebody is heard
	}
	defer p.mu.Unlock()
	config, snap := p.env.config(), p.live.Snapshot()
	p.tellRepairs(false)
	switch {
	case !p.ended.IsZero():
		over := now.Sub(p.ended) > config.Keep
		if over && !snap.Withdrawn {
			p.live.Withdraw(now)
		}
		return over && now.After(p.gone)
	case p.onAir != nil && p.member != nil:
		if now.Sub(p.onAir.heard) > hushed {
			p.member.pause()
		}
	case p.onAir != nil && !snap.Away:
		if now.Sub(p.onAir.heard) > hushed {
			p.live.Hush(p.date())
			p.log.Warn().Stringer("for", hushed).Msg("nothing is heard of the publisher")
		}
	case p.onAir == nil && p.standby == nil && now.Sub(p.left) >= config.Linger:
		p.end(now, ErrAbandoned)
	case snap.Away && now.Sub(snap.Published) >= snap.Targets.Segment:
		p.live.Stay(p.date())
	}
	return false
}
