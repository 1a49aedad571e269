package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a server under measurement.
type process struct {
	cmd *exec.Cmd
	log string
}

// startProcess starts a command whose output goes to a file.
func startProcess(log string, cmd *exec.Cmd) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	tie(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd, log}, nil
}

// stop ends the process, and returns what it wrote last if it had ended by itself.
func (p *process) stop() error {
	gone := p.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
	if gone != nil {
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("it ended by itself: %s", text[max(len(text)-1000, 0):])
	}
	return nil
}

// A usage is what a process and its children have taken.
type usage struct {
	cpu time.Duration // user and system, so far
	pss int64         // bytes, now, without files that are mapped
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
		memory, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return usage{}, err
		}
		kb, err := pssOf(string(memory))
		if err != nil {
			return usage{}, err
		}
		u.pss += kb << 10
	}
	return u, nil
}

// pssOf returns the Pss of smaps_rollup, in KiB.
func pssOf(text string) (int64, error) {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Pss:" {
			return strconv.ParseInt(fields[1], 10, 64)
		}
	}
	return 0, errors.New("smaps_rollup has no Pss")
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
