package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStop ends a process with those that it started.
func TestStop(t *testing.T) {
	b := &bench{}
	dir := t.TempDir()
	p, err := b.start(dir, exec.Command("sh", "-c", "sleep 60 & echo $!; wait"))
	if err != nil {
		t.Fatal(err)
	}
	child := firstLine(t, p.log)
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	awaitEnd(t, child)
}

// TestEndedByItself tells what a process said that ended before it was to.
func TestEndedByItself(t *testing.T) {
	b := &bench{}
	p, err := b.start(t.TempDir(), exec.Command("sh", "-c", "echo no room; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	<-p.done
	if err := p.stop(); err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no room") {
		t.Error(err)
	}
}

// TestGuard ends who is left, and removes the folder.
func TestGuard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bench")
	if err := os.MkdirAll(filepath.Join(dir, "server"), 0o700); err != nil {
		t.Fatal(err)
	}
	var left [2]*process
	for i := range left {
		p, err := (&bench{}).start(t.TempDir(), exec.Command("sh", "-c", "sleep 60 & echo $!; wait"))
		if err != nil {
			t.Fatal(err)
		}
		left[i] = p
	}
	child := firstLine(t, left[0].log)
	in, tell := io.Pipe()
	done := make(chan error)
	go func() { done <- serveGuard([]string{dir}, in) }()
	forgotten := left[1].cmd.Process.Pid
	fmt.Fprintf(tell, "+%d\n+%d\n-%d\n", forgotten, left[0].cmd.Process.Pid, forgotten)
	_ = tell.Close() // as it is when the one who holds it is killed
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	<-left[0].done
	awaitEnd(t, child)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is there: %v", err)
	}
	if err := left[1].stop(); err != nil {
		t.Errorf("one that had been told as ended: %v", err)
	}
}

// firstLine waits for the first line of a file.
func firstLine(t *testing.T, path string) string {
	t.Helper()
	for {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if line, _, ok := strings.Cut(string(text), "\n"); ok {
			return line
		}
		if pause(t.Context(), 5*time.Millisecond) != nil {
			t.Fatal("nothing is said")
		}
	}
}

// awaitEnd waits until a process is not there, or only waits to be told as ended.
func awaitEnd(t *testing.T, pid string) {
	t.Helper()
	for {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if pause(t.Context(), 5*time.Millisecond) != nil {
			t.Fatalf("process %s is there", pid)
		}
	}
}

// TestPlainEnvironment keeps what would change a server's settings from it.
func TestPlainEnvironment(t *testing.T) {
	got := plainEnvironment([]string{"HOME=/root", "SLUICE_LOG_LEVEL=debug", "GOGC=400", "GOMEMLIMIT=1", "GOMAXPROCS=1", "GODEBUG=x=1", "GOPROXY=a"})
	if want := []string{"HOME=/root", "GOPROXY=a"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestMemoryOf(t *testing.T) {
	const rollup = `55ff4962e000-7ffdff710000 ---p 00000000 00:00 0                          [rollup]
Rss:                1760 kB
Pss:                 361 kB
Pss_Anon:            100 kB
Pss_File:            245 kB
Pss_Shmem:            20 kB
SwapPss:               3 kB
`
	if got, err := memoryOf(rollup); err != nil || got != 123<<10 {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := memoryOf(strings.Replace(rollup, "Pss_Anon", "Anon", 1)); err == nil {
		t.Error("without Pss_Anon")
	}
}
