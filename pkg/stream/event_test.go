package stream_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/store"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

// A chronicle is what an observer was told, a line each.
type chronicle struct {
	mu     sync.Mutex
	events []stream.Event
}

// Observe implements stream.Observer.
func (c *chronicle) Observe(e stream.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
}

// lines returns them: when, since the first one, what, of which stream, and the rest.
func (c *chronicle) lines() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, e := range c.events {
		fmt.Fprintf(&b, "%.1f %s %s", e.Time.Sub(c.events[0].Time).Seconds(), e.Kind, e.Name)
		if e.Publisher != (stream.Publisher{}) {
			b.WriteString(" by " + e.Publisher.Encoder)
		}
		if e.Before != (stream.Publisher{}) {
			b.WriteString(" for " + e.Before.Encoder)
		}
		if e.Standby {
			b.WriteString(", standing by")
		}
		for _, t := range e.Tracks {
			fmt.Fprintf(&b, ", %s %s %.0f", t.ID, t.Codec, t.FrameRate.Float())
		}
		if e.Cause != nil {
			b.WriteString(": " + e.Cause.Error())
		}
		if e.Lasted > 0 || e.Bytes > 0 {
			fmt.Fprintf(&b, " after %.1f, %d", e.Lasted.Seconds(), e.Bytes)
		}
		for kind, n := range e.Repairs {
			if n > 0 {
				fmt.Fprintf(&b, ", %s %d", timeline.Repair(kind), n)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// observed returns a registry in a bubble of time, and what is told of it.
func observed(changes ...func(*stream.Config)) (*stream.Registry, *chronicle) {
	config := stream.Config{
		Segment: segment.Config{Target: time.Second, Max: 10 * time.Second, Part: 200 * time.Millisecond, Chunk: 200 * time.Millisecond},
		Window:  40 * time.Second, Linger: 2 * time.Second, Keep: time.Minute, Failover: time.Second,
	}
	for _, change := range changes {
		change(&config)
	}
	told, second := &chronicle{}, &chronicle{}
	return stream.NewRegistry(stream.Environment{
		Config: config, Store: store.NewMemory(), Retire: calendar{}, Log: zerolog.Nop(), Now: time.Now, Observers: []stream.Observer{told, second},
	}), told
}

// come has a rival of a name come to live/show, or to another stream.
func come(t *testing.T, r *stream.Registry, name, key string) *rival {
	t.Helper()
	v := &rival{name: name, clock: time.Now()}
	pub, err := r.Publish(t.Context(), stream.Name{App: "live", Key: key}, v)
	if err != nil {
		t.Fatal(err)
	}
	v.Publication = pub
	if err := pub.WriteTrack(video(1)); err != nil {
		t.Fatal(err)
	}
	return v
}

// play sends for some time, whatever becomes of it.
func (v *rival) play(length time.Duration) { _ = v.send(length) }

var eventCases = []struct {
	name    string
	changes []func(*stream.Config)
	do      func(*testing.T, *stream.Registry)
	want    string
}{
	{
		"a publisher comes and goes", nil,
		func(t *testing.T, r *stream.Registry) {
			a := come(t, r, "a", "show")
			a.play(3 * time.Second)
			_ = a.Close(io.EOF)
			_ = a.Close(io.ErrUnexpectedEOF)
			time.Sleep(time.Second)
			a = come(t, r, "again", "show")
			a.play(3 * time.Second)
			_ = a.Close(io.EOF)
			time.Sleep(2 * time.Second)
			r.Check()
			r.Check()
		}, `
0.0 publish live/show by a
1.0 start live/show by a, v0 H.264 25
3.0 unpublish live/show by a: EOF after 3.0, 375
4.0 publish live/show by again
7.0 unpublish live/show by again: EOF after 3.0, 375
9.0 end live/show: nobody publishes it any more after 9.0, 750
`,
	},
	{
		"a publisher sends nothing", nil,
		func(t *testing.T, r *stream.Registry) { _ = come(t, r, "a", "show").Close(io.EOF) }, `
0.0 publish live/show by a
0.0 unpublish live/show by a: EOF
`,
	},
	{
		"half a segment", nil,
		func(t *testing.T, r *stream.Registry) {
			a := come(t, r, "a", "show")
			a.play(500 * time.Millisecond)
			_ = a.Close(io.EOF)
			time.Sleep(2 * time.Second)
			r.Check()
		}, `
0.0 publish live/show by a
0.5 start live/show by a, v0 H.264 25
0.5 unpublish live/show by a: EOF after 0.5, 65
2.5 end live/show: nobody publishes it any more after 2.5, 65
`,
	},
	{
		"a backup",
		[]func(*stream.Config){func(c *stream.Config) { c.Conflict = stream.Backup }},
		func(t *testing.T, r *stream.Registry) {
			var all sync.WaitGroup
			a := come(t, r, "a", "show")
			all.Go(func() { a.play(3 * time.Second) })
			time.Sleep(1100 * time.Millisecond)
			b := come(t, r, "b", "show")
			b.play(6 * time.Second) // a falls silent
			_ = a.Close(io.EOF)
			c := come(t, r, "c", "show")
			all.Go(func() { c.play(4 * time.Second) })
			time.Sleep(1500 * time.Millisecond) // and then b
			_ = c.Close(io.EOF)
			c = come(t, r, "d", "show")
			_ = b.Close(io.ErrUnexpectedEOF)
			c.play(2 * time.Second)
			_ = c.Close(io.EOF)
			all.Wait()
		}, `
0.0 publish live/show by a
1.0 start live/show by a, v0 H.264 25
1.1 publish live/show by b, standing by
4.1 failover live/show by b for a: the publisher on air sent nothing
7.1 unpublish live/show by a, standing by: EOF after 7.1, 375
7.1 publish live/show by c, standing by
8.1 failover live/show by c for b: the publisher on air sent nothing
8.6 unpublish live/show by c: EOF after 1.5, 190
8.6 publish live/show by d
8.6 unpublish live/show by b, standing by: unexpected EOF after 7.5, 750
10.6 unpublish live/show by d: EOF after 2.0, 250
`,
	},
	{
		"one who goes, with a backup",
		[]func(*stream.Config){func(c *stream.Config) { c.Conflict = stream.Backup }},
		func(t *testing.T, r *stream.Registry) {
			var all sync.WaitGroup
			a := come(t, r, "a", "show")
			a.play(time.Second)
			b := come(t, r, "b", "show")
			_ = a.Close(io.EOF)
			all.Go(func() { b.play(time.Second) })
			all.Wait()
		}, `
0.0 publish live/show by a
1.0 publish live/show by b, standing by
1.0 start live/show by a, v0 H.264 25
1.0 unpublish live/show by a: EOF after 1.0, 125
1.0 failover live/show by b for a: the publisher on air had gone
`,
	},
	{
		"a taken name",
		[]func(*stream.Config){func(c *stream.Config) { c.Conflict = stream.TakeOver }},
		func(t *testing.T, r *stream.Registry) {
			a := come(t, r, "a", "show")
			a.play(2 * time.Second)
			b := come(t, r, "b", "show")
			_ = a.Close(io.EOF)
			_ = b.Close(io.EOF)
		}, `
0.0 publish live/show by a
1.0 start live/show by a, v0 H.264 25
2.0 unpublish live/show by a: somebody else publishes under this name now after 2.0, 250
2.0 publish live/show by b
2.0 unpublish live/show by b: EOF
`,
	},
	{
		"a ladder",
		[]func(*stream.Config){inQualities, func(c *stream.Config) { c.Linger = time.Second }},
		func(t *testing.T, r *stream.Registry) {
			var all sync.WaitGroup
			a, b := come(t, r, "a", "show_hi"), come(t, r, "b", "show_lo")
			all.Go(func() { a.play(3 * time.Second) })
			all.Go(func() { b.play(2 * time.Second); _ = b.Close(io.EOF) })
			all.Wait()
			_ = a.Close(io.EOF)
			time.Sleep(time.Second)
			r.Check()
		}, `
0.0 publish live/show_hi by a
0.0 publish live/show_lo by b
1.0 start live/show, v0 H.264 25, v2 H.264 25
2.0 unpublish live/show_lo by b: EOF after 2.0, 250
3.0 unpublish live/show_hi by a: EOF after 3.0, 375
4.0 end live/show: nobody publishes it any more after 4.0, 625
`,
	},
	{
		"broken times", nil,
		func(t *testing.T, r *stream.Registry) {
			a := come(t, r, "a", "show")
			for i := range 25 * 25 {
				f := media.Frame{Track: v0, Key: i%25 == 0, Time: uint32(i / 2 * 80), Data: []byte{0, 0, 0, 1, 0x65}}
				if err := a.WriteFrame(f); err != nil {
					t.Fatal(err)
				}
				time.Sleep(40 * time.Millisecond)
			}
			_ = a.Close(io.EOF)
		}, `
0.0 publish live/show by a
0.0 repair live/show by a, time did not increase 1
1.0 start live/show by a, v0 H.264 0
10.0 repair live/show by a, time did not increase 125
20.0 repair live/show by a, time did not increase 125
25.0 repair live/show by a, time did not increase 61
25.0 unpublish live/show by a: EOF after 25.0, 3125
`,
	},
}

func TestEvents(t *testing.T) {
	for _, c := range eventCases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, told := observed(c.changes...)
				c.do(t, r)
				if diff := cmp.Diff(strings.TrimSpace(c.want), strings.TrimSpace(told.lines())); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestEventsOfARestart has a registry die without a word: the next one tells of the end of the stream, of whose start
// the first one has told, and of no other start.
func TestEventsOfARestart(t *testing.T) {
	r := newRig(t, lingering)
	r.publish(video(1), audio(48000))
	r.play(steady, 0, 9000)
	told := &chronicle{}
	env := r.environment(r.config)
	env.Observers = []stream.Observer{told}
	next := stream.NewRegistry(env)
	if _, err := next.Recover(); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	next.Check()
	kinds := func() (all []stream.EventKind) {
		for _, e := range told.events {
			all = append(all, e.Kind)
		}
		return all
	}
	if got := kinds(); !slices.Equal(got, []stream.EventKind{stream.EventEnd}) || told.events[0].Lasted < time.Hour {
		t.Errorf("%v", told.lines())
	}
}
