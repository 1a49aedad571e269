package config

import (
	"cmp"
	"slices"
	"strings"
)

// Change returns the settings that are in force when c is to become next without a restart: those of next, but for
// what cannot change, which stays as it is in c. It names what does change, and what would need a restart.
func (c Config) Change(next Config) (now Config, changed, fixed []string) {
	was := c.keys()
	for i, k := range next.keys() {
		old := was[i]
		if old.value.String() == k.value.String() {
			continue
		}
		if canChange(k.name) {
			changed = append(changed, k.name)
			continue
		}
		fixed = append(fixed, k.name)
		_ = next.set(k, c.origins[k.name], old.value.String()) // as it was set before
	}
	return next, changed, fixed
}

// Files returns the files that the settings come from: the configuration file, also if there is none where it is looked
// for, and those that settings name which can change.
func (c Config) Files() []string {
	all := []string{cmp.Or(c.file, DefaultPath)}
	for _, k := range c.keys() {
		if path := k.value.String(); path != "" && canChange(k.name) && strings.HasSuffix(k.name, "_file") {
			all = append(all, path)
		}
	}
	return all
}

// canChange reports whether a key, or its section, can change while streams are on air.
func canChange(name string) bool {
	return slices.ContainsFunc([]string{
		"publish", "watch", "ladders", "log.level",
		"limits.publishers", "limits.streams", "limits.stream_memory", "limits.stream_disk",
		"stream.linger", "stream.keep", "stream.conflict", "stream.failover",
	}, func(c string) bool { return c == name || strings.HasPrefix(name, c+".") })
}
