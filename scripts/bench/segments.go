package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// measureGets measures what one answer with a finished segment costs Sluice, and nginx
// with sendfile for the same bytes.
func measureGets(ctx context.Context, s server, parent string, window time.Duration, t *table) (err error) {
	e, err := begin(ctx, s, parent, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	if err := pause(ctx, 10*time.Second); err != nil {
		return err
	}
	path, body, err := newestSegment(ctx, e.http)
	if err != nil {
		return err
	}
	own, err := perGet(ctx, e.process, e.http, path, window)
	if err != nil {
		return err
	}
	floor, err := nginxPerGet(ctx, parent, body, window)
	what := fmt.Sprintf("a segment of %d KB a second", len(body)/1000)
	t.add(what, s.name, result{cpu: own})
	t.add(what, "nginx, sendfile", result{cpu: floor})
	return err
}

// newestSegment returns the path of a finished segment of the first stream's video, and
// what it has.
func newestSegment(ctx context.Context, address string) (path string, body []byte, err error) {
	w, err := openWire(ctx, address)
	if err != nil {
		return "", nil, err
	}
	defer w.close()
	const folder = "/live/n0/v0/"
	var l listing
	if err := l.read(w, folder+"index.m3u8"); err != nil {
		return "", nil, err
	}
	for line := range strings.Lines(string(l.text)) {
		if strings.HasSuffix(line, ".m4s\n") && !strings.HasPrefix(line, "#") {
			path = folder + strings.TrimSpace(line)
		}
	}
	if path == "" {
		return "", nil, fmt.Errorf("no segment is listed: %.300q", l.text)
	}
	status, body, err := w.get(path)
	if err == nil && status != 200 {
		err = fmt.Errorf("%s: status %d", path, status)
	}
	return path, bytes.Clone(body), err
}

// perGet returns the CPU time in seconds that one answer costs a process, of four clients
// that ask one after the other.
func perGet(ctx context.Context, p *process, address, path string, window time.Duration) (float64, error) {
	asking, stop := context.WithTimeout(ctx, window)
	defer stop()
	before, err := p.use()
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var count int
	var failed error
	for range 4 {
		wg.Go(func() {
			n, err := getFor(asking, address, path)
			mu.Lock()
			defer mu.Unlock()
			count += n
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	after, err := p.use()
	if err := errors.Join(failed, err); err != nil {
		return 0, err
	}
	return (after.cpu - before.cpu).Seconds() / float64(count), nil
}

func getFor(ctx context.Context, address, path string) (n int, err error) {
	w, err := openWire(ctx, address)
	if err != nil {
		return 0, err
	}
	defer w.close()
	for ; ctx.Err() == nil; n++ {
		status, _, err := w.get(path)
		if err == nil && status != 200 {
			err = fmt.Errorf("%s: status %d", path, status)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// nginxPerGet is perGet for nginx with sendfile.
func nginxPerGet(ctx context.Context, parent string, body []byte, window time.Duration) (cost float64, err error) {
	dir, err := os.MkdirTemp(parent, "nginx-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	address, err := freeAddress()
	if err != nil {
		return 0, err
	}
	conf := strings.ReplaceAll(nginxUser()+fmt.Sprintf(`daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log warn;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	server { listen %s; location / { root DIR; } }
}
`, address), "DIR", dir)
	path := filepath.Join(dir, "nginx.conf")
	if err := errors.Join(os.WriteFile(path, []byte(conf), 0o600), os.WriteFile(filepath.Join(dir, "segment.m4s"), body, 0o644)); err != nil {
		return 0, err
	}
	p, err := startProcess(filepath.Join(dir, "log"), exec.Command("/usr/sbin/nginx", "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", path))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := listening(ctx, address); err != nil {
		return 0, err
	}
	return perGet(ctx, p, address, "/segment.m4s", window)
}
