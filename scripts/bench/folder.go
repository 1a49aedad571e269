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

// folder returns a folder of a file system in memory with room for so many bytes, or
// else, with a note, one for temporary files.
func folder(needed int64, note func(string)) (path string, inMemory bool) {
	const shm = "/dev/shm"
	free, err := freeBytes(shm)
	if err == nil {
		if memory, known := availableMemory(); known {
			free = min(free, memory)
		}
		if free >= needed {
			return shm, true
		}
	}
	note(fmt.Sprintf("files are in %s, which may be a disk: %s has %d MB of the %d MB that are needed",
		os.TempDir(), shm, free>>20, needed>>20))
	return os.TempDir(), false
}

// needed returns how many bytes one of the servers keeps in files at a time, at most.
func (o options) needed(all []server) (bytes int64) {
	most := 0
	for _, n := range o.streams {
		most = max(most, n)
	}
	for _, a := range o.viewers {
		most = max(most, a.streams)
	}
	for _, s := range all {
		kept := int64(s.full*int(o.listed/period) + 2) // segments of a stream
		bytes = max(bytes, int64(s.forms)*kept*newClip().size()*int64(most))
	}
	return bytes
}

// warm writes so many bytes to a file system in memory and removes them: memory that a
// virtual machine never used costs several times of what it costs afterwards, and whoever
// is measured first would pay that for all.
func warm(dir string, bytes int64) error {
	path := filepath.Join(dir, "warm")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, zeros{}, bytes)
	return errors.Join(err, file.Close(), os.Remove(path))
}

// zeros reads as zeros without an end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// availableMemory returns how many bytes can be used without swapping, where the system
// tells.
func availableMemory() (bytes int64, known bool) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kB << 10, err == nil
		}
	}
	return 0, false
}
