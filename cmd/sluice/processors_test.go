package main

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestGovernor checks how many of eight processors a gateway has, as what it does changes.
func TestGovernor(t *testing.T) {
	at := time.Now()
	g := governor{most: 8, now: 8, since: at}
	for _, step := range []struct {
		name    string
		lasts   time.Duration
		used    float64 // processors
		waiting int     // requests
		want    int     // processors, in the end
	}{
		{"not calm for long yet", 9 * time.Second, 0.1, 3, 8},
		{"one after the other goes", 25 * time.Second, 0.1, 3, 5},
		{"as many as are needed stay", time.Minute, 1.9, 3, 4},
		{"one is not given up", time.Hour, 0, 0, 1},
		{"one does for most of its time", time.Minute, 0.75, 0, 1},
		{"a second one at once", lookEvery, 0.85, 0, 2},
		{"between the two nothing changes", time.Minute, 0.7, 0, 2},
		{"as many as there is work for", lookEvery, 2, 0, 4},
		{"no more than there are", lookEvery, 3.9, 0, 7},
		{"all of them busy", time.Second, 8, 0, 8},
		{"idle again", time.Hour, 0, 0, 1},
		{"a crowd has all", lookEvery, 0.2, 101, 8},
		{"for as long as it waits", time.Hour, 0.2, 101, 8},
		{"and calm begins behind it", 9 * time.Second, 0.2, 100, 8},
		{"to end again", 2 * time.Second, 0.2, 100, 7},
	} {
		var now int
		for end := at.Add(step.lasts); at.Before(end); {
			at = at.Add(lookEvery)
			now = g.next(step.used, step.waiting, at)
		}
		if now != step.want {
			t.Fatalf("%s: %d processors, want %d", step.name, now, step.want)
		}
	}
}

// TestGovern checks that the scheduler has one processor while nothing happens, all of them
// for a crowd, and what it had, afterwards.
func TestGovern(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	most := runtime.GOMAXPROCS(0)
	if _, known := processorTime(); !known || most == 1 {
		t.Skip("this system has one processor, or does not tell what is used of it")
	}
	synctest.Test(t, func(t *testing.T) {
		var waiting atomic.Int64
		undo := govern(func() int { return int(waiting.Load()) })
		time.Sleep(time.Duration(most+1) * calm)
		synctest.Wait()
		if n := runtime.GOMAXPROCS(0); n != 1 {
			t.Errorf("idle: %d processors", n)
		}
		waiting.Store(crowd + 1)
		time.Sleep(lookEvery)
		synctest.Wait()
		if n := runtime.GOMAXPROCS(0); n != most {
			t.Errorf("a crowd: %d of %d processors", n, most)
		}
		waiting.Store(0)
		time.Sleep(time.Duration(most+1) * calm)
		undo()
		if n := runtime.GOMAXPROCS(0); n != most {
			t.Errorf("afterwards: %d of %d processors", n, most)
		}
	})
}

// TestGovernedByHand checks that a number in the environment is left as it is.
func TestGovernedByHand(t *testing.T) {
	t.Setenv("GOMAXPROCS", "2")
	before := runtime.GOMAXPROCS(0)
	synctest.Test(t, func(t *testing.T) {
		undo := govern(func() int { return crowd })
		time.Sleep(time.Hour)
		undo()
	})
	if n := runtime.GOMAXPROCS(0); n != before {
		t.Errorf("%d processors, %d before", n, before)
	}
}
