package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A use is one import declaration.
type use struct {
	pos    token.Position // the file's path counts from the module's root
	pkg    string         // the importing package's folder
	target string         // the import path as written
}

// scan returns every import in the Go files below the root of a module, in the
// order of their paths. It reads files of all platforms and build tags.
func scan(module fs.FS) ([]use, error) {
	var uses []use
	err := fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && foreign(module, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		found, err := imports(module, name)
		uses = append(uses, found...)
		return err
	})
	return uses, err
}

// foreign reports whether dir holds none of the module's packages.
func foreign(module fs.FS, dir string) bool {
	base := path.Base(dir)
	switch {
	case dir == ".":
		return false
	case base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_':
		return true
	}
	_, err := fs.Stat(module, path.Join(dir, "go.mod"))
	return err == nil // a module of its own
}

// imports returns the import declarations of one file. A file without any
// still yields one use, with an empty target, so that its package is seen.
func imports(module fs.FS, name string) ([]use, error) {
	source, err := fs.ReadFile(module, name)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	pkg := path.Dir(name)
	uses := []use{{pos: files.Position(file.Package), pkg: pkg}}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", files.Position(spec.Pos()), spec.Path.Value, err)
		}
		uses = append(uses, use{files.Position(spec.Pos()), pkg, target})
	}
	return uses, nil
}

// modulePath reads the module's own import path from its go.mod.
func modulePath(module fs.FS) (string, error) {
	text, err := fs.ReadFile(module, "go.mod")
	if err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", errors.New("go.mod: no module line")
}
