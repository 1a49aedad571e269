// Package version says which Sluice this is.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// What make tells the linker (-X). Nothing else is: a build has to be the same wherever
// and whenever it is made.
//
//nolint:gochecknoglobals // the linker sets nothing but variables
var (
	release string // v0.1.0, or what git describe says
	commit  string
	date    string // of the commit, as RFC 3339 has it
)

// unknown stands for what nobody said.
const unknown = "unknown"

// An Info says which Sluice this is. No field is empty.
type Info struct {
	Version string // v0.1.0; v0.1.0-3-g1234567 behind that; devel if nobody said
	Commit  string // in full; it ends with -dirty where the sources were changed
	Date    string // of the commit, as RFC 3339 has it
	Go      string // go1.26.8
	System  string // linux/amd64
}

// Read returns what the linker was told, or else what Go has found out by itself where it
// was built.
func Read() Info {
	info := Info{Version: release, Commit: commit, Date: date, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		info.complete(build)
	}
	info.Version = cmp.Or(info.Version, "devel")
	info.Commit = cmp.Or(info.Commit, unknown)
	info.Date = cmp.Or(info.Date, unknown)
	return info
}

// complete fills what is empty.
func (i *Info) complete(build *debug.BuildInfo) {
	settings := make(map[string]string)
	for _, s := range build.Settings {
		settings[s.Key] = s.Value
	}
	if i.Commit == "" && settings["vcs.revision"] != "" {
		i.Commit, i.Date = settings["vcs.revision"], settings["vcs.time"]
		if settings["vcs.modified"] == "true" {
			i.Commit += "-dirty"
		}
	}
	if i.Version == "" && build.Main.Version != "(devel)" {
		i.Version = build.Main.Version
	}
}
