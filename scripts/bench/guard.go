package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// A guard is a process that outlives this one, however that ends, kill -9 included: it ends
// the servers that are left then, with their workers, and removes the folder. A nil guard
// does nothing.
type guard struct {
	cmd *exec.Cmd
	in  io.WriteCloser // a line for each process: "+PID" when it begins, "-PID" when it has ended
}

// startGuard starts a guard of a folder.
func startGuard(dir string) (*guard, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := &guard{cmd: exec.Command(self, "guard", dir)}
	apart(g.cmd)
	g.cmd.Stderr = os.Stderr
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return g, g.cmd.Start()
}

// begun says that there is a process, which leads a group.
func (g *guard) begun(pid int) error { return g.tell("+", pid) }

// ended says that a process has ended, and nobody else of its group is there.
func (g *guard) ended(pid int) error { return g.tell("-", pid) }

func (g *guard) tell(sign string, pid int) error {
	if g == nil {
		return nil
	}
	_, err := fmt.Fprintf(g.in, "%s%d\n", sign, pid)
	return err
}

// close ends the guard, which first does what it is for.
func (g *guard) close() error {
	if g == nil {
		return nil
	}
	return errors.Join(g.in.Close(), g.cmd.Wait())
}

// serveGuard is the process: it waits until in ends.
func serveGuard(args []string, in io.Reader) error {
	if len(args) != 1 {
		return errors.New("guard FOLDER")
	}
	left := make(map[int]bool)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		pid, err := strconv.Atoi(lines.Text()[1:])
		if err != nil {
			return err
		}
		if lines.Text()[0] == '+' {
			left[pid] = true
		} else {
			delete(left, pid)
		}
	}
	for pid := range left {
		killGroup(pid)
	}
	return errors.Join(lines.Err(), os.RemoveAll(args[0]))
}
