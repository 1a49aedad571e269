package live_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

var targets = live.Targets{Segment: 2 * time.Second, Part: 250 * time.Millisecond}

// growing returns a segment of video that has so many parts of a quarter of a
// second and ten bytes each.
func growing(number uint64, parts int) live.Growing {
	const length = media.VideoTimescale / 4
	g := live.Growing{Segment: segment(number, second, video, float64(parts)/4, 0)}
	g.Start = media.Ticks(number) * 2 * media.VideoTimescale
	for i := range parts {
		at := g.Start + media.Ticks(i)*length
		g.Parts = append(g.Parts, live.Part{Start: at, Duration: length, Offset: int64(10 * i), Size: 10})
		g.Chunks = append(g.Chunks, bytes.Repeat([]byte{byte(i)}, 10))
	}
	return g
}

func grow(p *live.Presentation, number uint64, parts int) {
	g := growing(number, parts)
	p.Grow(v0, g, live.PartName(g.End()), noon)
}

func finish(p *live.Presentation, number uint64) {
	g := growing(number, 8)
	p.Add(v0, g.Segment, targets, noon)
}

func TestGrow(t *testing.T) {
	p := presentation(8 * time.Second)
	edge := func() (uint64, int, string) {
		r := p.Snapshot().Rendition(v0)
		number, parts := r.Edge()
		return number, parts, r.Hint
	}
	for _, step := range []struct {
		name   string
		do     func()
		number uint64
		parts  int
		hint   string
	}{
		{"a segment that has only chunks", func() { grow(p, 5, 0) }, 0, 0, "p900000"},
		{"its first part", func() { grow(p, 5, 1) }, 5, 1, "p922500"},
		{"its last part", func() { grow(p, 5, 8) }, 5, 8, "p1080000"},
		{"finished", func() { finish(p, 5) }, 5, 8, "p1080000"},
		{"the next one's chunk", func() { grow(p, 6, 0) }, 5, 8, "p1080000"},
		{"the next one's part", func() { grow(p, 6, 3) }, 6, 3, "p1147500"},
		{"cut short", func() { p.Add(v0, growing(6, 4).Segment, targets, noon) }, 6, 4, ""},
		{"the end", func() { grow(p, 7, 2); p.End(noon) }, 6, 4, ""},
	} {
		step.do()
		if number, parts, hint := edge(); number != step.number || parts != step.parts || hint != step.hint {
			t.Errorf("%s: edge %d, %d, hint %q", step.name, number, parts, hint)
		}
	}
	if p.Snapshot().Rendition(v0).Growing != nil {
		t.Error("something grows behind the end")
	}
}

func TestSlice(t *testing.T) {
	g := live.Growing{Chunks: [][]byte{[]byte("abc"), []byte("d"), []byte("efgh")}}
	for _, c := range []struct {
		offset, size int64
		want         string
	}{{0, 8, "abcdefgh"}, {0, 3, "abc"}, {1, 3, "bcd"}, {3, 1, "d"}, {4, 4, "efgh"}, {2, 5, "cdefg"}, {8, 0, ""}, {3, 0, ""}} {
		if got := string(bytes.Join(g.Slice(c.offset, c.size), nil)); got != c.want {
			t.Errorf("%d bytes from %d: %q, want %q", c.size, c.offset, got, c.want)
		}
	}
}

// TestWait lets waiters of all kinds wait; each returns when it shall and none
// before.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := presentation(8 * time.Second)
		grow(p, 0, 1)
		p.Grow(a0, live.Growing{Segment: segment(0, first, audio, 0.25, 0)}, "", noon)

		var asked atomic.Int32
		wait := func(ctx context.Context, parts int) <-chan error {
			done := make(chan error, 1)
			go func() {
				s, err := p.Wait(ctx, nil, v0, func(s *live.Snapshot) bool {
					asked.Add(1)
					_, n := s.Rendition(v0).Edge()
					return n >= parts
				})
				if err == nil && !s.Ended {
					if _, n := s.Rendition(v0).Edge(); n < parts {
						t.Errorf("waited for %d parts and got %d", parts, n)
					}
				}
				done <- err
			}()
			synctest.Wait()
			return done
		}
		over := func(done <-chan error) bool {
			synctest.Wait()
			return len(done) == 1
		}

		leaving, leave := context.WithCancel(t.Context())
		now, soon, later, gone := wait(t.Context(), 1), wait(t.Context(), 3), wait(t.Context(), 99), wait(leaving, 99)
		if !over(now) || over(soon) {
			t.Error("the one that was ready waits, or the other does not")
		}
		before := asked.Load()
		p.Grow(a0, live.Growing{Segment: segment(0, first, audio, 0.5, 0)}, "", noon)
		if synctest.Wait(); asked.Load() != before {
			t.Error("audio wakes those who wait for video")
		}
		grow(p, 0, 2)
		if over(soon) {
			t.Error("a part too early")
		}
		grow(p, 0, 3)
		if !over(soon) || over(later) || over(gone) {
			t.Error("the third part wakes the wrong ones")
		}
		leave()
		if !over(gone) || !errors.Is(<-gone, context.Canceled) || over(later) {
			t.Error("leaving concerns the one who leaves")
		}
		p.End(noon)
		p.End(noon)
		if !over(later) || <-later != nil {
			t.Error("the end leaves somebody waiting")
		}
		if s, err := p.Wait(t.Context(), nil, v0, func(*live.Snapshot) bool { return false }); err != nil || !s.Ended {
			t.Error("waiting goes on behind the end")
		}
		if s, err := presentation(0).Wait(t.Context(), nil, v0, func(*live.Snapshot) bool { return false }); err != nil || s == nil {
			t.Error("waiting for a track that is not there")
		}
	})
}

