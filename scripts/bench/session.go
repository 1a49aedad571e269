package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A session is a server that runs, and its publishers.
type session struct {
	*process
	server     server
	rtmp, http string
	dir        string
	load       *publishers
	cancel     context.CancelFunc
	idle       usage // before anybody came
	wire       *wire // nil before the first fetch
	zip        unzipper
}

// begin starts a server, and n publishers.
func (b *bench) begin(ctx context.Context, s server, n int) (*session, error) {
	dir, err := os.MkdirTemp(b.dir, "server-")
	if err != nil {
		return nil, err
	}
	e := &session{server: s, dir: dir, load: &publishers{clip: newClip()}, cancel: func() {}}
	if err := e.run(ctx, b, n); err != nil {
		return nil, errors.Join(err, e.end())
	}
	return e, nil
}

func (e *session) run(ctx context.Context, b *bench, n int) (err error) {
	if e.rtmp, err = freeAddress(); err != nil {
		return err
	}
	if e.http, err = freeAddress(); err != nil {
		return err
	}
	cmd, err := e.server.command(e.dir, e.rtmp, e.http)
	if err != nil {
		return err
	}
	if e.process, err = b.start(e.dir, cmd); err != nil {
		return err
	}
	if err := e.listening(ctx, e.rtmp); err != nil {
		return err
	}
	if e.idle, err = e.use(); err != nil {
		return err
	}
	ctx, e.cancel = context.WithCancel(ctx)
	return e.load.start(ctx, e.rtmp, n, e.server.sink)
}

// end ends all and returns what went wrong meanwhile.
func (e *session) end() error {
	e.cancel()
	failed := e.load.wait()
	if e.wire != nil {
		e.wire.close()
	}
	var stopped error
	if e.process != nil {
		stopped = e.stop()
	}
	return errors.Join(failed, stopped, os.RemoveAll(e.dir))
}

// fetch returns what the server has under a path, valid until the next call: a file in its
// folder, or what it answers. The error is fs.ErrNotExist if there is nothing.
func (e *session) fetch(ctx context.Context, path string) ([]byte, error) {
	if e.server.files {
		return os.ReadFile(filepath.Join(e.dir, path))
	}
	if e.wire == nil {
		w, err := openWire(ctx, e.http)
		if err != nil {
			return nil, err
		}
		e.wire = w
	}
	_ = e.wire.conn.SetDeadline(time.Now().Add(10 * time.Second))
	status, body, err := e.wire.get("/" + path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case status == 404:
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	case status != 200:
		return nil, fmt.Errorf("%s: status %d", path, status)
	}
	return e.zip.plain(body)
}

// freeAddress returns an address of this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// listening waits until the process listens on an address.
func (p *process) listening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return err
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
