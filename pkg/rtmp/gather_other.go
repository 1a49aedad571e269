//go:build !linux

package rtmp

import "syscall"

// gather has who reads woken by each byte.
func gather(syscall.Conn, int) {}
