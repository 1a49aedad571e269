package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// measureFirst measures how long it takes from a publisher's connect until a viewer has
// the first part, and the first segment, of its video.
func measureFirst(ctx context.Context, s server, parent string, t *table) (err error) {
	e, err := begin(ctx, s, parent, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	const times = 5
	for i := range times {
		r, err := firstBytes(ctx, e, fmt.Sprintf("first%d", i))
		if err != nil {
			return err
		}
		t.add("connect to first bytes", s.name, r)
	}
	return nil
}

func firstBytes(ctx context.Context, e *session, name string) (result, error) {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	began := time.Now()
	p, err := dial(ctx, e.rtmp, name, e.load.clip, false)
	if err != nil {
		return nil, err
	}
	var publishing sync.WaitGroup
	defer publishing.Wait()
	defer stop()
	publishing.Go(func() { _ = p.run(ctx) })
	w, err := openWire(ctx, e.http)
	if err != nil {
		return nil, err
	}
	defer w.close()
	r := result{}
	folder := "/live/" + name + "/v0/"
	for _, c := range []struct{ what, before, after string }{
		{firstPart, `#EXT-X-PART:DURATION=`, `"`},
		{firstSegment, "#EXTINF:", "\n"},
	} {
		uri, err := awaitURI(ctx, w, folder+"index.m3u8", c.before, c.after)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", c.what, name, err)
		}
		status, _, err := w.get(folder + uri)
		if err == nil && status != 200 {
			err = fmt.Errorf("status %d", status)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", uri, err)
		}
		r[c.what] = time.Since(began).Seconds()
	}
	return r, nil
}

// awaitURI asks for a playlist until it has a tag, and returns the URI behind that, which
// stands between two of the same delimiter.
func awaitURI(ctx context.Context, w *wire, path, tag, delimiter string) (string, error) {
	var l listing
	for {
		status, body, err := w.get(path)
		if err != nil {
			return "", err
		}
		if status == 200 {
			if err := l.take(body); err != nil {
				return "", err
			}
			if _, rest, ok := bytes.Cut(l.text, []byte(tag)); ok {
				if fields := bytes.SplitN(rest, []byte(delimiter), 3); len(fields) == 3 {
					return string(fields[1]), nil
				}
			}
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return "", err
		}
	}
}
