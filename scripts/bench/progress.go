package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A segments says which segments a playlist or manifest lists: the number of the first,
// and of the one behind the last.
type segments struct{ first, next int }

// ranges returns what each playlist of each of n streams lists, by its path.
func (e *session) ranges(ctx context.Context, n int) (map[string]segments, error) {
	all := make(map[string]segments)
	for i := range n {
		for _, path := range e.server.playlists {
			path = strings.ReplaceAll(path, "NAME", streamName(i))
			text, err := e.fetch(ctx, path)
			if err != nil {
				return nil, err
			}
			if all[path], err = listedIn(text); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return all, nil
}

// listedIn reads a playlist of HLS, or a manifest of DASH with a SegmentTimeline in
// milliseconds, as nginx-rtmp writes it, of segments as long as a period.
func listedIn(text []byte) (segments, error) {
	if bytes.Contains(text, []byte("#EXTM3U")) {
		first, err := number(text, "#EXT-X-MEDIA-SEQUENCE:")
		return segments{first, first + bytes.Count(text, []byte("#EXTINF:"))}, err
	}
	const entry = `<S t="`
	first, err := number(text, entry)
	if err != nil {
		return segments{}, err
	}
	last, err := number(text[bytes.LastIndex(text, []byte(entry)):], entry)
	each := int(period.Milliseconds())
	return segments{first / each, last/each + 1}, err
}

// number returns the number that stands behind the first tag in a text.
func number(text []byte, tag string) (int, error) {
	_, rest, found := bytes.Cut(text, []byte(tag))
	digits := rest
	for i, c := range rest {
		if c < '0' || c > '9' {
			digits = rest[:i]
			break
		}
	}
	n, err := strconv.Atoi(string(digits))
	if !found || err != nil {
		return 0, fmt.Errorf("no number behind %s in %.200q", tag, text)
	}
	return n, nil
}

// went returns which stream did not go on over a window of time: segments of all but two
// periods of it are new, as many have gone but for one more, and at least one of either.
func went(before, after map[string]segments, window time.Duration) error {
	least := max(int(window/period)-2, 1)
	for path, then := range before {
		now := after[path]
		if now.next-then.next < least {
			return fmt.Errorf("%s: %d new segments in %v", path, now.next-then.next, window)
		}
		if now.first-then.first < max(least-1, 1) {
			return fmt.Errorf("%s: %d segments were removed from it in %v", path, now.first-then.first, window)
		}
	}
	return nil
}
