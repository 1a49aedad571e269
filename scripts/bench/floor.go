package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// serveFloor answers as a low-latency HLS server does that has nothing to do: playlists and
// parts of the given sizes from memory, with the header fields that Sluice's have, when
// the next part of the stream would be there. Streams have theirs one after the other, evenly
// over the interval. It is bare net/http.
func serveFloor(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("floor ADDRESS PLAYLIST-BYTES PART-BYTES INTERVAL STREAMS")
	}
	playlistSize, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	partSize, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	interval, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	streams, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	f := newFloor(playlistSize, partSize)
	for i := range streams {
		<-time.After(interval / time.Duration(streams))
		f.add(i, time.NewTicker(interval).C)
	}
	server := http.Server{Addr: args[0], Handler: f, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

// A floor answers with bytes from memory.
type floor struct {
	playlist, part []byte
	streams        map[string]*edge // by the first letters of their paths
}

// An edge is where a stream is, for the viewers who wait there.
type edge struct {
	next atomic.Pointer[chan struct{}] // closed when there is another part
}

func newFloor(playlistSize, partSize int) *floor {
	return &floor{playlist: floorPlaylist(playlistSize), part: make([]byte, partSize), streams: make(map[string]*edge)}
}

// add adds a stream, of which there is another part at each tick.
func (f *floor) add(stream int, ticks <-chan time.Time) {
	e := &edge{}
	next := make(chan struct{})
	e.next.Store(&next)
	f.streams[streamFolder(stream)] = e
	go func() {
		for range ticks {
			next := make(chan struct{})
			close(*e.next.Swap(&next))
		}
	}()
}

// ServeHTTP implements http.Handler.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, kind := f.part, "video/mp4"
	h := w.Header()
	if strings.HasSuffix(r.URL.Path, ".m3u8") {
		body, kind = f.playlist, "application/vnd.apple.mpegurl"
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding")
	}
	track, _ := path.Split(r.URL.Path)
	stream, _ := path.Split(strings.TrimSuffix(track, "/"))
	e := f.streams[stream]
	if e == nil {
		http.NotFound(w, r)
		return
	}
	if strings.HasSuffix(r.URL.Path, ".m4s") || r.URL.RawQuery != "" {
		select {
		case <-*e.next.Load():
		case <-r.Context().Done():
			return
		}
	}
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Date, Age, Content-Length, Content-Range, ETag")
	h.Set("Timing-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"p161581317340590"`)
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// floorPlaylist returns a compressed playlist of about so many bytes.
func floorPlaylist(size int) []byte {
	dice := rand.New(rand.NewPCG(3, 4))
	var noise []byte
	for {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		fmt.Fprintf(w, "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p.m4s\"\n#%s\n", noise)
		_ = w.Close()
		if b.Len() >= size {
			return b.Bytes()
		}
		for range max((size-b.Len())/2, 1) {
			noise = append(noise, "0123456789abcdef"[dice.IntN(16)])
		}
	}
}
