package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// pageLicences is what the build of the page writes of what is in it.
const pageLicences = "web/dist/licenses.md"

// licences returns the licences of all that is in a binary: Go itself, modules, and what
// the page is made of.
func licences(ctx context.Context, s system) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/sluice")
	cmd.Env = s.environ()
	listed, err := output(cmd)
	if err != nil {
		return nil, err
	}
	root, err := output(exec.CommandContext(ctx, "go", "env", "GOROOT"))
	if err != nil {
		return nil, err
	}
	modules := slices.Compact(slices.Sorted(strings.SplitSeq(strings.TrimSpace(listed), "\n")))
	text := bytes.NewBufferString("# What is in this binary, and under which licences\n")
	for _, m := range append([]string{"Go\t\t" + strings.TrimSpace(root)}, modules...) {
		if m == "" { // of packages of our own, and of the standard library
			continue
		}
		about := strings.Split(m, "\t")
		fmt.Fprintf(text, "\n## %s\n", strings.TrimSpace(about[0]+" "+about[1]))
		if err := appendLicences(text, about[2]); err != nil {
			return nil, fmt.Errorf("%s: %w", about[0], err)
		}
	}
	page, err := os.ReadFile(pageLicences)
	fmt.Fprintf(text, "\n## The page\n\n%s", page)
	return text.Bytes(), err
}

// appendLicences adds the licences and notices in a folder. A module without one must not
// be given away.
func appendLicences(text *bytes.Buffer, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	isLicence := regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-]|$)`)
	found := false
	for _, entry := range entries {
		if entry.IsDir() || !isLicence.MatchString(entry.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "\n```\n%s\n```\n", strings.TrimSpace(string(content)))
		found = true
	}
	if !found {
		return errors.New("it has no licence")
	}
	return nil
}
