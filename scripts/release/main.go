// Command release builds the archives of a version: for each system one, with the binary,
// what is deployed beside it and the licences of all that is in it. The same commit gives
// the same bytes on every machine with the same Go. See make release.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// A release is what is built.
type release struct {
	version string    // v0.1.0
	stamp   string    // for go build -ldflags
	made    time.Time // of the commit; all files in archives are of then
	dist    string    // where archives go
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var r release
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.StringVar(&r.version, "version", "", "the version, such as v0.1.0")
	set.StringVar(&r.stamp, "ldflags", "", "what the linker is told of it")
	set.StringVar(&r.dist, "dist", "dist", "the folder for archives")
	date := set.String("date", "", "when its commit was made, as RFC 3339 has it")
	if err := set.Parse(args); err != nil {
		return err
	}
	var err error
	if r.made, err = time.Parse(time.RFC3339, *date); err != nil {
		return fmt.Errorf("--date: %w", err)
	}
	if err := errors.Join(checkVersion(r.version), clean(ctx)); err != nil {
		return err
	}
	return r.build(ctx, out)
}

// checkVersion returns what is wrong with a version.
func checkVersion(text string) error {
	if !regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(text) {
		return fmt.Errorf("%q is no version such as v0.1.0: make release VERSION=v0.1.0", text)
	}
	return nil
}

// clean returns an error where there is something that the commit does not have.
func clean(ctx context.Context) error {
	text, err := output(exec.CommandContext(ctx, "git", "status", "--porcelain"))
	if err == nil && text != "" {
		err = fmt.Errorf("there are changes that are not committed:\n%s", text)
	}
	return err
}

// build writes all archives, and their sums.
func (r release) build(ctx context.Context, out io.Writer) error {
	work, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := errors.Join(os.RemoveAll(r.dist), os.MkdirAll(r.dist, 0o755)); err != nil {
		return err
	}
	var sums strings.Builder
	for _, s := range systems() {
		packed, err := r.pack(ctx, s, filepath.Join(work, s.binary()))
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		name := r.name(s) + s.ending()
		if err := os.WriteFile(filepath.Join(r.dist, name), packed, 0o644); err != nil {
			return err
		}
		line := fmt.Sprintf("%x  %s\n", sha256.Sum256(packed), name)
		sums.WriteString(line)
		fmt.Fprint(out, line)
	}
	return os.WriteFile(filepath.Join(r.dist, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// name returns the name of the folder in an archive.
func (r release) name(s system) string {
	return fmt.Sprintf("sluice_%s_%s_%s", r.version, s.os, s.arch)
}

// pack returns the archive for a system, whose binary it builds at path.
func (r release) pack(ctx context.Context, s system, path string) ([]byte, error) {
	if err := s.build(ctx, r.stamp, path); err != nil {
		return nil, err
	}
	notices, err := licences(ctx, s)
	if err != nil {
		return nil, err
	}
	files := []file{{name: "THIRD-PARTY.md", content: notices}}
	binary, err := read(path, s.binary())
	if err != nil {
		return nil, err
	}
	binary.run = true
	files = append(files, binary)
	beside, err := companions()
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	write := writeTar
	if s.os == windows {
		write = writeZip
	}
	err = write(&packed, r.name(s), append(files, beside...), r.made)
	return packed.Bytes(), err
}

// output runs a command and returns what it printed.
func output(cmd *exec.Cmd) (string, error) {
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %s", cmd, cmp.Or(strings.TrimSpace(complaints.String()), err.Error()))
	}
	return string(text), err
}
