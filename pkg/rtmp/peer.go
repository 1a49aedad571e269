package rtmp

import (
	"sync"
	"time"
)

// A Peer is how the side of the Sink speaks to the publisher of one Request.
// Both methods may be called at any time and from any goroutine, also from
// within Handler and Sink. They never block and write nothing themselves:
// the connection's own goroutine does so, when the message that it handles is
// done or amid the read that it sleeps in. Only a publisher that takes no
// answers can delay that, by Limits.Write. Neither method does anything once
// the publication has ended or was refused.
type Peer interface {
	// Warn tells the broadcaster something by onStatus, at level "warning".
	// The first 16 of a second count, and no more than 16 wait to be sent.
	Warn(code, text string)

	// End ends the publication, once. Its Sink is closed with cause, whatever
	// else ends it meanwhile, and then the publisher is told by onStatus, at
	// level "error", what a Handler's refusal with cause would tell it. The
	// connection ends with that, unless other streams on it are live.
	//
	// A publication whose Handler has not answered yet ends when it has.
	End(cause error)
}

// A remote is the Peer of one publication: what its Sink's side has to say
// until the connection comes for it.
type remote struct {
	wire *wire

	mu       sync.Mutex
	warnings []warning
	end      error // why the publication has to end; nil: it has not
	over     bool  // the publication has ended

	second time.Time // in which said counts
	said   int       // warnings
}

type warning struct{ code, text string }

// Warn implements Peer. Its bounds are there for the reader, whom every poke
// keeps from reading for a moment, and for the broadcaster.
func (r *remote) Warn(code, text string) {
	const most = 16
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.second) >= time.Second {
		r.second, r.said = now, 0
	}
	if r.over || r.end != nil || r.said >= most || len(r.warnings) >= most {
		return
	}
	r.said++
	r.warnings = append(r.warnings, warning{clip(code), clip(text)})
	r.wire.poke()
}

// End implements Peer.
func (r *remote) End(cause error) {
	if cause == nil {
		cause = errEnded
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.end != nil {
		return
	}
	r.end = cause
	r.wire.poke()
}

// take returns what there is to say, and forgets the warnings.
func (r *remote) take() (warnings []warning, end error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	warnings, r.warnings = r.warnings, nil
	return warnings, r.end
}

// close makes r do nothing from now on, and returns the cause of the end: that
// of End, when it came first.
func (r *remote) close(cause error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.warnings = true, nil
	if r.end != nil {
		return r.end
	}
	return cause
}
