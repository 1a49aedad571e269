package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestNeeded counts what the server keeps that keeps most.
func TestNeeded(t *testing.T) {
	o := options{streams: []int{1, 2}, viewers: []audience{{9, 1}}, listed: 10 * time.Second}
	got := float64(o.needed(allServers(o, "", true)))
	want := 2 * 2 * 22 * float64(newClip().size()) // streams, forms, segments in four times 10 s and two more
	if got != want {
		t.Errorf("%.1f MB, not %.1f MB", got/1e6, want/1e6)
	}
}

// TestFolder is for temporary files where memory does not do, and says so.
func TestFolder(t *testing.T) {
	said := ""
	path, inMemory := folder(1<<60, func(text string) { said = text })
	if inMemory || path != os.TempDir() || !strings.Contains(said, path) {
		t.Errorf("%s, %v, %q", path, inMemory, said)
	}
}

// TestWarm leaves nothing behind.
func TestWarm(t *testing.T) {
	dir := t.TempDir()
	if err := warm(dir, 1<<20); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
