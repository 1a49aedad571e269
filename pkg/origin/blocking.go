package origin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// errLate says that what a client waits for did not come in time.
var errLate = errors.New("it did not come in time")

// ErrClosing is the cause that ends the context of all requests when the server
// stops: those that wait are answered that it cannot be had here now.
var ErrClosing = errors.New("the server stops")

// errDirectives says that a client asks for a state of a playlist that is no
// state, or too far ahead.
var errDirectives = errors.New("bad delivery directives")

// patience is how long a client may take to receive what was held for it, or a
// chunk of a growing segment.
const patience = 10 * time.Second

// longest returns how long a client waits at most for what will come (RFC
// 8216bis 6.2.5.2: a server SHOULD answer 503 after three target durations).
func longest(s *live.Snapshot) time.Duration { return 3 * s.Targets.Segment }

// errParked says that the request is made once more when it can be answered.
var errParked = errors.New("parked")

// hold waits for a state of the presentation that satisfies ready, and for that
// of the track's rendition, as Presentation.Wait does, but no longer than a
// time, after which it returns errLate. When the client goes away it returns
// context.Canceled, and ErrClosing when the server stops. A client that waits keeps
// no snapshot alive, if its caller does not.
func (o *Origin) hold(w http.ResponseWriter, r *http.Request, p *live.Presentation, wait waiting) (*live.Snapshot, error) {
	until := deadline(r, wait.atMost)
	if o.parking.enter(r) {
		return nil, o.parking.park(w, r, p, wait, until)
	}
	defer o.parking.leave()
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // that of the server counts from the request
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	s, err := p.Wait(r.Context(), late.C, wait.track, wait.ready)
	_ = out.SetWriteDeadline(time.Now().Add(patience))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errLate
	case err != nil:
		return nil, context.Cause(r.Context())
	}
	return s, nil
}

// waiting is what a client waits for.
type waiting struct {
	track  media.TrackID
	atMost time.Duration
	ready  func(*live.Snapshot) bool
}

// playlist serves the media playlist of one rendition. Delivery directives hold
// for the one that has parts.
func (o *Origin) playlist(w http.ResponseWriter, r *http.Request, p *live.Presentation, key textKey) {
	s := p.Snapshot()
	held := false
	if key.form == hls.CMAF && !s.Ended {
		asked, err := hls.ParseDirectives(r.URL.RawQuery)
		if err != nil {
			o.fail(w, r, fmt.Errorf("%w: %w", errDirectives, err))
			return
		}
		if s, err = o.await(w, r, p, key.track, asked); err != nil {
			o.fail(w, r, err)
			return
		}
		key.skip, held = asked.Skip, asked.Held && s.Targets.Part > 0
	}
	switch of := s.Rendition(key.track); {
	case of == nil:
		o.fail(w, r, fs.ErrNotExist) // and no key is made of what does not exist
		return
	case of.Gone && !s.Ended:
		o.fail(w, r, errEarly) // it may be back
		return
	}
	o.serveText(w, r, s, key, held)
}

// await returns the state that a playlist is asked for in, which it waits for if
// that is soon.
func (o *Origin) await(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, asked hls.Directives) (*live.Snapshot, error) {
	s := p.Snapshot()
	verdict := asked.Judge(s, id)
	if verdict == hls.Wait {
		var err error
		s, err = o.hold(w, r, p, waiting{id, longest(s), func(s *live.Snapshot) bool { return asked.Judge(s, id) != hls.Wait }})
		if err != nil {
			return nil, err
		}
		verdict = asked.Judge(s, id)
	}
	switch verdict {
	case hls.TooFar:
		return nil, errDirectives
	case hls.Never:
		return nil, errEarly
	default:
		return s, nil
	}
}
