package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// warm writes as much to a file system in memory as servers are going to, and removes it:
// memory that a virtual machine never used costs several times of what it costs afterwards,
// and whoever is measured first would pay that for all.
func warm(dir string, o options) error {
	free, err := availableMemory()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "warm")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, zeros{}, min(o.written(), free/2))
	return errors.Join(err, file.Close(), os.Remove(path))
}

// written returns how many bytes a server writes to its store, at most.
func (o options) written() int64 {
	most := 0
	for _, n := range o.streams {
		most = max(most, n)
	}
	const forms = 2 // HLS and DASH
	return forms * int64(most) * newClip().size() * int64((o.warmUp+o.window)/period+1)
}

// zeros reads as zeros without an end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// size returns how many bytes a clip is.
func (c *clip) size() (n int64) {
	for _, f := range c.frames {
		n += int64(f.size)
	}
	return n
}

// availableMemory returns how many bytes can be used without swapping; 0 where the system does not
// tell.
func availableMemory() (int64, error) {
	file, err := os.Open("/proc/meminfo")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("/proc/meminfo: %w", err)
			}
			return kB << 10, nil
		}
	}
	return 0, lines.Err()
}
