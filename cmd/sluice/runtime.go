package main

import (
	"os"
	"runtime/debug"

	"sluice/pkg/config"
)

// tune has the Go runtime do what suits a gateway, of which waiting tells how many requests
// wait, until undo is called. GOGC and GOMAXPROCS in the environment are left as they are.
func tune(cfg config.Config, waiting func() int) (undo func()) {
	loosen, release := tighten(cfg), govern(waiting)
	return func() {
		release()
		loosen()
	}
}

// tighten has the garbage collector leave a fifth of garbage beside segments that are kept in
// memory, not as much again: they have no pointers, and cost it next to nothing.
func tighten(cfg config.Config) (undo func()) {
	const percent = 20
	if cfg.Store.Type != config.InMemory || os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}
