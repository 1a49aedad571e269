package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A server is one that is measured: how it is started on an address, in a folder of its
// own on a file system in memory.
type server struct {
	name  string
	sink  bool // it answers nothing
	start func(dir, rtmp, http string) (*exec.Cmd, error)
}

// servers returns those that are here, sluice first, and notes of those that are not.
func servers(sluice, lal string) (all []server, missing []string) {
	all = []server{
		{name: "TCP sink", sink: true, start: sinkCommand},
		{name: "Sluice, all outputs", start: sluiceCommand(sluice, "disk")},
		{name: "Sluice, memory store", start: sluiceCommand(sluice, "memory")},
	}
	if _, err := os.Stat(rtmpModule); err == nil {
		all = append(all,
			server{name: "nginx-rtmp, HLS", start: nginxCommand("hls on; hls_path DIR/hls; hls_fragment 2s; hls_playlist_length 30s;")},
			server{name: "nginx-rtmp, HLS + DASH", start: nginxCommand("hls on; hls_path DIR/hls; hls_fragment 2s; hls_playlist_length 30s;" +
				" dash on; dash_path DIR/dash; dash_fragment 2s; dash_playlist_length 30s;")})
	} else {
		missing = append(missing, "nginx-rtmp (Debian: apt-get install nginx-light libnginx-mod-rtmp)")
	}
	if lal != "" {
		all = append(all, server{name: "LAL, HLS", start: lalCommand(lal)})
	} else {
		missing = append(missing, "LAL")
	}
	return all, missing
}

func sinkCommand(_, rtmp, _ string) (*exec.Cmd, error) {
	self, err := os.Executable()
	return exec.Command(self, "sink", rtmp), err
}

func sluiceCommand(binary, store string) func(dir, rtmp, http string) (*exec.Cmd, error) {
	return func(dir, rtmp, http string) (*exec.Cmd, error) {
		cmd := exec.Command(binary, "serve", "--segments", filepath.Join(dir, "segments"))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SLUICE_RTMP_ADDRESS="+rtmp, "SLUICE_HTTP_ADDRESS="+http, "SLUICE_STORE_TYPE="+store)
		return cmd, nil
	}
}

const rtmpModule = "/usr/lib/nginx/modules/ngx_rtmp_module.so"

func nginxCommand(outputs string) func(dir, rtmp, http string) (*exec.Cmd, error) {
	return func(dir, rtmp, _ string) (*exec.Cmd, error) {
		conf := strings.ReplaceAll(nginxUser()+fmt.Sprintf(`load_module %s;
daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log warn;
events { worker_connections 4096; }
rtmp {
	access_log off;
	server {
		listen %s;
		chunk_size %d;
		max_message 4M;
		application live { live on; %s }
	}
}
`, rtmpModule, rtmp, chunkSize, outputs), "DIR", dir)
		path := filepath.Join(dir, "nginx.conf")
		return exec.Command("/usr/sbin/nginx", "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", path), os.WriteFile(path, []byte(conf), 0o600)
	}
}

// nginxUser returns what has it keep the rights of who runs it: as root it drops them, and
// could not reach its folder.
func nginxUser() string {
	if os.Geteuid() == 0 {
		return "user root;\n"
	}
	return ""
}

func lalCommand(binary string) func(dir, rtmp, http string) (*exec.Cmd, error) {
	return func(dir, rtmp, http string) (*exec.Cmd, error) {
		conf := fmt.Sprintf(`{"conf_version": "v0.4.1",
	"rtmp": {"enable": true, "addr": %q, "gop_num": 0},
	"default_http": {"http_listen_addr": %q},
	"hls": {"enable": true, "url_pattern": "/hls/", "out_path": %q, "fragment_duration_ms": 2000, "fragment_num": 15, "delete_threshold": 15, "cleanup_mode": 2},
	"log": {"level": 3, "is_to_stdout": true}}`, rtmp, http, filepath.Join(dir, "hls")+"/")
		path := filepath.Join(dir, "lal.json")
		cmd := exec.Command(binary, "-c", path)
		cmd.Dir = dir
		return cmd, os.WriteFile(path, []byte(conf), 0o600)
	}
}

// buildLAL builds its server in a folder, from the Go module proxy, and returns its path.
func buildLAL(ctx context.Context, dir string) (string, error) {
	const module = "github.com/q191201771/lal"
	for _, args := range [][]string{
		{"mod", "init", "bench"},
		{"get", module + "/app/lalserver@v0.37.4"},
		{"build", "-o", "lalserver", module + "/app/lalserver"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return filepath.Join(dir, "lalserver"), nil
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

// listening waits until somebody listens on an address.
func listening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
