package main

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Each frame carries a mark, and a stamp of when its publisher began to send it: how long
// after the clip's epoch, in ns and as so many hexadecimal digits. It needs no emulation
// prevention, and comes again in centuries.
const (
	mark      = "\xf0frame\xf0\x0f"
	stampSize = 16
)

func appendStamp(b []byte, at time.Duration) []byte {
	for shift := 4 * (stampSize - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[at>>shift&15])
	}
	return b
}

// newestStamp returns the stamp of the last frame in a part.
func newestStamp(part []byte) (at time.Duration, ok bool) {
	i := bytes.LastIndex(part, []byte(mark))
	if i < 0 || len(part) < i+len(mark)+stampSize {
		return 0, false
	}
	ns, err := strconv.ParseInt(string(part[i+len(mark):][:stampSize]), 16, 64)
	return time.Duration(ns), err == nil
}

// ages are of the newest frame of each part when a viewer had all of it, since the
// publisher began to send that.
type ages struct {
	epoch time.Time
	mu    sync.Mutex
	all   map[string][]time.Duration // by track
}

// take notes the age of a part that came just now. It returns an error if there is no frame
// in it.
func (a *ages) take(track string, part []byte) error {
	if a == nil {
		return nil
	}
	now := time.Since(a.epoch)
	sent, ok := newestStamp(part)
	if !ok {
		return errors.New("a part without a frame")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = make(map[string][]time.Duration)
	}
	a.all[track] = append(a.all[track], now-sent)
	return nil
}

func (a *ages) reset() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = nil
}

// report adds the ages of all tracks, and of sound, to a result.
func (a *ages) report(r result) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []time.Duration
	for _, track := range a.all {
		all = append(all, track...)
	}
	sound := a.all[soundTrack]
	if len(sound) == 0 || len(all) == len(sound) {
		return errors.New("no part of video, or none of sound, came to a viewer")
	}
	r[ageMedian], r[ageP99], r[ageMost] = quantile(all, 0.5), quantile(all, 0.99), quantile(all, 1)
	r[soundP99] = quantile(sound, 0.99)
	return nil
}

// quantile sorts ages and returns the one, in seconds, that a share of all has at most.
func quantile(all []time.Duration, q float64) float64 {
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))].Seconds()
}
