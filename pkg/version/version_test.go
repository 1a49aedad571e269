package version

import (
	"runtime/debug"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComplete(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "false"}}
	changed := append(slices.Clone(vcs[:2]), debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, c := range []struct {
		name  string
		told  Info
		build debug.BuildInfo
		want  Info
	}{
		{"nothing is known", Info{}, debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, Info{}},
		{
			"the linker was told",
			Info{Version: "v1", Commit: "def", Date: "then"},
			debug.BuildInfo{Main: debug.Module{Version: "v2"}, Settings: vcs},
			Info{Version: "v1", Commit: "def", Date: "then"},
		},
		{
			"Go knows",
			Info{},
			debug.BuildInfo{Main: debug.Module{Version: "v2"}, Settings: vcs},
			Info{Version: "v2", Commit: "abc", Date: "2026-01-02T03:04:05Z"},
		},
		{"changed sources", Info{}, debug.BuildInfo{Settings: changed}, Info{Commit: "abc-dirty", Date: "2026-01-02T03:04:05Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.told.complete(&c.build)
			if diff := cmp.Diff(c.want, c.told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What nobody said is said to be so: labels and lines are never empty.
func TestReadIsComplete(t *testing.T) {
	i := Read()
	for _, field := range []string{i.Version, i.Commit, i.Date, i.Go, i.System} {
		if field == "" {
			t.Errorf("%+v has something empty", i)
		}
	}
}
