package main

import (
	"os/exec"
	"syscall"
)

// tie makes a process end with this one, whatever that ends with.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
