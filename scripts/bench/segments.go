package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// turns is how often both servers are asked for a segment, in turn.
const turns = 10

// A source is where a segment is to be had, over and over.
type source struct {
	*process
	server        server
	address, path string
	alone         float64 // cores that it takes when nobody asks
}

// segments measures what one answer with a finished segment costs Sluice, and nginx with
// sendfile for the same bytes, in turn, so that what else the machine does is the same for
// both.
func (b *bench) segments(ctx context.Context) {
	l, long := load{Kind: serving}, b.options
	long.listed = time.Hour // the segment stays
	s := allServers(long, "", false)[1]
	e, err := b.begin(ctx, s, 1)
	if err != nil {
		b.take(ctx, l, s, 0, nil, err)
		return
	}
	defer func() {
		if err := e.end(); err != nil {
			b.take(ctx, l, s, 0, nil, err)
		}
	}()
	path, body, err := e.finished(ctx)
	if err != nil {
		b.take(ctx, l, s, 0, nil, err)
		return
	}
	alone, err := e.cores(ctx, b.window/4)
	if err != nil {
		b.take(ctx, l, s, 0, nil, err)
		return
	}
	sources := []source{{e.process, s, e.http, path, alone}}
	if b.nginx {
		nginx, err := b.serveFile(ctx, body)
		if err != nil {
			b.take(ctx, l, server{name: nginxFile}, 0, nil, err)
		} else {
			defer func() { _ = nginx.stop() }()
			sources = append(sources, nginx)
		}
	}
	for turn := range turns + 1 {
		for _, s := range sources {
			r, err := s.ask(ctx, b.window/8)
			if turn > 0 || err != nil { // connections and caches are warm then
				b.take(ctx, l, s.server, turn, r, err)
			}
		}
		slices.Reverse(sources) // who is second finds the machine as the first left it
	}
}

// finished waits for a finished segment of the first stream's video, and returns its path
// and what it has.
func (e *session) finished(ctx context.Context) (path string, body []byte, err error) {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	path, err = e.await(ctx, strings.ReplaceAll(e.server.playlists[0], "NAME", streamName(0)), "#EXTINF:", "\n")
	if err != nil {
		return "", nil, err
	}
	body, err = e.fetch(ctx, path)
	return "/" + path, bytes.Clone(body), err
}

// ask has four clients ask for the segment, again and again, for a time.
func (s source) ask(ctx context.Context, window time.Duration) (result, error) {
	asking, stop := context.WithTimeout(ctx, window)
	defer stop()
	before, err := s.use()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	count, size := 0, 0
	for range 4 {
		wg.Go(func() {
			n, bytes, err := getFor(asking, s.address, s.path)
			mu.Lock()
			defer mu.Unlock()
			count, size = count+n, bytes
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	after, err := s.use()
	if err := errors.Join(failed, err); err != nil {
		return nil, err
	}
	took := (after.cpu - before.cpu).Seconds() - s.alone*time.Since(began).Seconds()
	return result{cpu: took / float64(count), segmentSize: float64(size)}, nil
}

// getFor asks for a path once, and again until ctx ends. It returns how often, and the size
// of an answer.
func getFor(ctx context.Context, address, path string) (n, size int, err error) {
	w, err := openWire(context.WithoutCancel(ctx), address)
	if err != nil {
		return 0, 0, err
	}
	defer w.close()
	for n == 0 || ctx.Err() == nil {
		_ = w.conn.SetDeadline(time.Now().Add(10 * time.Second))
		status, body, err := w.get(path)
		if err == nil && status != 200 {
			err = fmt.Errorf("%s: status %d", path, status)
		}
		if err != nil {
			return n, 0, err
		}
		n, size = n+1, len(body)
	}
	return n, size, nil
}

// serveFile has nginx serve the body of a segment.
func (b *bench) serveFile(ctx context.Context, body []byte) (s source, err error) {
	dir, err := os.MkdirTemp(b.dir, "nginx-")
	if err != nil {
		return source{}, err
	}
	if s.address, err = freeAddress(); err != nil {
		return source{}, err
	}
	s.server, s.path = server{name: nginxFile}, "/segment.m4s"
	cmd, err := nginxFiles(dir, s.address)
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, s.path), body, 0o600)); err != nil {
		return source{}, err
	}
	if s.process, err = b.start(dir, cmd); err != nil {
		return source{}, err
	}
	if err := s.listening(ctx, s.address); err != nil {
		return source{}, errors.Join(err, s.stop())
	}
	return s, nil
}
