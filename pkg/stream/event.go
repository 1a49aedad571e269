package stream

import (
	"errors"
	"net/netip"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// Causes of events, beside what publications are closed with.
var (
	ErrGone      = errors.New("the publisher on air had gone")                  // EventFailover
	ErrSilent    = errors.New("the publisher on air sent nothing")              // EventFailover
	ErrAbandoned = errors.New("nobody publishes it any more")                   // EventEnd
	ErrAhead     = errors.New("its media were dated into the future")           // EventEnd
	ErrOtherKind = errors.New("it is no more, or only now, a part of a ladder") // EventEnd
)

// An EventKind is what happened to a stream.
type EventKind string

// The kinds of event.
const (
	// EventPublish and EventUnpublish: somebody publishes under a name, or does no more. Of a ladder
	// it is the name of the member.
	EventPublish   EventKind = "publish"
	EventUnpublish EventKind = "unpublish"

	// EventStart: viewers can play the stream. It is told once, until the stream ends, however often its
	// publishers change and the process is restarted.
	EventStart EventKind = "start"

	// EventEnd: a stream that was started has ended.
	EventEnd EventKind = "end"

	// EventFailover: the publisher that stood by went on air.
	EventFailover EventKind = "failover"

	// EventRepair: times of publishers were repaired, how often since the last such event.
	EventRepair EventKind = "repair"
)

// EventKinds returns all of them.
func EventKinds() []EventKind {
	return []EventKind{EventPublish, EventUnpublish, EventStart, EventEnd, EventFailover, EventRepair}
}

// An Event is something that happened to a stream. It is immutable. What does not belong to its kind
// is zero.
type Event struct {
	Kind EventKind
	Time time.Time
	Name Name

	Publisher Publisher // that came, went, or is on air; zero if nobody is, or several are
	Standby   bool      // of EventPublish and EventUnpublish: it stands by, or did
	Before    Publisher // of EventFailover: who was on air

	Cause  error         // of EventUnpublish, EventEnd, EventFailover: why
	Lasted time.Duration // of EventUnpublish and EventEnd: since the publisher, or the stream, came
	Bytes  uint64        // likewise: of the media that came, those of a stream since the process began

	Tracks  []media.Track   // of EventStart, with the frame rates that were measured
	Repairs timeline.Counts // of EventRepair
}

// A Publisher is who publishes, as people and programs are told.
type Publisher struct {
	Remote  netip.AddrPort
	Conn    uint64 // number of its connection in the log
	Encoder string // the name that it has of itself
	URL     string // of the application, without what may be secret
}

// An Observer is told what happens to streams. Events of one stream come one after the other; those of
// several may come at a time.
type Observer interface {
	// Observe takes an event. It is called on the way of the media, while the stream is locked: it
	// returns at once, and does not call the registry.
	Observe(e Event)
}

// tell tells the observers of an event, whose kind and details are given.
func (p *programme) tell(e Event) {
	if len(p.env.Observers) == 0 {
		return
	}
	e.Time, e.Name = p.env.Now(), Name{p.live.App, p.live.Name}
	for _, o := range p.env.Observers {
		o.Observe(e)
	}
}

// tellOf tells the observers of an event of a publisher.
func (p *programme) tellOf(pub *Publication, e Event) {
	e.Publisher = p.publisher(pub)
	p.tell(e)
}

// tellCome tells them that somebody has come or gone. Those who send a stream together do that by
// themselves.
func (p *programme) tellCome(pub *Publication, e Event) {
	if _, together := pub.peer.(*gathering); !together {
		p.tellOf(pub, e)
	}
}

// publisher returns who that is, nobody if no observer wants to know.
func (p *programme) publisher(pub *Publication) Publisher {
	if pub == nil || len(p.env.Observers) == 0 {
		return Publisher{}
	}
	return pub.peer.Publisher()
}

// tellStart tells of the start of the stream when there is something to play.
func (p *programme) tellStart() {
	if p.told.start || !p.hasBegun() {
		return
	}
	p.told.start = true
	e := Event{Kind: EventStart}
	for _, span := range p.live.Snapshot().Spans() {
		e.Tracks = nil
		for _, listed := range span.Tracks {
			t := listed.Header.Track
			t.FrameRate = listed.FrameRate()
			e.Tracks = append(e.Tracks, t)
		}
	}
	p.tellOf(p.onAir, e)
}

// repairsEvery is how often repairs of a stream are told of, which broken encoders make by the thousand.
const repairsEvery = 10 * time.Second

// tellRepairs tells of those since the last time, if that was long ago or else by force.
func (p *programme) tellRepairs(force bool) {
	if p.told.repairs == p.repairs || !force && p.env.Now().Sub(p.told.at) < repairsEvery {
		return
	}
	e := Event{Kind: EventRepair, Repairs: p.repairs}
	for kind, n := range p.told.repairs {
		e.Repairs[kind] -= n
	}
	p.told.repairs, p.told.at = p.repairs, p.env.Now()
	p.tellOf(p.onAir, e)
}

// told is what observers know of a programme.
type told struct {
	start   bool
	repairs timeline.Counts
	at      time.Time // when they were told of repairs
	onAir   Publisher // who is, or was last
}
