package main

import (
	"context"
	"errors"
	"fmt"
)

// ingest measures what n streams cost a server that nobody watches. It fails unless, all
// the while, the publishers sent what they had to and each playlist of each stream got
// segments and lost some.
func (b *bench) ingest(ctx context.Context, s server, n int) (r result, err error) {
	e, err := b.begin(ctx, s, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	if err := pause(ctx, b.warm(s)); err != nil {
		return nil, err
	}
	before, err := e.ranges(ctx, n)
	if err != nil {
		return nil, err
	}
	frames := e.load.frames.Load()
	cores, err := e.cores(ctx, b.window)
	if err != nil {
		return nil, err
	}
	frames = e.load.frames.Load() - frames
	now, err := e.use()
	if err != nil {
		return nil, err
	}
	if due := e.load.clip.due(b.window) * float64(n); float64(frames) < 0.95*due {
		return nil, fmt.Errorf("publishers could send %d frames of %.0f", frames, due)
	}
	after, err := e.ranges(ctx, n)
	if err != nil {
		return nil, err
	}
	if err := went(before, after, b.window); err != nil {
		return nil, err
	}
	return result{cpu: cores / float64(n), memory: float64(now.memory-e.idle.memory) / float64(n)}, nil
}
