package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	nginxBinary = "/usr/sbin/nginx"
	rtmpModule  = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
)

// nginxCommand has nginx take streams and write what outputs say.
func nginxCommand(outputs string) func(dir, rtmp, http string) (*exec.Cmd, error) {
	return func(dir, rtmp, _ string) (*exec.Cmd, error) {
		return nginx(dir, fmt.Sprintf(`load_module %s;
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
`, rtmpModule, rtmp, chunkSize, outputs))
	}
}

// nginxFiles has nginx serve the files of its folder, with sendfile.
func nginxFiles(dir, address string) (*exec.Cmd, error) {
	return nginx(dir, fmt.Sprintf(`events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	server { listen %s; location / { root DIR; } }
}
`, address))
}

// nginx returns a command with a configuration, in which DIR stands for the folder. Its
// master stays: without one nobody removes old segments.
func nginx(dir, conf string) (*exec.Cmd, error) {
	conf = `daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log warn;
` + conf
	if os.Geteuid() == 0 {
		conf = "user root;\n" + conf // else its workers could not reach the folder
	}
	path := filepath.Join(dir, "nginx.conf")
	cmd := exec.Command(nginxBinary, "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", path)
	return cmd, os.WriteFile(path, []byte(strings.ReplaceAll(conf, "DIR", dir)), 0o600)
}
