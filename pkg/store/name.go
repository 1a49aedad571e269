package store

import (
	"errors"
	"fmt"
	"strings"
)

// The bounds of a name.
const (
	MaxDepth   = 8   // elements of a name
	MaxElement = 128 // bytes of an element
)

// ErrName is wrapped by the error for a name that no blob can have.
var ErrName = errors.New("invalid name")

// CheckName returns an error that wraps ErrName, and says why, when no blob can
// have that name.
func CheckName(name string) error {
	depth := 0
	for element := range strings.SplitSeq(name, "/") {
		if depth++; depth > MaxDepth {
			return fmt.Errorf("%w: more than %d elements", ErrName, MaxDepth)
		}
		if err := checkElement(element); err != nil {
			return err
		}
	}
	return nil
}

func checkElement(element string) error {
	switch {
	case element == "":
		return fmt.Errorf("%w: empty element", ErrName)
	case len(element) > MaxElement:
		return fmt.Errorf("%w: element over %d bytes", ErrName, MaxElement)
	case element[0] == '.':
		return fmt.Errorf("%w: element %q begins with a dot", ErrName, element)
	}
	for i := range len(element) {
		if !allowed(element[i]) {
			return fmt.Errorf("%w: %q in element %q", ErrName, element[i], element)
		}
	}
	return nil
}

func allowed(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	case c == '.', c == '_', c == '~', c == '-':
		return true
	}
	return false
}

// below reports whether name lies in directory dir; all names lie in "".
func below(name, dir string) bool {
	return dir == "" || len(name) > len(dir) && name[len(dir)] == '/' && name[:len(dir)] == dir
}

// parents calls visit for each directory that holds name, the innermost first,
// until visit returns false.
func parents(name string, visit func(dir string) bool) {
	for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
		if !visit(name[:i]) {
			return
		}
	}
}