// TestMemo derives from one snapshot in many goroutines: each key once.
func TestMemo(t *testing.T) {
	p := presentation(8 * time.Second)
	type key struct{ n int }
	var calls atomic.Int32
	derive := func(s *live.Snapshot, n int) int {
		return live.Memo(s, key{n}, func() int { calls.Add(1); return 10 * n })
	}
	s := p.Snapshot()
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if got := derive(s, i%4); got != 10*(i%4) {
				t.Errorf("key %d: %d", i%4, got)
			}
		})
	}
	all.Wait()
	if calls.Load() != 4 {
		t.Errorf("derived %d times for 4 keys", calls.Load())
	}
	grow(p, 0, 1)
	derive(p.Snapshot(), 1)
	if calls.Load() != 5 {
		t.Error("a new snapshot has old values")
	}
	if derive(&live.Snapshot{}, 3) != 30 {
		t.Error("a snapshot of nobody has no values")
	}
}

// TestDatedMemo derives what does not change with each part.
func TestDatedMemo(t *testing.T) {
	p := presentation(8 * time.Second)
	calls := 0
	for _, step := range []struct {
		name string
		do   func()
		want int // how often it was derived
	}{
		{"nothing", func() {}, 1},
		{"a segment begins", func() { p.Grow(v0, growing(0, 1), "", noon.Add(time.Second)) }, 2},
		{"it gets a part", func() { p.Grow(v0, growing(0, 2), "", noon.Add(2*time.Second)) }, 2},
		{"it ends", func() { p.Add(v0, growing(0, 8).Segment, targets, noon.Add(3*time.Second)) }, 3},
		{"its publisher goes", func() { p.Hush(noon.Add(3500 * time.Millisecond)) }, 4},
		{"the window becomes shorter", func() { p.Resize(6*time.Second, noon.Add(3700*time.Millisecond)) }, 5},
		{"the end", func() { p.End(noon.Add(4 * time.Second)) }, 6},
	} {
		step.do()
		for range 2 {
			live.DatedMemo(p.Snapshot(), "key", func() int { calls++; return calls })
		}
		if calls != step.want {
			t.Fatalf("%s: derived %d times, want %d", step.name, calls, step.want)
		}
	}
}

// BenchmarkGrow publishes parts, and with every eighth one the segment that it ends, so
// that another one leaves the window, which is short or long.
func BenchmarkGrow(b *testing.B) {
	const parts = 8
	for _, window := range []time.Duration{10 * time.Second, 30 * time.Second, 3 * time.Hour} {
		b.Run(window.String(), func(b *testing.B) {
			p := presentation(window)
			number := uint64(0)
			now := func() time.Time { return noon.Add(time.Duration(number) * 2 * time.Second) }
			for ; number < uint64(window/(2*time.Second))+5; number++ {
				p.Add(v0, growing(number, parts).Segment, targets, now())
			}
			var all [16 * parts]live.Growing
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(all) == 0 { // the next segments, which are made beforehand
					b.StopTimer()
					for k := range all {
						all[k] = growing(number+uint64(k/parts), k%parts+1)
					}
					b.StartTimer()
				}
				g := all[i%len(all)]
				p.Grow(v0, g, live.PartName(g.End()), now())
				if i%parts == parts-1 {
					p.Add(v0, g.Segment, targets, now())
					number++
				}
			}
		})
	}
}
