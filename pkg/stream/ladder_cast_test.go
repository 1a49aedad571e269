package stream_test

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/stream"
)

// members publishes under names in a bubble of time.
type members struct {
	*rig
	started time.Time
}

// inBubble runs a test in which time passes as it does for the gateway.
func inBubble(t *testing.T, test func(*members), changes ...func(*stream.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, append([]func(*stream.Config){inQualities}, changes...)...)
		r.realTime, r.quiet = true, true
		r.registry = r.newRegistry(r.config)
		test(&members{r, time.Now()})
	})
}

func (m *members) publish(key string) (*stream.Publication, error) {
	pub, err := m.registry.Publish(m.t.Context(), stream.Name{App: "live", Key: key}, m)
	if err == nil {
		err = pub.WriteTrack(video(1))
	}
	return pub, err
}

func (m *members) open(key string) *stream.Publication {
	m.t.Helper()
	pub, err := m.publish(key)
	if err != nil {
		m.t.Fatal(key, err)
	}
	return pub
}

func (m *members) frame(pub *stream.Publication) error {
	return pub.WriteFrame(media.Frame{
		Track: v0, Key: true, Time: uint32(time.Since(m.started).Milliseconds()), Data: []byte{0, 0, 0, 1, 0x65},
	})
}

// TestGoneWhileSomebodyWaits has a member's publisher go while another one waits to see whether it
// is there: what holds the whole on air is let go once, and those who are on air stay.
func TestGoneWhileSomebodyWaits(t *testing.T) {
	for _, key := range []string{"show_hi", "plain"} {
		inBubble(t, func(m *members) {
			first, other := m.open(key), m.open("show_mid")
			if err := errors.Join(m.frame(first), m.frame(other)); err != nil {
				t.Fatal(err)
			}
			next := make(chan *stream.Publication)
			go func() { next <- m.open(key) }()
			time.Sleep(300 * time.Millisecond)
			if err := first.Close(io.EOF); err != nil {
				t.Fatal(err)
			}
			second := <-next
			if err := errors.Join(m.frame(second), second.Close(io.EOF), m.frame(other)); err != nil {
				t.Errorf("%s: %v", key, err)
			}
			m.registry.Check()
			if err := other.Close(io.EOF); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNothingPublishedWhileSomebodyWaits has the publisher go who has sent nothing, by which the
// stream ends: the next is on air in another one.
func TestNothingPublishedWhileSomebodyWaits(t *testing.T) {
	inBubble(t, func(m *members) {
		first := m.open("plain")
		next := make(chan *stream.Publication)
		go func() { next <- m.open("plain") }()
		time.Sleep(300 * time.Millisecond)
		_ = first.Close(io.EOF)
		second := <-next
		for range 100 {
			if err := m.frame(second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Millisecond)
		}
		if p, ok := m.registry.Lookup("live", "plain"); !ok || p.Snapshot().Ended || len(p.Snapshot().Renditions) == 0 {
			t.Error("it is not to be seen")
		}
		_ = second.Close(io.EOF)
	})
}

// TestMembersOfMembers has names that could be those of a chain of ladders, which there is not.
func TestMembersOfMembers(t *testing.T) {
	inBubble(t, func(m *members) {
		var all []*stream.Publication
		for _, key := range []string{"show_hi", "show_hi_lo", "show_hi_lo_mid"} {
			all = append(all, m.open(key))
		}
		for range 100 {
			for _, pub := range all {
				if err := m.frame(pub); err != nil {
					t.Fatal(err)
				}
			}
			m.registry.Check()
			time.Sleep(40 * time.Millisecond)
		}
		for _, pub := range all {
			_ = pub.Close(io.EOF)
		}
		time.Sleep(2 * time.Minute)
		m.registry.Check()
		for _, p := range m.registry.List() {
			if !p.Snapshot().Ended {
				t.Errorf("%s goes on", p.Name)
			}
		}
	})
}

// TestSeatsOfLadders counts publishers, whoever takes whose place.
func TestSeatsOfLadders(t *testing.T) {
	limit := func(c *stream.Config) { c.Limits.Publishers, c.Linger = 2, 0 }
	for _, conflict := range []stream.Conflict{stream.Reject, stream.TakeOver} {
		inBubble(t, func(m *members) {
			for range 5 {
				plain := m.open("show")
				_ = m.frame(plain)
				time.Sleep(2 * time.Second) // presumed dead
				member := m.open("show_hi")
				if err := m.frame(member); err != nil {
					t.Fatal(err)
				}
				_, _ = plain.Close(io.EOF), member.Close(io.EOF)
				m.registry.Check()
			}
			one, two := m.open("show_hi"), m.open("show_mid")
			if _, err := m.publish("show_lo"); !errors.Is(err, stream.ErrPublishers) {
				t.Errorf("a third one: %v", err)
			}
			_, _ = one.Close(io.EOF), two.Close(io.EOF)
		}, limit, func(c *stream.Config) { c.Conflict = conflict })
	}
}

// TestRefusedMembersBeginNothing has publishers above the limit, for whom no stream begins.
func TestRefusedMembersBeginNothing(t *testing.T) {
	inBubble(t, func(m *members) {
		one := m.open("show_hi")
		for _, key := range []string{"a_hi", "b_hi", "c_lo"} {
			if _, err := m.publish(key); !errors.Is(err, stream.ErrPublishers) {
				t.Errorf("%s: %v", key, err)
			}
		}
		if all := m.registry.List(); len(all) != 1 {
			t.Errorf("%d streams", len(all))
		}
		_ = one.Close(io.EOF)
	}, func(c *stream.Config) { c.Limits.Publishers = 1 })
}

// TestStreamThatBecomesAMember has somebody go on with a stream that was one of its own before the
// configuration had ladders.
func TestStreamThatBecomesAMember(t *testing.T) {
	inBubble(t, func(m *members) {
		ladders := m.config.Ladders
		m.config.Ladders = nil
		m.registry = m.newRegistry(m.config)
		plain := m.open("show_hi")
		for range 200 {
			_ = m.frame(plain)
			time.Sleep(40 * time.Millisecond)
		}
		m.config.Ladders = ladders
		again := m.newRegistry(m.config)
		if _, err := again.Recover(); err != nil {
			t.Fatal(err)
		}
		m.registry = again
		member := m.open("show_hi")
		for range 200 {
			if err := m.frame(member); err != nil {
				t.Fatal(err)
			}
			time.Sleep(40 * time.Millisecond)
		}
		if p, ok := again.Lookup("live", "show"); !ok || len(p.Snapshot().Renditions) == 0 {
			t.Error("the whole has nothing")
		}
		_ = member.Close(io.EOF)
		time.Sleep(2 * time.Minute)
		again.Check()
		for _, p := range again.List() {
			if !p.Snapshot().Ended {
				t.Errorf("%s goes on", p.Name)
			}
		}
	})
}

// TestLadderHasItsName has somebody publish under the name of the whole, or of a member, that
// somebody else publishes under.
func TestLadderHasItsName(t *testing.T) {
	inBubble(t, func(m *members) {
		first := m.open("show_hi")
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 100 {
				if err := m.frame(first); err != nil {
					t.Error(err)
				}
				time.Sleep(40 * time.Millisecond)
			}
		}()
		for _, key := range []string{"show_hi", "show"} {
			if _, err := m.publish(key); !errors.Is(err, stream.ErrNameInUse) {
				t.Errorf("%s: %v", key, err)
			}
		}
		if all := m.registry.List(); len(all) != 1 || all[0].Name != "show" {
			t.Errorf("%d streams", len(all))
		}
		<-done
		if err := first.Close(io.EOF); err != nil {
			t.Error(err)
		}
		m.registry.Check()
		if p, ok := m.registry.Lookup("live", "show"); !ok || !p.Snapshot().Ended {
			t.Error("it goes on")
		}
		if err := m.open("show").Close(io.EOF); err != nil {
			t.Errorf("behind it: %v", err)
		}
	}, func(c *stream.Config) { c.Linger = 0 })
}
