package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/stream"
)

// name returns the n-th of many names.
func name(n int) stream.Name { return stream.Name{App: "live", Key: fmt.Sprintf("show-%d", n)} }

// A hall is a registry with many publishers.
type hall struct {
	*rig
	inside map[string]*stream.Publication
}

func newHall(t *testing.T, changes ...func(*stream.Config)) *hall {
	return &hall{newRig(t, changes...), map[string]*stream.Publication{}}
}

// enter lets somebody publish under a name, and wants an error.
func (h *hall) enter(who string, n int, want error) {
	h.t.Helper()
	pub, err := h.registry.Publish(h.t.Context(), name(n), h.rig)
	if !errors.Is(err, want) {
		h.t.Fatalf("%s: %v, want %v", who, err, want)
	}
	if err == nil {
		h.inside[who] = pub
		h.pub = pub
		h.declare(video(1))
	}
}

func (h *hall) leave(who string) {
	h.t.Helper()
	if err := h.inside[who].Close(io.EOF); err != nil {
		h.t.Fatal(err)
	}
}

// plays has somebody send some seconds of video.
func (h *hall) plays(who string, seconds int) {
	h.t.Helper()
	h.pub, h.quiet = h.inside[who], true
	from := int(h.now.Sub(noon).Milliseconds())
	h.play(source{fps: 25, gop: 50}, from, from+1000*seconds)
}

