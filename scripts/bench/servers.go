package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A server is one that is measured: how it is started on addresses, in a folder of its own.
type server struct {
	name      string
	sink      bool // it answers nothing
	command   func(dir, rtmp, http string) (*exec.Cmd, error)
	playlists []string // of each stream: paths, with NAME in place of its name
	files     bool     // these are of files in its folder, and not of HTTP
	full      int      // in so many times of what is listed it has as much as it ever keeps
	forms     int      // in how many it writes each segment to a file
}

// Names of servers that are told apart.
const (
	sluiceDisk   = "Sluice, all outputs"
	sluiceMemory = "Sluice, memory store"
	tcpSink      = "TCP sink"
	nginxHLS     = "nginx-rtmp, HLS"
	netHTTP      = "bare net/http"
	nginxFile    = "nginx, sendfile"
)

// allServers returns those that streams are published to, and that are here. Sluice and
// LAL keep a segment that has left the playlist for as long again. nginx looks for
// segments to remove after each two windows, and removes those that are as old.
func allServers(o options, lal string, nginx bool) []server {
	tracks := []string{"live/NAME/v0/index.m3u8", "live/NAME/a0/index.m3u8"}
	all := []server{
		{name: tcpSink, sink: true, command: sinkCommand},
		{name: sluiceDisk, command: sluiceCommand(o, "disk"), playlists: tracks, full: 3, forms: 1},
		{name: sluiceMemory, command: sluiceCommand(o, "memory"), playlists: tracks, full: 3},
	}
	if nginx {
		hls := fmt.Sprintf("hls on; hls_path DIR/hls; hls_fragment %v; hls_playlist_length %v;", period, o.listed)
		dash := fmt.Sprintf("dash on; dash_path DIR/dash; dash_fragment %v; dash_playlist_length %v;", period, o.listed)
		all = append(all,
			server{name: nginxHLS, command: nginxCommand(hls), playlists: []string{"hls/NAME.m3u8"}, files: true, full: 4, forms: 1},
			server{name: "nginx-rtmp, HLS + DASH", command: nginxCommand(hls + dash), playlists: []string{"hls/NAME.m3u8", "dash/NAME.mpd"}, files: true, full: 4, forms: 2})
	}
	if lal != "" {
		all = append(all, server{name: "LAL, HLS", command: lalCommand(lal, o), playlists: []string{"hls/NAME/playlist.m3u8"}, files: true, full: 3, forms: 1})
	}
	return all
}

// sluice returns the server of which viewers get what they watch.
func (b *bench) sluice() server { return b.servers[1] }

// steady returns after how long as much is removed from a server as is added.
func (o options) steady(s server) time.Duration {
	const settle = 5 * time.Second
	return time.Duration(s.full)*o.listed + settle
}

// warm returns for how long publishers are on air before a server is measured.
func (o options) warm(s server) time.Duration {
	if o.warmUp > 0 && !s.sink {
		return o.warmUp
	}
	return o.steady(s)
}

func sinkCommand(_, rtmp, _ string) (*exec.Cmd, error) {
	self, err := os.Executable()
	return exec.Command(self, "sink", rtmp), err
}

func sluiceCommand(o options, store string) func(dir, rtmp, http string) (*exec.Cmd, error) {
	return func(dir, rtmp, http string) (*exec.Cmd, error) {
		cmd := exec.Command(o.sluice, "serve", "--segments", filepath.Join(dir, "segments"))
		cmd.Dir = dir
		cmd.Env = []string{
			"SLUICE_RTMP_ADDRESS=" + rtmp, "SLUICE_HTTP_ADDRESS=" + http, "SLUICE_STORE_TYPE=" + store,
			"SLUICE_WINDOW_DURATION=" + o.listed.String(),
			"SLUICE_SEGMENT_MAX=" + min(o.listed/3, 10*time.Second).String(), // a window has three at least
		}
		return cmd, nil
	}
}
