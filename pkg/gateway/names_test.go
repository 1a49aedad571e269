package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/origin"
	"sluice/pkg/push"
	"sluice/pkg/stream"
)

// refused publishes under a name that must be refused, and returns the words.
func (s *server) refused(name string) *push.Refusal {
	s.t.Helper()
	clip, err := push.Demo()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var refusal *push.Refusal
	if err := clip.Run(ctx, s.rtmp+"/"+name, push.Options{Log: zerolog.Nop()}); !errors.As(err, &refusal) {
		s.t.Fatalf("%s is not refused: %v", name, err)
	}
	return refusal
}

// A name has one publisher. When it ends the name is free, and the next one
// goes on with higher numbers and new URLs.
func TestOneNameOnePublisher(t *testing.T) {
	t.Parallel()
	s := start(t, "segment.duration", "500ms", "window.duration", "6s")
	stop := s.broadcast("live/show")
	s.playing("live/show", 1)
	if r := s.refused("live/show"); r.Code != "NetStream.Publish.BadName" || r.Description == "" {
		t.Errorf("%+v", r)
	}
	s.playing("live/show", 2)
	s.unbroken("live/show")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.ended("live/show", "v0")
	before := map[string]*mediaList{}
	for _, rendition := range []string{"v0", "a0"} {
		before[rendition] = s.list(rendition)
	}

	stop = s.broadcast("live/show")
	eventually(t, "the second publisher", func() bool {
		status, text := s.try("/live/show/a0/ts.m3u8")
		return status == http.StatusOK && !strings.Contains(text, "#EXT-X-ENDLIST")
	})
	for _, rendition := range []string{"v0", "a0"} {
		old, now := before[rendition], s.list(rendition)
		if now.sequence < old.sequence || now.discontinuity < old.discontinuity || now.target != old.target {
			t.Errorf("%s: sequence %d after %d, discontinuity %d after %d, target %d after %d", rendition,
				now.sequence, old.sequence, now.discontinuity, old.discontinuity, now.target, old.target)
		}
		uris := map[string]uint64{}
		for number, e := range old.entries {
			uris[e.uri] = number
			s.get("/live/show/" + rendition + "/" + e.uri) // still there, and so are
			s.get("/live/show/" + rendition + "/" + e.header)
			s.get("/live/show/" + rendition + "/" + strings.TrimSuffix(e.uri, ".m4s") + ".ts")
		}
		for number, e := range now.entries {
			if was, used := uris[e.uri]; used && was != number {
				t.Errorf("%s: %s was number %d and is %d", rendition, e.uri, was, number)
			}
			if was, used := old.entries[number]; used && was.uri != e.uri {
				t.Errorf("%s: number %d was %s and is %s", rendition, number, was.uri, e.uri)
			}
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// list returns a media playlist of live/show.
func (s *server) list(rendition string) *mediaList {
	s.t.Helper()
	text := s.get("/live/show/" + rendition + "/index.m3u8")
	l, err := parseMediaList(text)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, text)
	}
	return l
}

// What the origin serves itself cannot be published, nor can what has no place
// in a URL.
func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	names := map[string]error{}
	for _, name := range []string{"live/..", "live/.hidden", "live/a%20b", "live/a/b", "-/a", "live/" + strings.Repeat("x", 101)} {
		names[name] = stream.ErrBadName
	}
	for _, app := range origin.Reserved() {
		names[app+"/show"] = stream.ErrReserved
	}
	var publishing sync.WaitGroup
	for name, reason := range names {
		publishing.Go(func() {
			if r := s.refused(name); r.Code != "NetStream.Publish.Failed" || r.Description != reason.Error() {
				t.Errorf("%.40s: %+v", name, r)
			}
		})
	}
	publishing.Wait()
}

// However many viewers there are, a segment is packed once.
func TestPackedOnceForAllViewers(t *testing.T) {
	t.Parallel()
	s := start(t, "segment.duration", "500ms")
	stop := s.broadcast("live/show")
	s.playing("live/show", 2)
	var viewing sync.WaitGroup
	for range 8 {
		viewing.Go(func() {
			for line := range strings.Lines(s.get("/live/show/v0/ts.m3u8")) {
				if line = strings.TrimSpace(line); strings.HasSuffix(line, ".ts") {
					s.get("/live/show/v0/" + line)
				}
			}
		})
	}
	viewing.Wait()
	packed := map[any]int{}
	for _, event := range s.log.find("TS segment packed") {
		packed[event["blob"]]++
	}
	for blob, times := range packed {
		if times != 1 {
			t.Errorf("%v was packed %d times", blob, times)
		}
	}
	if len(packed) < 2 {
		t.Errorf("%d segments were packed", len(packed))
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// When a stream has ended and been kept, nothing of it is left.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := start(t, "segment.duration", "500ms", "segment.max", "1s", "window.duration", "3s", "stream.keep", "1s")
	stop := s.broadcast("live/show")
	s.playing("live/show", 2)
	if entries := s.blobs(); len(entries) == 0 {
		t.Error("nothing is stored")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.ended("live/show", "v0")
	began := time.Now()
	eventually(t, "an empty directory", func() bool { return len(s.blobs()) == 0 })
	eventually(t, "an empty list", func() bool { return s.get("/streams.json") == "[]" })
	if status, _ := s.try("/live/show/index.m3u8"); status != http.StatusNotFound {
		t.Errorf("%d after the end", status)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
