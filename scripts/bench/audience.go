package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// audience measures what viewers of low-latency HLS cost Sluice, and then what as many
// cost that ask bare net/http for the same answers.
func (b *bench) audience(ctx context.Context, a audience) {
	l := load{Kind: watching, Streams: a.streams, Viewers: a.viewers}
	r, steps, err := b.watched(ctx, a)
	b.take(ctx, l, b.sluice(), 0, r, err)
	if err != nil || ctx.Err() != nil {
		return
	}
	r, err = b.floor(ctx, a, steps)
	b.take(ctx, l, server{name: netHTTP}, 0, r, err)
}

// watched measures what viewers cost Sluice, beside what the streams cost it.
func (b *bench) watched(ctx context.Context, a audience) (r result, steps map[string][]step, err error) {
	e, err := b.begin(ctx, b.sluice(), a.streams)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	if err := pause(ctx, b.warm(e.server)); err != nil {
		return nil, nil, err
	}
	alone, err := e.cores(ctx, b.window)
	if err != nil {
		return nil, nil, err
	}
	old := &ages{epoch: e.load.clip.epoch}
	r, steps, err = b.watch(ctx, e.process, &viewers{address: e.http, ages: old}, a)
	if err != nil {
		return nil, nil, err
	}
	r[cpu] = (r[cpu] - alone) / float64(a.viewers)
	return r, steps, old.report(r)
}

// floor measures what the same answers cost bare net/http.
func (b *bench) floor(ctx context.Context, a audience, steps map[string][]step) (r result, err error) {
	dir, err := os.MkdirTemp(b.dir, "floor-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	text, err := json.Marshal(steps)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "steps.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := b.start(dir, exec.Command(self, "floor", address, path, strconv.Itoa(a.streams)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := p.listening(ctx, address); err != nil {
		return nil, err
	}
	alone, err := p.cores(ctx, b.window/4) // its clocks tick
	if err != nil {
		return nil, err
	}
	r, _, err = b.watch(ctx, p, &viewers{address: address}, a)
	if err != nil {
		return nil, err
	}
	r[cpu] = (r[cpu] - alone) / float64(a.viewers)
	return r, nil
}

// watch has viewers watch, and returns how many cores the process takes then, and what
// they get.
func (b *bench) watch(ctx context.Context, p *process, v *viewers, a audience) (r result, steps map[string][]step, err error) {
	ctx, stop := context.WithCancel(ctx)
	v.start(ctx, a.viewers, a.streams)
	defer func() {
		stop()
		err = errors.Join(err, v.wait())
	}()
	if err := pause(ctx, 5*time.Second); err != nil {
		return nil, nil, err
	}
	v.reset()
	cores, err := p.cores(ctx, b.window)
	if err != nil {
		return nil, nil, err
	}
	lists, parts, steps, in := v.taken()
	if lists.count == 0 || parts.count == 0 {
		return nil, nil, errors.New("nothing came to viewers")
	}
	return result{
		cpu: cores, playlistSize: lists.mean(), partSize: parts.mean(),
		requests: (lists.count + parts.count) / in.Seconds() / float64(a.viewers),
	}, steps, nil
}
