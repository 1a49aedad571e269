package stream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/pkg/media"
)

// Errors that the methods of a Publication return when it is over.
var (
	ErrClosed    = errors.New("the publication is closed")
	ErrTakenOver = errors.New("somebody else publishes under this name now")
)

// A Peer is the publisher, as far as it can be spoken to. Its methods return at
// once and may be called from any goroutine.
type Peer interface {
	// Warn tells the broadcaster what he might want to change.
	Warn(code, text string)
	// End closes the publication, from the publisher's side, with a cause.
	End(cause error)
	// Publisher says who it is.
	Publisher() Publisher
}

// A Publication is the writing end of one publisher. It is on air, stands by for
// another one to fail, or is over. Its methods are called from one goroutine, the
// publisher's.
type Publication struct {
	programme *programme
	peer      Peer
	holds     *gathering // whose whole is on air for it, nil if there is none

	// What follows is guarded by the programme.
	seat  seat
	feed  feed
	heard time.Time // when it last sent a frame, or was admitted
	since time.Time // when it was admitted
	bytes uint64    // of the frames that it sent
	over  error     // why it is over
}

// WriteMetadata takes what the publisher says of itself: whether to wait for
// video, and what its tracks are called that are not on air yet.
func (pub *Publication) WriteMetadata(m media.Metadata) {
	p := pub.programme
	p.mu.Lock()
	defer p.mu.Unlock()
	pub.feed.metadata = m
	if pub.over != nil || len(pub.feed.active) > 0 {
		return
	}
	for _, t := range slices.Clone(pub.feed.tracks) {
		pub.write(t)
	}
}

// WriteTrack declares a track or its new configuration. A change takes effect
// with a new period at the next key frame of the lead track; until then the
// frames of the changed track are dropped.
func (pub *Publication) WriteTrack(t media.Track) error {
	p := pub.programme
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case pub.over != nil:
		return pub.over
	case t.Timescale == 0:
		return fmt.Errorf("track %s has no timescale", t.ID)
	}
	pub.write(t)
	return nil
}

// write declares a track, by the name that its publisher gives it.
func (pub *Publication) write(t media.Track) {
	if title, ok := pub.feed.metadata.Titles[t.ID]; ok {
		t.Title = title
	}
	if p := pub.programme; p.onAir == pub {
		p.declareTrack(t)
	} else {
		pub.feed.declare(t)
	}
}

// WriteFrame takes one frame of a declared track. Those of a publisher that
// stands by are dropped. After ErrTooLarge the caller closes the publication.
func (pub *Publication) WriteFrame(f media.Frame) error {
	p := pub.programme
	p.mu.Lock()
	defer p.mu.Unlock()
	if pub.over != nil {
		return pub.over
	}
	if len(f.Data) == 0 || pub.feed.declared(f.Track) < 0 {
		return nil
	}
	a := arrival{f, p.env.Now()}
	p.hear(pub, a.at)
	pub.bytes += uint64(len(f.Data))
	if p.onAir == pub || p.relieve(pub, a) {
		p.bytes += uint64(len(f.Data))
		return p.take(a)
	}
	return nil
}

// letGo is for when the publication holds no whole on air any more.
func (pub *Publication) letGo() {
	if g := pub.holds; g != nil {
		pub.holds = nil
		g.release()
	}
}

// withdraw takes a track out of the stream, which goes on without it.
func (pub *Publication) withdraw(id media.TrackID) {
	p := pub.programme
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.onAir == pub && pub.feed.declared(id) >= 0 {
		p.withdraw(id)
	}
}

// Close ends the publication. What was accepted is published, and the stream
// stays as it is for Config.Linger, in which somebody may go on with it. It is
// idempotent.
func (pub *Publication) Close(cause error) error {
	p := pub.programme
	p.mu.Lock()
	defer p.mu.Unlock()
	if pub.over == nil {
		p.depart(pub, cause)
		p.log.Debug().AnErr("cause", cause).Msg("publisher left")
	}
	return nil
}
