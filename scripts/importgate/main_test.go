package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var runCases = []struct {
	name  string
	files map[string]string
	want  []string
}{
	{
		"down", map[string]string{
			"pkg/codec/avc.go":      "package codec\n\nimport _ \"sluice/pkg/media\"\n",
			"cmd/sluice/main.go":    "package main\n\nimport (\n\t_ \"os\"\n\t_ \"sluice/pkg/gateway\"\n)\n",
			"pkg/media/media.go":    "package media\n",
			"pkg/store/suite.go":    "package store\n\nimport _ \"github.com/x/sluice/pkg/media\"\n",
			"pkg/check/own_test.go": "package check_test\n\nimport _ \"sluice/pkg/check\"\n",
		}, nil,
	},
	{
		"up", map[string]string{
			"pkg/media/media.go": "package media\n\nimport _ \"sluice/pkg/codec\"\n",
		}, []string{"pkg/media/media.go:3:8: package pkg/media may not import pkg/codec"},
	},
	{
		"sideways, under another name and a build tag", map[string]string{
			"pkg/rtmp/a_windows.go": "//go:build never\n\npackage rtmp\n\nimport (\n\tx \"sluice/pkg/stream\"\n)\n",
		}, []string{"pkg/rtmp/a_windows.go:6:2: package pkg/rtmp may not import pkg/stream"},
	},
	{
		"the root, and a package below an allowed one", map[string]string{
			"pkg/hls/a.go": "package hls\n\nimport _ \"sluice\"\nimport _ \"sluice/pkg/live/hidden\"\n",
		}, []string{
			"pkg/hls/a.go:3:8: package pkg/hls may not import .",
			"pkg/hls/a.go:4:8: package pkg/hls may not import pkg/live/hidden",
		},
	},
	{
		"unknown package, said once", map[string]string{
			"pkg/util/a.go": "package util\n",
			"pkg/util/b.go": "package util\n\nimport _ \"sluice/pkg/media\"\n",
		}, []string{"pkg/util/a.go:1:1: package pkg/util is not in the table"},
	},
	{
		"tests are exempt", map[string]string{
			"pkg/media/media_test.go": "package media_test\n\nimport _ \"sluice/pkg/gateway\"\n",
			"pkg/endtoend/a_test.go":  "package endtoend\n\nimport _ \"sluice/pkg/gateway\"\n",
		}, nil,
	},
	{
		"but not the judge's", map[string]string{
			"pkg/check/a_test.go": "package check\n\nimport _ \"sluice/pkg/hls\"\n",
		}, []string{"pkg/check/a_test.go:3:8: package pkg/check may not import pkg/hls"},
	},
	{
		"other modules and leftovers are not looked at", map[string]string{
			"scripts/tools/go.mod":        "module other\n",
			"scripts/tools/a.go":          "package tools\n",
			"web/node_modules/x/a.go":     "package x\n",
			"pkg/media/testdata/a.go":     "not Go",
			".cache/a.go":                 "not Go",
			"_drafts/a.go":                "not Go",
			"pkg/media/testdata/fuzz/x/y": "go test fuzz v1",
		}, nil,
	},
}

func TestRun(t *testing.T) {
	for _, c := range runCases {
		t.Run(c.name, func(t *testing.T) {
			module := fstest.MapFS{"go.mod": {Data: []byte("module sluice\n\ngo 1.26\n")}}
			for name, text := range c.files {
				module[name] = &fstest.MapFile{Data: []byte(text)}
			}
			var out strings.Builder
			err := run(module, &out)
			if got := lines(out.String()); !cmp.Equal(got, c.want) {
				t.Errorf("violations differ (-want +got):\n%s", cmp.Diff(c.want, got))
			}
			if (err != nil) != (c.want != nil) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRunSaysWhatItCannotRead(t *testing.T) {
	cases := map[string]fstest.MapFS{
		"no go.mod":      {},
		"no module line": {"go.mod": {Data: []byte("go 1.26\n")}},
		"broken Go":      {"go.mod": {Data: []byte("module sluice\n")}, "pkg/media/a.go": {Data: []byte("package")}},
	}
	for name, module := range cases {
		if err := run(module, os.Stderr); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestTable holds the table itself to its rules: it names only what it holds,
// and nothing stands above itself.
func TestTable(t *testing.T) {
	table := allowed()
	for pkg := range table {
		walk(t, table, pkg, nil)
	}
}

func walk(t *testing.T, table map[string][]string, pkg string, above []string) {
	t.Helper()
	if slices.Contains(above, pkg) {
		t.Fatalf("cycle: %s", strings.Join(append(above, pkg), " -> "))
	}
	below, known := table[pkg]
	if !known {
		t.Errorf("%v names %s, which the table does not hold", above, pkg)
	}
	for _, next := range below {
		walk(t, table, next, append(slices.Clone(above), pkg))
	}
}

// TestThisModule is the gate itself, for those who run only the tests.
func TestThisModule(t *testing.T) {
	var out strings.Builder
	if err := run(os.DirFS("../.."), &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
