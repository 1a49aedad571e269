package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

// first measures how long it takes from a publisher's connect until a viewer has the first
// part, where there are parts, and the first segment, of its video.
func (b *bench) first(ctx context.Context, s server) {
	l := load{Kind: connecting}
	e, err := b.begin(ctx, s, 0)
	if err != nil {
		b.take(ctx, l, s, 0, nil, err)
		return
	}
	defer func() {
		if err := e.end(); err != nil {
			b.take(ctx, l, s, 0, nil, err)
		}
	}()
	const times = 5
	for turn := 1; turn <= times && ctx.Err() == nil; turn++ {
		r, err := e.firstBytes(ctx, fmt.Sprintf("first%d", turn))
		b.take(ctx, l, s, turn, r, err)
	}
}

func (e *session) firstBytes(ctx context.Context, name string) (result, error) {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	began := time.Now()
	p, err := e.load.dial(ctx, e.rtmp, name, false)
	if err != nil {
		return nil, err
	}
	var publishing sync.WaitGroup
	defer publishing.Wait()
	defer stop()
	publishing.Go(func() { _ = p.run(ctx) })
	playlist := strings.ReplaceAll(e.server.playlists[0], "NAME", name)
	r := result{}
	if !e.server.files {
		if err := e.firstOf(ctx, playlist, "#EXT-X-PART:DURATION=", `"`); err != nil {
			return nil, err
		}
		r[firstPart] = time.Since(began).Seconds()
	}
	if err := e.firstOf(ctx, playlist, "#EXTINF:", "\n"); err != nil {
		return nil, err
	}
	r[firstSegment] = time.Since(began).Seconds()
	return r, nil
}

// firstOf waits for a tag in a playlist and gets what is behind it.
func (e *session) firstOf(ctx context.Context, playlist, tag, delimiter string) error {
	uri, err := e.await(ctx, playlist, tag, delimiter)
	if err != nil {
		return err
	}
	body, err := e.fetch(ctx, uri)
	if err == nil && len(body) == 0 {
		err = fmt.Errorf("%s is empty", uri)
	}
	return err
}

// await asks for a playlist until it has a tag, and returns the path of the URI behind
// that, which stands between two of the same delimiter.
func (e *session) await(ctx context.Context, playlist, tag, delimiter string) (string, error) {
	for {
		text, err := e.fetch(ctx, playlist)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if _, rest, ok := bytes.Cut(text, []byte(tag)); ok && err == nil {
			if fields := bytes.SplitN(rest, []byte(delimiter), 3); len(fields) == 3 {
				return path.Join(path.Dir(playlist), string(fields[1])), nil
			}
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return "", fmt.Errorf("no %s in %s: %w", tag, playlist, err)
		}
	}
}
