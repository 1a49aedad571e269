package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func lalCommand(binary string, o options) func(dir, rtmp, http string) (*exec.Cmd, error) {
	return func(dir, rtmp, http string) (*exec.Cmd, error) {
		listed := int(o.listed / period)
		conf := fmt.Sprintf(`{"conf_version": "v0.4.1",
	"rtmp": {"enable": true, "addr": %q, "gop_num": 0},
	"default_http": {"http_listen_addr": %q},
	"hls": {"enable": true, "url_pattern": "/hls/", "out_path": %q, "fragment_duration_ms": %d, "fragment_num": %d, "delete_threshold": %d, "cleanup_mode": 2},
	"log": {"level": 3, "is_to_stdout": true}}`, rtmp, http, filepath.Join(dir, "hls")+"/", period.Milliseconds(), listed, listed)
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
