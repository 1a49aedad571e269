package main

import (
	"os/exec"
	"syscall"
)

// group has a process, and those that it starts, be a group of their own: what ends this
// program from a terminal does not end them, and killGroup ends them all.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// apart has a process go on when all that belongs to this one is ended.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// killGroup ends a process of group, and those that it started.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// freeBytes returns how many bytes may be written below a folder.
func freeBytes(path string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(path, &s)
	return int64(s.Bavail) * s.Bsize, err
}
