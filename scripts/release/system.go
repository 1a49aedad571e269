package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
)

// windows has its own ways.
const windows = "windows"

// A system is what a binary is built for.
type system struct{ os, arch string }

func systems() []system {
	return []system{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {windows, "amd64"}}
}

// String returns the name that Go has for it.
func (s system) String() string { return s.os + "/" + s.arch }

func (s system) binary() string {
	if s.os == windows {
		return "sluice.exe"
	}
	return "sluice"
}

func (s system) ending() string {
	if s.os == windows {
		return ".zip"
	}
	return ".tar.gz"
}

// build builds the binary.
func (s system) build(ctx context.Context, stamp, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w "+stamp, "-o", path, "./cmd/sluice")
	cmd.Env = s.environ()
	_, err := output(cmd)
	return err
}

// environ returns the environment, without what changes a binary, for this system.
func (s system) environ() []string {
	return append(os.Environ(), strings.Fields("GOOS="+s.os+" GOARCH="+s.arch+
		" CGO_ENABLED=0 GOFLAGS= GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT= GOFIPS140=off GOWORK=off")...)
}