// streams returns the names that are there, with those that have ended in
// brackets.
func (h *hall) streams() string {
	var all []string
	for _, p := range h.registry.List() {
		text := strings.TrimPrefix(p.Name, "show-")
		if p.Snapshot().Ended {
			text = "(" + text + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func atMost(publishers, streams int) func(*stream.Config) {
	return func(c *stream.Config) { c.Limits.Publishers, c.Limits.Streams = publishers, streams }
}

func TestPublishersAreLimited(t *testing.T) {
	h := newHall(t, lingering, atMost(2, 0))
	h.enter("a", 1, nil)
	h.plays("a", 5)
	h.enter("b", 2, nil)
	h.enter("c", 3, stream.ErrPublishers)
	if got := h.streams(); got != "1 2" {
		t.Errorf("who was refused left %q", got)
	}
	h.plays("a", 5)
	h.leave("a")
	h.enter("c", 3, nil)
	h.enter("a", 1, stream.ErrPublishers) // its stream waits for it
	h.plays("c", 5)
	h.leave("c")
	h.enter("a", 1, nil)
	h.plays("a", 5)
	if got := h.streams(); got != "1 2 3" {
		t.Errorf("there are %q", got)
	}
	h.leave("a")
	h.leave("a") // idempotent
	h.leave("b") // it sent nothing, so nobody waits for it
	h.enter("d", 4, nil)
	h.enter("e", 5, nil)
	h.enter("f", 6, stream.ErrPublishers)
	if got := h.streams(); got != "1 (2) 3 4 5" {
		t.Errorf("there are %q", got)
	}
}

func TestAPublisherTakesTheSeatOfAnother(t *testing.T) {
	h := newHall(t, lingering, atMost(2, 0), func(c *stream.Config) { c.Conflict = stream.TakeOver })
	h.enter("a", 1, nil)
	h.enter("b", 2, nil)
	h.enter("a again", 1, nil)
	if len(h.told) != 1 || !errors.Is(h.told[0], stream.ErrTakenOver) {
		t.Errorf("the first one is told %v", h.told)
	}
	h.leave("a") // what was taken is not given back twice
	h.enter("c", 3, stream.ErrPublishers)
	h.leave("a again")
	h.enter("c", 3, nil)
	h.enter("d", 4, stream.ErrPublishers)
}

func TestStandingByTakesASeat(t *testing.T) {
	h := newHall(t, backup, atMost(3, 0))
	h.enter("a", 1, nil)
	h.plays("a", 3)
	h.enter("a's backup", 1, nil)
	h.enter("b", 2, nil)
	h.plays("b", 3)
	h.enter("b's backup", 2, stream.ErrPublishers)
	h.leave("a")
	h.plays("a's backup", 3) // goes on air
	h.enter("b's backup", 2, nil)
	h.enter("c", 3, stream.ErrPublishers)
	h.plays("b", 3)
	if got := h.streams(); got != "1 2" {
		t.Errorf("there are %q", got)
	}
}

func TestStreamsAreLimited(t *testing.T) {
	h := newHall(t, lingering, atMost(0, 2))
	h.enter("a", 1, nil)
	h.plays("a", 5)
	h.enter("b", 2, nil)
	h.plays("b", 5)
	h.enter("c", 3, stream.ErrStreams)
	h.leave("a")
	h.enter("c", 3, stream.ErrStreams) // the first one waits for its publisher
	h.enter("a", 1, nil)
	h.leave("a")
	h.plays("b", 59) // in which the first one ends
	h.now = h.now.Add(2 * time.Second)
	h.registry.Check()
	if got := h.streams(); got != "(1) 2" {
		t.Fatalf("there are %q", got)
	}
	h.enter("c", 3, nil) // in its place
	if got := h.streams(); got != "2 3" {
		t.Errorf("there are %q", got)
	}
	h.enter("d", 4, stream.ErrStreams)
	h.leave("c") // it sent nothing
	h.enter("c again", 3, nil)
	h.enter("d", 4, stream.ErrStreams)
	h.leave("c again")
	h.enter("d", 4, nil)
	if got := h.streams(); got != "2 4" {
		t.Errorf("there are %q", got)
	}
}

// TestTheOneThatEndedFirstMakesRoom has more than one that could.
func TestTheOneThatEndedFirstMakesRoom(t *testing.T) {
	h := newHall(t, atMost(0, 3))
	for n := range 3 {
		h.enter("x", 2-n, nil)
		h.plays("x", 5)
		h.leave("x")
		h.registry.Check()
	}
	h.enter("y", 7, nil)
	if got := h.streams(); got != "(0) (1) 7" {
		t.Errorf("there are %q", got)
	}
}

// TestNoSeatIsLost has publishers come and go in every way at the same time.
// There are never too many, and then all can come in again.
func TestNoSeatIsLost(t *testing.T) {
	const limit, visitors = 4, 16
	for _, conflict := range []stream.Conflict{stream.Reject, stream.TakeOver, stream.Backup} {
		h := newHall(t, lingering, atMost(limit, 0), func(c *stream.Config) { c.Conflict = conflict })
		env := h.environment(h.config)
		env.Log = zerolog.Nop()
		h.registry = stream.NewRegistry(env)
		var coming sync.WaitGroup
		for i := range visitors {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			coming.Go(func() {
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond) // nobody is waited for
					pub, err := h.registry.Publish(ctx, name(random.IntN(limit+2)), &quiet{})
					cancel()
					if err == nil {
						_ = pub.WriteTrack(video(1))
						_ = pub.Close(io.EOF)
					}
				}
			})
		}
		coming.Wait()
		for n := range limit {
			h.enter("x", 100+n, nil)
		}
		h.enter("y", 200, stream.ErrPublishers)
	}
}

// A quiet peer wants to know nothing.
type quiet struct{}

// Warn implements stream.Peer.
func (*quiet) Warn(string, string) {}

// End implements stream.Peer.
func (*quiet) End(error) {}

// Publisher implements stream.Peer.
func (*quiet) Publisher() stream.Publisher { return stream.Publisher{} }

// TestConfigure changes limits and ladders while somebody publishes.
func TestConfigure(t *testing.T) {
	r := newRig(t, func(c *stream.Config) { c.Limits.Publishers, c.Conflict, c.Window = 1, stream.Reject, 30*time.Second })
	r.publish(video(1))
	r.play(source{fps: 25, gop: 50}, 0, 5000)
	publish := func(key string) error {
		pub, err := r.registry.Publish(t.Context(), stream.Name{App: "live", Key: key}, &quiet{})
		if err == nil {
			t.Cleanup(func() { _ = pub.Close(nil) })
		}
		return err
	}
	if err := publish("other"); !errors.Is(err, stream.ErrPublishers) {
		t.Errorf("one too many: %v", err)
	}
	r.registry.Configure(stream.Config{
		Limits: stream.Limits{Publishers: 3}, Linger: time.Second, Conflict: stream.TakeOver,
		Ladders: []stream.Ladder{{Stream: "live/whole", Members: []string{"live/part"}}},
	})
	for _, key := range []string{"other", "part"} {
		if err := publish(key); err != nil {
			t.Errorf("%s, with more room: %v", key, err)
		}
	}
	if _, ok := r.registry.Lookup("live", "whole"); !ok {
		t.Error("there is no ladder")
	}
	r.play(source{fps: 25, gop: 50}, 5000, 10000)
	if n := len(r.snapshot().Rendition(v0).Segments); n < 4 {
		t.Errorf("%d segments: who was on air was disturbed", n)
	}
	r.publish(video(1)) // takes over now
	if len(r.told) != 1 || !errors.Is(r.told[0], stream.ErrTakenOver) {
		t.Errorf("told %v", r.told)
	}
	r.close()
	r.at(12_000)
	r.registry.Check()
	if !r.snapshot().Ended {
		t.Error("it lingers for as long as before")
	}
}
