package main

import (
	"math"
	"os"
	"runtime"
	"time"
)

const (
	// lookEvery is how often a governor looks: for so long, work that has just come
	// may have too few processors.
	lookEvery = 250 * time.Millisecond

	busy = 0.8 // of the processors' time: more of it needs more of them
	easy = 0.6 // of the time of one fewer: less of it does not need that one

	// calm is for how long one processor fewer must do before it is let go.
	calm = 10 * time.Second

	// crowd is how many requests that wait want all processors: a new part sets all of
	// a stream's off at once.
	crowd = 100
)

// A governor says how many processors the scheduler may use: few, while there is little
// to do. For whatever becomes ready the scheduler wakes an idle one, which, with many
// publishers who each send a little at a time, is a seventh of what a gateway costs.
type governor struct {
	most  int       // processors
	now   int       // of them, 1 at least
	since time.Time // since when one fewer would do
}

// next returns how many processors may be used from a moment on, as so many of them were
// used, and so many requests wait.
func (g *governor) next(used float64, waiting int, at time.Time) int {
	switch fewer := float64(g.now - 1); {
	case waiting > crowd:
		g.now, g.since = g.most, at
	case used > busy*float64(g.now):
		g.now, g.since = min(g.most, max(g.now+1, int(math.Ceil(used/easy)))), at
	case used > easy*fewer:
		g.since = at
	case at.Sub(g.since) >= calm:
		g.now, g.since = max(1, g.now-1), at
	}
	return g.now
}

// govern has a governor say how many processors the scheduler may use, unless GOMAXPROCS in
// the environment does, until undo is called.
func govern(waiting func() int) (undo func()) {
	most := runtime.GOMAXPROCS(0)
	spent, known := processorTime()
	if !known || most == 1 || os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer runtime.SetDefaultGOMAXPROCS()
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		at := time.Now()
		g := governor{most: most, now: most, since: at}
		for {
			select {
			case now := <-look.C:
				more, _ := processorTime()
				used := float64(more-spent) / float64(now.Sub(at))
				runtime.GOMAXPROCS(g.next(used, waiting(), now))
				at, spent = now, more
			case <-stop:
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
