//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns how long this process has run on all processors together, false if
// that is not known.
func processorTime() (time.Duration, bool) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, false
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), true
}
