package hooks

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// A Receiver is a program that is told of events. They wait in a queue for it, and are sent again, later
// and later, when it does not take them. Those of one stream are sent in their order, one at a time: what
// comes behind one that is not taken waits. Those of other streams do not.
type Receiver struct {
	hook  *Hook
	kinds []string
	queue queue
	pause func(try int) time.Duration

	delivered, retried, failed, dropped atomic.Uint64

	log, failing, lost, full zerolog.Logger // all but the first say little
}

// NewReceiver returns the receiver at a hook that wants to know of some kinds of event. It is told of in
// the log by the fields that log has.
func NewReceiver(h *Hook, kinds []string, log zerolog.Logger) *Receiver {
	seldom := func() zerolog.Logger { return log.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute}) }
	return &Receiver{
		hook: h, kinds: kinds, queue: queue{lanes: make(map[string]*lane), changed: make(chan struct{})},
		pause: func(try int) time.Duration { return pause(try, rand.Float64()) },
		log:   log, failing: seldom(), lost: seldom(), full: seldom(),
	}
}

// A Tally is what became of events.
type Tally struct {
	Delivered uint64
	Retried   uint64 // tries that failed, and were not the last
	Failed    uint64 // that were refused, or tried too often
	Dropped   uint64 // for which there was no room
	Waiting   int
}

// Tally returns what became of the events that the receiver was told of.
func (r *Receiver) Tally() Tally {
	return Tally{r.delivered.Load(), r.retried.Load(), r.failed.Load(), r.dropped.Load(), r.queue.size()}
}

// Tell hands over an event, and returns at once.
func (r *Receiver) Tell(e Event) {
	if !slices.Contains(r.kinds, e.Kind) {
		return
	}
	p := &parcel{id: newID(), event: e, since: r.hook.Now()}
	if !r.queue.add(e.Details.App+"/"+e.Details.Name, p) {
		r.full.Error().Uint64("dropped", r.dropped.Add(1)).Msg("events are dropped: too many wait for a webhook")
	}
}

// atATime is how many events are sent to one receiver at a time, each of another stream.
const atATime = 4

// Run sends events until ctx ends, and then what waits, once more, until that is done or late ends.
func (r *Receiver) Run(ctx, late context.Context) {
	defer r.hook.Client.CloseIdleConnections()
	defer context.AfterFunc(ctx, r.queue.close)()
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for r.work(late) {
			}
		})
	}
	workers.Wait()
	if left := r.queue.size(); left > 0 {
		r.failed.Add(uint64(left))
		r.log.Warn().Int("events", left).Msg("stopped, and left events for a webhook")
	}
}

// work sends what is due next, when it is. It reports whether there may be more.
func (r *Receiver) work(ctx context.Context) bool {
	l, in, changed, over := r.queue.take(r.hook.Now())
	if over || ctx.Err() != nil {
		return false
	}
	if l != nil {
		r.settle(ctx, l)
		return true
	}
	timer := time.NewTimer(in)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
	}
	return true
}

// settle sends the first event of a lane, and says what becomes of it.
func (r *Receiver) settle(ctx context.Context, l *lane) {
	p := l.sending
	p.tries++
	try := p.tries // the parcel is another's when it is kept
	v, asked, err := r.send(ctx, p)
	now := r.hook.Now()
	wait := max(asked, r.pause(try))
	if asked > 0 {
		r.queue.hold(now.Add(asked))
	}
	switch {
	case v == delivered:
		r.delivered.Add(1)
	case v == again && try < mostTries && now.Add(wait).Sub(p.since) <= longestTrying && r.queue.keep(l, now.Add(wait)):
		r.retried.Add(1)
		r.failing.Warn().Str("reason", short(err)).Str("stream", l.stream).Int("tries", try).Msg("a webhook did not take an event: it is sent again")
		return
	default:
		r.lost.Error().Str("reason", short(err)).Str("stream", l.stream).Int("tries", try).Uint64("lost", r.failed.Add(1)).Msg("an event is lost: a webhook did not take it")
	}
	r.queue.pass(l, now)
}

// send sends an event. It returns for how long the receiver asks to be left alone, and why it did not
// take the event.
func (r *Receiver) send(ctx context.Context, p *parcel) (verdict, time.Duration, error) {
	if p.body == nil {
		b, err := r.hook.Format.encode(p.event, p.id)
		if err != nil {
			return refused, 0, err
		}
		p.body = &b
	}
	ctx, cancel := context.WithTimeout(ctx, r.hook.Limit)
	defer cancel()
	res, err := r.hook.send(ctx, *p.body, p.id)
	if err != nil {
		return again, 0, err
	}
	defer res.Body.Close()
	const little = 4 << 10 // bytes, so that the connection can be used again
	_, _ = io.CopyN(io.Discard, res.Body, little)
	v, asked := judge(res.StatusCode), time.Duration(0)
	if v == again {
		asked = retryAfter(res.Header, r.hook.Now())
	}
	return v, asked, fmt.Errorf("it answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
}

// short returns what an error says, of which the receiver may have a part in.
func short(err error) string {
	const limit = 200
	text := err.Error()
	return text[:min(len(text), limit)]
}
