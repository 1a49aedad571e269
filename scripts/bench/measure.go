package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// A session is a server that runs, and its publishers.
type session struct {
	*process
	rtmp, http string
	dir        string
	load       *publishers
	cancel     context.CancelFunc
	idle       usage // before anybody came
}

// begin starts a server, and n publishers.
func begin(ctx context.Context, s server, parent string, n int) (*session, error) {
	dir, err := os.MkdirTemp(parent, "server-")
	if err != nil {
		return nil, err
	}
	e := &session{dir: dir, load: &publishers{clip: newClip()}, cancel: func() {}}
	if err := e.run(ctx, s, n); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, errors.Join(err, e.end()))
	}
	return e, nil
}

func (e *session) run(ctx context.Context, s server, n int) (err error) {
	if e.rtmp, err = freeAddress(); err != nil {
		return err
	}
	if e.http, err = freeAddress(); err != nil {
		return err
	}
	cmd, err := s.start(e.dir, e.rtmp, e.http)
	if err != nil {
		return err
	}
	if e.process, err = startProcess(filepath.Join(e.dir, "log"), cmd); err != nil {
		return err
	}
	if err := listening(ctx, e.rtmp); err != nil {
		return err
	}
	if e.idle, err = e.use(); err != nil {
		return err
	}
	ctx, e.cancel = context.WithCancel(ctx)
	return e.load.start(ctx, e.rtmp, n, s.sink)
}

// end ends all and returns what went wrong meanwhile.
func (e *session) end() error {
	e.cancel()
	failed := e.load.wait()
	var stopped error
	if e.process != nil {
		stopped = e.stop()
	}
	return errors.Join(failed, stopped, os.RemoveAll(e.dir))
}

// cores returns how many cores the process takes, over a window of time.
func (p *process) cores(ctx context.Context, window time.Duration) (float64, error) {
	before, err := p.use()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pause(ctx, window); err != nil {
		return 0, err
	}
	after, err := p.use()
	return (after.cpu - before.cpu).Seconds() / time.Since(began).Seconds(), err
}

// measureIngest measures what n streams cost a server that nobody watches.
func measureIngest(ctx context.Context, s server, parent string, n int, o options) (r result, err error) {
	e, err := begin(ctx, s, parent, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	if err := pause(ctx, o.warmUp); err != nil {
		return nil, err
	}
	cores, err := e.cores(ctx, o.window)
	if err != nil {
		return nil, err
	}
	now, err := e.use()
	if err != nil {
		return nil, err
	}
	return result{cpu: cores / float64(n), memory: float64(now.pss-e.idle.pss) / float64(n)}, nil
}

// measureViewers measures what viewers of low-latency HLS cost a server, beside what the
// streams cost it.
func measureViewers(ctx context.Context, s server, parent string, a audience, o options) (r result, err error) {
	e, err := begin(ctx, s, parent, a.streams)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	if err := pause(ctx, o.warmUp); err != nil {
		return nil, err
	}
	alone, err := e.cores(ctx, o.window)
	if err != nil {
		return nil, err
	}
	old := &ages{load: e.load}
	r, err = watch(ctx, e.process, &viewers{address: e.http, tracks: []string{"v0", "a0"}, ages: old}, a, o.window)
	if err != nil {
		return nil, err
	}
	r[cpu] = (r[cpu] - alone) / float64(a.viewers)
	r[ageMedian], r[ageP99], r[ageMost] = old.quantile(0.5).Seconds(), old.quantile(0.99).Seconds(), old.quantile(1).Seconds()
	return r, nil
}

// measureFloor measures what as many cost that ask bare net/http for the same: as many
// answers in a second, of the same sizes, to as many at a time.
func measureFloor(ctx context.Context, parent string, a audience, same result, window time.Duration) (r result, err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	const each = 4 // a playlist and a part of two tracks
	interval := time.Duration(each * float64(time.Second) / same[requests])
	cmd := exec.Command(self, "floor", address, strconv.Itoa(int(same[playlistSize])), strconv.Itoa(int(same[partSize])), interval.String(), strconv.Itoa(a.streams))
	p, err := startProcess(filepath.Join(parent, "floor.log"), cmd)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := listening(ctx, address); err != nil {
		return nil, err
	}
	r, err = watch(ctx, p, &viewers{address: address, tracks: []string{"v0", "a0"}}, a, window)
	if err != nil {
		return nil, err
	}
	r[cpu] /= float64(a.viewers)
	return r, nil
}

// watch has viewers watch, and returns how many cores the process takes then, and what
// they get.
func watch(ctx context.Context, p *process, v *viewers, a audience, window time.Duration) (r result, err error) {
	ctx, stop := context.WithCancel(ctx)
	v.start(ctx, a.viewers, a.streams)
	defer func() {
		stop()
		err = errors.Join(err, v.wait())
	}()
	if err := pause(ctx, 5*time.Second); err != nil {
		return nil, err
	}
	v.ages.reset()
	lists, parts := v.tally()
	cores, err := p.cores(ctx, window)
	if err != nil {
		return nil, err
	}
	listsNow, partsNow := v.tally()
	count := listsNow.count + partsNow.count - lists.count - parts.count
	return result{
		cpu: cores, playlistSize: listsNow.mean(lists), partSize: partsNow.mean(parts),
		requests: count / window.Seconds() / float64(a.viewers),
	}, nil
}
