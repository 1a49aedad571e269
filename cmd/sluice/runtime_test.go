package main

import (
	"runtime/debug"
	"testing"

	"sluice/pkg/config"
)

// TestTighten checks when there is to be less garbage, and that it is as it was afterwards.
func TestTighten(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(-1)
		debug.SetGCPercent(now)
		return now
	}
	before := percent()
	for _, c := range []struct {
		store config.StoreType
		gogc  string
		less  bool
	}{
		{config.InMemory, "", true},
		{config.InMemory, "100", false},
		{config.Disk, "", false},
	} {
		t.Setenv("GOGC", c.gogc)
		undo := tighten(config.Config{Store: config.Store{Type: c.store}})
		if less := percent() < before; less != c.less {
			t.Errorf("%v, GOGC=%s: %d %%", c.store, c.gogc, percent())
		}
		undo()
		if percent() != before {
			t.Errorf("%v, GOGC=%s: %d %% afterwards", c.store, c.gogc, percent())
		}
	}
}
