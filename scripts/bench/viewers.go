package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// viewers watch streams with low latency as players do: for each track they ask for the part
// that is hinted at and, at the same time, for the playlist that will have it.
type viewers struct {
	address string
	ages    *ages // nil for answers of which the age does not matter

	wg           sync.WaitGroup
	mu           sync.Mutex
	err          error
	lists, parts tally
	since        time.Time
	steps        map[string][]step // what the first viewer got, by track
}

// Tracks that are watched.
const (
	videoTrack = "v0"
	soundTrack = "a0"
)

// A tally counts answers.
type tally struct {
	count, bytes float64
}

// mean returns the mean size of the answers.
func (t tally) mean() float64 { return t.bytes / t.count }

// start has n viewers come, evenly over as many streams, until ctx ends.
func (v *viewers) start(ctx context.Context, n, streams int) {
	for i := range n {
		for _, track := range []string{videoTrack, soundTrack} {
			v.wg.Go(func() {
				if err := v.watch(ctx, i, i%streams, track); err != nil && ctx.Err() == nil {
					v.mu.Lock()
					defer v.mu.Unlock()
					v.err = fmt.Errorf("viewer %d of %s: %w", i, track, err)
				}
			})
		}
	}
}

func (v *viewers) wait() error {
	v.wg.Wait()
	return v.err
}

func (v *viewers) watch(ctx context.Context, viewer, stream int, track string) error {
	lists, err := openWire(ctx, v.address)
	if err != nil {
		return err
	}
	defer lists.close()
	media, err := openWire(ctx, v.address)
	if err != nil {
		return err
	}
	defer media.close()
	stop := context.AfterFunc(ctx, func() { lists.close(); media.close() })
	defer stop()

	folder := trackFolder(stream, track)
	var l listing
	if err := l.read(lists, folder+"index.m3u8"); err != nil {
		return err
	}
	listed := make(chan error)
	for ctx.Err() == nil {
		hint, size := l.hint, 0
		go func() {
			listed <- l.read(lists, folder+"index.m3u8?_HLS_msn="+strconv.Itoa(l.number)+"&_HLS_part="+strconv.Itoa(l.part))
		}()
		if hint != "" {
			if size, err = v.part(media, folder+hint, track); err != nil {
				<-listed
				return err
			}
		}
		if err := <-listed; err != nil {
			return err
		}
		v.note(viewer, track, step{Part: size, List: l.size})
	}
	return nil
}

// trackFolder returns the path in front of what a track has.
func trackFolder(stream int, track string) string {
	return "/live/" + streamName(stream) + "/" + track + "/"
}

// part asks for a part and returns its size.
func (v *viewers) part(w *wire, path, track string) (int, error) {
	status, body, err := w.get(path)
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d", status)
	}
	if err == nil {
		err = v.ages.take(track, body)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return len(body), nil
}

// note counts answers; no part has no bytes.
func (v *viewers) note(viewer int, track string, s step) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lists.count++
	v.lists.bytes += float64(s.List)
	if s.Part == 0 {
		return
	}
	v.parts.count++
	v.parts.bytes += float64(s.Part)
	if viewer == 0 && v.steps != nil {
		s.At = time.Since(v.since)
		v.steps[track] = append(v.steps[track], s)
	}
}

// reset forgets all that has come so far.
func (v *viewers) reset() {
	v.ages.reset()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lists, v.parts = tally{}, tally{}
	v.since, v.steps = time.Now(), make(map[string][]step)
}

// taken returns what has come since reset, and for how long.
func (v *viewers) taken() (lists, parts tally, steps map[string][]step, in time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	steps, v.steps = v.steps, nil
	return v.lists, v.parts, steps, time.Since(v.since)
}
