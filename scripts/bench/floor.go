package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// serveFloor answers as a low-latency HLS server does that has nothing to do: playlists
// and parts from memory, of the sizes and at the times that a viewer got them from Sluice,
// with the header fields that Sluice's have. The file has the steps of each track. Streams
// have theirs one after the other, evenly over a period. It is bare net/http.
func serveFloor(args []string) error {
	if len(args) != 3 {
		return errors.New("floor ADDRESS FILE STREAMS")
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	var tracks map[string][]step
	if err := json.Unmarshal(text, &tracks); err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	streams, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	f := &floor{edges: make(map[string]*edge)}
	began := time.Now()
	for track, steps := range tracks {
		r, err := newReel(steps)
		if err != nil {
			return fmt.Errorf("%s: %w", track, err)
		}
		for i := range streams {
			go f.add(i, track, r).run(began.Add(period * time.Duration(i) / time.Duration(streams)))
		}
	}
	server := http.Server{Addr: args[0], Handler: f, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

// A floor answers with bytes from memory.
type floor struct {
	part  []byte           // as large as any
	edges map[string]*edge // by the folders of tracks
}

// add adds a track of a stream.
func (f *floor) add(stream int, track string, r *reel) *edge {
	e := newEdge(r)
	f.edges[trackFolder(stream, track)] = e
	if size := r.largest(); size > len(f.part) {
		f.part = make([]byte, size)
	}
	return e
}

// ServeHTTP implements http.Handler.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	folder, file := path.Split(r.URL.Path)
	e := f.edges[folder]
	if e == nil {
		http.NotFound(w, r)
		return
	}
	name, part := strings.CutSuffix(file, ".m4s")
	if !part {
		name, _, _ = strings.Cut(strings.TrimPrefix(r.URL.RawQuery, "_HLS_msn="), "&")
	}
	var step int
	if name == "" { // a playlist as it is now
		next, _ := e.now()
		step = (next + len(e.steps) - 1) % len(e.steps)
	} else {
		var err error
		if step, err = strconv.Atoi(name); err != nil || step < 0 || step >= len(e.steps) {
			http.NotFound(w, r)
			return
		}
		if !e.wait(r.Context().Done(), step) {
			return
		}
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Date, Age, Content-Length, Content-Range, ETag")
	h.Set("Timing-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"p161581317340590"`)
	h.Set("Accept-Ranges", "bytes")
	var body []byte
	if part {
		body = f.part[:e.steps[step].Part]
		h.Set("Content-Type", "video/mp4")
	} else {
		body = e.lists[(step+1)%len(e.steps)]
		h.Set("Content-Type", "application/vnd.apple.mpegurl")
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
