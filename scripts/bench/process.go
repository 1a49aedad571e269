package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A process is a server under measurement.
type process struct {
	cmd   *exec.Cmd
	log   string
	guard *guard
	done  chan struct{} // closed when it has ended
}

// start starts a command, whose output goes to a file in a folder. It has the caller's
// environment, without what would change how servers run.
func (b *bench) start(dir string, cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, log: filepath.Join(dir, "log"), guard: b.guard, done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(plainEnvironment(os.Environ()), cmd.Env...)
	group(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	if err := p.guard.begun(pid); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // stop tells of one that was not to end
		killGroup(pid) // at once: later, somebody else may have the number
		_ = p.guard.ended(pid)
	}()
	return p, nil
}

// plainEnvironment returns an environment without Sluice's settings and those of the Go
// runtime.
func plainEnvironment(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(text string) bool {
		name, _, _ := strings.Cut(text, "=")
		return strings.HasPrefix(name, "SLUICE_") || slices.Contains([]string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "GOTRACEBACK"}, name)
	})
}

// stop ends the process and those that it started, and returns what it wrote last if it
// had ended by itself.
func (p *process) stop() error {
	select {
	case <-p.done:
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("it ended by itself (%v): %s", p.cmd.ProcessState, text[max(len(text)-1000, 0):])
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return nil
}
