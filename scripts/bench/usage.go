package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A usage is what a process and its children have taken.
type usage struct {
	cpu    time.Duration // user and system, so far
	memory int64         // bytes, now
}

const tick = 10 * time.Millisecond // of /proc (USER_HZ)

// use reads what the process has taken, with its children.
func (p *process) use() (u usage, err error) {
	for _, pid := range tree(p.cmd.Process.Pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return usage{}, err
		}
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		for _, field := range fields[11:13] { // utime, stime
			ticks, err := strconv.Atoi(string(field))
			if err != nil {
				return usage{}, err
			}
			u.cpu += time.Duration(ticks) * tick
		}
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return usage{}, err
		}
		bytes, err := memoryOf(string(rollup))
		if err != nil {
			return usage{}, err
		}
		u.memory += bytes
	}
	return u, nil
}

// memoryOf returns the bytes of memory that a process has for itself, of its smaps_rollup:
// anonymous (heaps and stacks), shared with others of its kind (nginx's zones), each of
// these in proportion, and what of it is swapped out. Files, which may be dropped at any
// time, do not count, be they mapped, as its own code is, or only in the page cache, as
// segments on a disk are; segments that are kept in memory do. Pss_Anon is there since
// Linux 5.4.
func memoryOf(rollup string) (bytes int64, err error) {
	want := map[string]bool{"Pss_Anon:": true, "Pss_Shmem:": true, "SwapPss:": true}
	for line := range strings.Lines(rollup) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !want[fields[0]] {
			continue
		}
		delete(want, fields[0])
		kB, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("smaps_rollup: %w", err)
		}
		bytes += kB << 10
	}
	for name := range want {
		return 0, fmt.Errorf("smaps_rollup has no %s", name)
	}
	return bytes, nil
}

// tree returns the pids of a process and its descendants.
func tree(pid int) []int {
	all := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, child := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(child); err == nil {
				all = append(all, tree(n)...)
			}
		}
	}
	return all
}

// cores returns how many cores the process takes, over a window of time.
func (p *process) cores(ctx context.Context, window time.Duration) (float64, error) {
	before, err := p.use()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pause(ctx, window); err != nil {
		return 0, err
	}
	after, err := p.use()
	return (after.cpu - before.cpu).Seconds() / time.Since(began).Seconds(), err
}

// busy returns how many processes ran, or waited for a processor, on average in the last
// minute; 0 where the system does not tell.
func busy() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return n
}
