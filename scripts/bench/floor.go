package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// serveFloor answers as a low-latency HLS server does that has nothing to do: playlists and
// parts of the given sizes from memory, when the next part would be there. It is
// bare net/http.
func serveFloor(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("floor ADDRESS PLAYLIST-BYTES PART-BYTES INTERVAL")
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
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	server := http.Server{Addr: args[0], Handler: newFloor(playlistSize, partSize, ticker.C), ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

// A floor answers with bytes from memory.
type floor struct {
	playlist, part []byte
	next           atomic.Pointer[chan struct{}] // closed when there is another part
}

// newFloor returns one for which there is another part at each tick.
func newFloor(playlistSize, partSize int, ticks <-chan time.Time) *floor {
	f := &floor{playlist: floorPlaylist(playlistSize), part: make([]byte, partSize)}
	next := make(chan struct{})
	f.next.Store(&next)
	go func() {
		for range ticks {
			next := make(chan struct{})
			close(*f.next.Swap(&next))
		}
	}()
	return f
}

// ServeHTTP implements http.Handler.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, kind := f.part, "video/mp4"
	if strings.HasSuffix(r.URL.Path, ".m3u8") {
		body, kind = f.playlist, "application/vnd.apple.mpegurl"
		w.Header().Set("Content-Encoding", "gzip")
	}
	if strings.HasSuffix(r.URL.Path, ".m4s") || r.URL.RawQuery != "" {
		select {
		case <-*f.next.Load():
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
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
