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
	nginx, err := serveFile(ctx, parent, body)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, nginx.stop()) }()
	own, floor := &file{process: e.process, address: e.http, path: path}, nginx
	for turn := range turns { // so that what else the machine does is the same for both
		for _, f := range []*file{own, floor} {
			if err := f.ask(ctx, window/turns); err != nil {
				return err
			}
		}
		if turn == 0 { // connections and caches are warm now
			own.reset()
			floor.reset()
		}
	}
	what := fmt.Sprintf("a segment of %d KB a second", len(body)/1000)
	t.add(what, s.name, result{cpu: own.each()})
	t.add(what, "nginx, sendfile", result{cpu: floor.each()})
	return nil
}

// turns is how often both servers are asked in turn.
const turns = 20

// A file is what a server is asked for, and what that took.
type file struct {
	*process
	address, path string
	took          time.Duration // of CPU time
	count         int
}

func (f *file) reset() { f.took, f.count = 0, 0 }

// each returns the CPU time in seconds that one answer took.
func (f *file) each() float64 { return f.took.Seconds() / float64(f.count) }

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

// ask has four clients ask for the file, again and again, for a time.
func (f *file) ask(ctx context.Context, window time.Duration) error {
	asking, stop := context.WithTimeout(ctx, window)
	defer stop()
	before, err := f.use()
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range 4 {
		wg.Go(func() {
			n, err := getFor(asking, f.address, f.path)
			mu.Lock()
			defer mu.Unlock()
			f.count += n
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	after, err := f.use()
	f.took += after.cpu - before.cpu
	return errors.Join(failed, err)
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

// serveFile has nginx serve the body of a segment, with sendfile.
func serveFile(ctx context.Context, parent string, body []byte) (*file, error) {
	dir, err := os.MkdirTemp(parent, "nginx-")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
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
		return nil, err
	}
	p, err := startProcess(filepath.Join(dir, "log"), exec.Command("/usr/sbin/nginx", "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", path))
	if err != nil {
		return nil, err
	}
	if err := listening(ctx, address); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return &file{process: p, address: address, path: "/segment.m4s"}, nil
}
