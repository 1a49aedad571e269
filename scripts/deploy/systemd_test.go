package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exposure is what systemd-analyze may find at most, in tenths: 0 is locked up, 100 is
// open.
const exposure = "15"

func analyze(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed (systemd)")
	}
	if out, err := exec.Command("systemd-analyze", args...).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	} else if args[0] == "verify" && len(out) > 0 {
		t.Errorf("systemd-analyze %s:\n%s", strings.Join(args, " "), out)
	}
}

func TestUnitIsLockedUp(t *testing.T) {
	analyze(t, "security", "--offline=true", "--threshold="+exposure, root+"/configs/systemd/sluice.service")
}

// TestUnitsAreRight has systemd read the units, as if the gateway was installed.
func TestUnitsAreRight(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "sluice")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify"}
	for _, name := range []string{"sluice.service", "sluice-rtmp.socket", "sluice-http.socket"} {
		text := strings.ReplaceAll(read(t, "configs/systemd/"+name), "/usr/local/bin/sluice", program)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	analyze(t, args...)
}
