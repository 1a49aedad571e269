package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// A step is what a viewer got at a time: a part, and the playlist that has it. Sizes are
// those of the answers, in bytes.
type step struct {
	At         time.Duration
	Part, List int
}

// A reel is what a viewer got of a track in a while, to be answered again and again.
type reel struct {
	steps  []step
	length time.Duration // from one step to the same one again
	lists  [][]byte      // playlists that say which step comes next, as large as that in front of it
}

// newReel makes a reel of steps in order.
func newReel(steps []step) (*reel, error) {
	const least = 4
	if len(steps) < least {
		return nil, fmt.Errorf("only %d parts came to a viewer", len(steps))
	}
	first, last := steps[0].At, steps[len(steps)-1].At
	r := &reel{length: (last - first) * time.Duration(len(steps)) / time.Duration(len(steps)-1)}
	for i, s := range steps {
		s.At -= first
		r.steps = append(r.steps, s)
		r.lists = append(r.lists, floorPlaylist(i, steps[(i+len(steps)-1)%len(steps)].List))
	}
	return r, nil
}

// largest returns the size of the largest part.
func (r *reel) largest() (size int) {
	for _, s := range r.steps {
		size = max(size, s.Part)
	}
	return size
}

// floorPlaylist returns a compressed playlist of about so many bytes, which hints at a
// step.
func floorPlaylist(next, size int) []byte {
	dice := rand.New(rand.NewPCG(3, 4))
	var noise []byte
	for {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		fmt.Fprintf(w, "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%d.m4s\"\n#%s\n", next, next, noise)
		_ = w.Close()
		if b.Len() >= size {
			return b.Bytes()
		}
		for range max((size-b.Len())/2, 1) {
			noise = append(noise, "0123456789abcdef"[dice.IntN(16)])
		}
	}
}

// An edge is how far a track of a stream is in a reel, for the viewers who wait there.
type edge struct {
	*reel
	mu      sync.Mutex
	next    int           // the step that comes next
	changed chan struct{} // closed when it has come
}

func newEdge(r *reel) *edge { return &edge{reel: r, changed: make(chan struct{})} }

// run has the steps come at their times, from a moment on, for ever.
func (e *edge) run(at time.Time) {
	for ; ; at = at.Add(e.length) {
		for _, s := range e.steps {
			<-time.After(time.Until(at.Add(s.At)))
			e.advance()
		}
	}
}

func (e *edge) advance() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next = (e.next + 1) % len(e.steps)
	close(e.changed)
	e.changed = make(chan struct{})
}

// wait waits until a step has come, or cancelled is closed. One that is closer behind the
// next one than in front of it has.
func (e *edge) wait(cancelled <-chan struct{}, step int) bool {
	for {
		next, changed := e.now()
		if behind := (next - step + len(e.steps)) % len(e.steps); behind > 0 && behind <= len(e.steps)/2 {
			return true
		}
		select {
		case <-changed:
		case <-cancelled:
			return false
		}
	}
}

// now returns the step that comes next, and what is closed when it has.
func (e *edge) now() (next int, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.next, e.changed
}
