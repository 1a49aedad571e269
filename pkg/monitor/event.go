package monitor

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

// An Event is something that happened to a stream, as people are told.
type Event struct {
	Time   time.Time `json:"time"`
	Stream string    `json:"stream" example:"live/show"`
	Kind   string    `json:"kind" enum:"publish,unpublish,start,end,failover,repair,finding"`
	Text   string    `json:"text" doc:"what happened, for people"`
}

// mostEvents is how many events are kept.
const mostEvents = 200

// Events are the newest ones, of all streams. The zero value has none. It is safe for concurrent use.
type Events struct {
	mu  sync.Mutex
	all []Event // the oldest first
}

// Observe implements stream.Observer.
func (e *Events) Observe(of stream.Event) {
	e.add(Event{Time: of.Time, Stream: of.Name.String(), Kind: string(of.Kind), Text: tell(of)})
}

func (e *Events) add(one Event) {
	one.Time = one.Time.UTC().Truncate(time.Millisecond)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
	if len(e.all) >= 2*mostEvents {
		e.all = slices.Clone(e.all[len(e.all)-mostEvents:])
	}
}

// Newest returns the newest events, n at most and the newest first, of one stream or, without a name, of all.
func (e *Events) Newest(n int, name string) []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	newest := []Event{}
	for i := len(e.all) - 1; i >= max(len(e.all)-mostEvents, 0) && len(newest) < n; i-- {
		if name == "" || e.all[i].Stream == name {
			newest = append(newest, e.all[i])
		}
	}
	return newest
}

// tell returns an event in words.
func tell(e stream.Event) string {
	why := ""
	if e.Cause != nil {
		why = ": " + e.Cause.Error()
	}
	switch e.Kind {
	case stream.EventPublish:
		if e.Standby {
			return e.Publisher.Encoder + " stands by"
		}
		return e.Publisher.Encoder + " publishes"
	case stream.EventUnpublish:
		return fmt.Sprintf("%s is gone, after %v%s", e.Publisher.Encoder, e.Lasted.Round(time.Second), why)
	case stream.EventStart:
		return "viewers can watch"
	case stream.EventEnd:
		return fmt.Sprintf("the stream has ended, after %v%s", e.Lasted.Round(time.Second), why)
	case stream.EventFailover:
		return "the publisher that stood by goes on" + why
	case stream.EventRepair:
		var all []string
		for kind, n := range e.Repairs {
			if n > 0 {
				all = append(all, fmt.Sprintf("%s (%d)", timeline.Repair(kind), n))
			}
		}
		return "timestamps were repaired: " + strings.Join(all, ", ")
	}
	return string(e.Kind)
}
