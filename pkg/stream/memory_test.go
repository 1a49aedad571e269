package stream_test

import (
	"context"
	"io"
	"testing"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/store"
	"sluice/pkg/stream"
)

// A spool is a store in front of a disk that takes nothing until it is flushed.
type spool struct {
	*store.Spool
	failing error
}

// Failing implements stream.Memory.
func (s *spool) Failing() error { return s.failing }

// Stage implements store.Store: nobody waits for the disk.
func (s *spool) Stage(string, []byte, ...[]byte) error { return errDiskFull }

// fill has the rig's streams wait in a memory of that size for a full disk.
func (r *rig) fill(memory int64) {
	r.t.Helper()
	r.spool = &spool{newSpool(r.t, r.disk, memory), errDiskFull}
	r.registry = r.newRegistry(r.config)
	gone := map[string]bool{}
	r.watch = func() {
		for name, until := range r.calendar {
			if !gone[name] && until.Before(r.now) {
				gone[name] = true
				_ = r.spool.Remove(name) // it may have been spare
			}
		}
	}
}

func newSpool(t testing.TB, disk store.Store, memory int64) *store.Spool {
	t.Helper()
	s, err := store.NewSpool(disk, memory, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// flush has the disk take what waits. There is memory enough for what comes.
func (r *rig) flush() {
	r.t.Helper()
	over, cancel := context.WithCancel(r.t.Context())
	cancel()
	if err := r.spool.Run(over, r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	*r.spool = spool{newSpool(r.t, r.disk, 1<<30), nil}
}

// listedIsThere fails the test where something that is listed cannot be had.
func (r *rig) listedIsThere(s *live.Snapshot, name stream.Name) {
	r.t.Helper()
	for _, rendition := range s.Renditions {
		for _, seg := range rendition.Segments {
			if seg.Gap {
				continue
			}
			blob, err := r.spool.Open(live.Blob(name.App, name.Key, rendition.ID, seg.Name))
			if err != nil {
				r.t.Fatalf("%v: %s: %v", rendition.ID, describe(seg), err)
			}
			_ = blob.Close()
		}
	}
}

// gaps returns how many segments of a stream that are listed are gaps.
func gaps(s *live.Snapshot) (n int) {
	for _, rendition := range s.Renditions {
		for _, seg := range rendition.Segments {
			if seg.Gap {
				n++
			}
		}
	}
	return n
}

// TestTheWindowFitsIntoTheMemory plays a stream while the disk is full, and its window
// does not fit into the memory. The newest segments are there all the time; when the
// disk is well again the window gets longer by what comes.
func TestTheWindowFitsIntoTheMemory(t *testing.T) {
	for _, c := range []struct {
		name   string
		memory int64
		window time.Duration // at least, while the disk is full
		at     time.Duration // at most
	}{
		{"there is room", 8 << 20, 30 * time.Second, 30 * time.Second},
		{"a shorter window", 4 << 20, 14 * time.Second, 18 * time.Second},
		{"the shortest", 1300 << 10, 6 * time.Second, 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.fill(c.memory)
			r.publish(video(1), audio(48000))
			r.large = bits(800_000)
			r.play(steady, 0, 90_000)
			s := r.snapshot()
			if s.Window < c.window || s.Window > c.at {
				t.Errorf("a window of %v", s.Window)
			}
			r.listedIsThere(s, show)
			if n := r.lines("segments are not stored"); n > 0 {
				t.Errorf("the log says %d times that segments are not stored", n)
			}
			less := 0
			if c.at < 30*time.Second {
				less = 1
			}
			if n := r.lines("less of the stream is listed"); n != less || r.lines("no space left on device") != less {
				t.Errorf("the log says %d times that less is listed", n)
			}
			if v := r.registry.Vitals()[0]; v.Window != s.Window || v.Narrowed > 0 != (less > 0) {
				t.Errorf("%+v", v)
			}
			r.flush()
			r.listedIsThere(s, show)
			for at := 90_000; at < 126_000; at += 2000 {
				r.play(steady, at, at+2000)
				s := r.snapshot()
				if v := s.Rendition(v0); s.Window > v.Depth+2100*time.Millisecond { // the sound may be a segment ahead
					t.Fatalf("%v are listed of %v", v.Depth, s.Window)
				}
				r.listedIsThere(s, show)
			}
			if w := r.snapshot().Window; w != 30*time.Second {
				t.Errorf("a window of %v behind it", w)
			}
			if n := r.lines("the window becomes longer again"); n != less {
				t.Errorf("the log says %d times that it becomes longer", n)
			}
			if len(r.warned) > 0 {
				t.Errorf("the broadcaster is told %q", r.warned)
			}
			r.close()
		})
	}
}

// TestWhatLeftTheWindowCanBeHadIfThereIsRoom checks that segments which wait for the
// disk, and are listed no more, are there until the memory is full.
func TestWhatLeftTheWindowCanBeHadIfThereIsRoom(t *testing.T) {
	r := newRig(t)
	r.fill(4 << 20)
	r.publish(video(1))
	r.large, r.quiet = bits(800_000), true
	r.play(source{fps: 25, gop: 50}, 0, 90_000)
	listed := len(r.snapshot().Rendition(v0).Segments)
	if blobs, bytes := r.spool.Backlog(); int(blobs) < listed*3/2 || bytes > 4<<20 {
		t.Errorf("%d segments of %d bytes are there, and %d are listed", blobs, bytes, listed)
	}
}

// TestTheWindowStaysWhileTheDiskIsWell has segments wait that are on their way, and
// large.
func TestTheWindowStaysWhileTheDiskIsWell(t *testing.T) {
	r := newRig(t)
	r.fill(4 << 20)
	r.spool.failing, r.quiet = nil, true
	r.publish(video(1))
	r.large = bits(4_000_000)
	r.play(source{fps: 25, gop: 50}, 0, 7000)
	if w := r.snapshot().Window; w != 30*time.Second || r.lines("limits.memory") > 0 {
		t.Errorf("a window of %v", w)
	}
}

// together plays some seconds of video of all that are inside, at bit rates.
func (h *hall) together(rates map[string]int, seconds int) {
	h.quiet = true
	from := int(h.now.Sub(noon).Milliseconds())
	for i := range 25 * seconds {
		h.at(from + 40*i)
		for who, rate := range rates {
			h.pub, h.large = h.inside[who], bits(rate)
			h.send(v0, from+40*i, i%50 == 0)
		}
	}
}

// TestStreamsShareTheMemory has several streams wait for a full disk: those that have
// most give most, and nobody's newest segments are lost to others.
func TestStreamsShareTheMemory(t *testing.T) {
	for _, c := range []struct {
		name    string
		rates   map[string]int
		windows map[string]float64 // s, at least
		gaps    string             // who has any
	}{
		{"alike", map[string]int{"a": 800_000, "b": 800_000, "c": 800_000}, map[string]float64{"a": 8, "b": 8, "c": 8}, ""},
		{"a large one", map[string]int{"a": 4_000_000, "b": 200_000}, map[string]float64{"a": 6, "b": 30}, ""},
		{"one that is too large", map[string]int{"a": 12_000_000, "b": 200_000}, map[string]float64{"a": 6, "b": 30}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHall(t)
			h.fill(8 << 20)
			number := map[string]int{}
			for who := range c.rates {
				number[who] = len(number)
				h.enter(who, number[who], nil)
			}
			h.together(c.rates, 60)
			for who, n := range number {
				p, _ := h.registry.Lookup(name(n).App, name(n).Key)
				s := p.Snapshot()
				if s.Window.Seconds() < c.windows[who] {
					t.Errorf("%s has a window of %v", who, s.Window)
				}
				if n := gaps(s); (n > 0) != (who == c.gaps) {
					t.Errorf("%s has %d gaps", who, n)
				}
				h.listedIsThere(s, name(n))
			}
		})
	}
}

// TestOneMoreStreamFindsRoom lets a stream begin while another one has what there is
// of the memory.
func TestOneMoreStreamFindsRoom(t *testing.T) {
	h := newHall(t)
	h.fill(8 << 20)
	h.enter("a", 0, nil)
	h.together(map[string]int{"a": 4_000_000}, 40)
	h.enter("b", 1, nil)
	h.together(map[string]int{"a": 4_000_000, "b": 1_000_000}, 40)
	for n := range 2 {
		p, _ := h.registry.Lookup(name(n).App, name(n).Key)
		if lost := gaps(p.Snapshot()); lost > 0 {
			t.Errorf("%v has %d gaps", name(n), lost)
		}
	}
	for _, pub := range h.inside {
		if err := pub.Close(io.EOF); err != nil {
			t.Error(err)
		}
	}
}

var _ stream.Memory = (*store.Spool)(nil)
