// Command importgate fails when a package of this module imports another that
// stands above or beside it, or stands nowhere: see the table in table.go.
//
//	go run ./scripts/importgate [ROOT]
//
// ROOT is the folder of go.mod, "." when it is left out. Each violation is one
// line "file:line: package X may not import Y". Test files are exempt, but for
// those of the packages that isolated names.
package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(os.DirFS(root), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "importgate:", err)
		os.Exit(1)
	}
}

// run checks the module and writes each violation to w.
func run(module fs.FS, w io.Writer) error {
	name, err := modulePath(module)
	if err != nil {
		return err
	}
	uses, err := scan(module)
	if err != nil {
		return err
	}
	violations := judge(uses, name, allowed())
	for _, violation := range violations {
		fmt.Fprintln(w, violation)
	}
	if len(violations) > 0 {
		return fmt.Errorf("%d imports or packages against the table in scripts/importgate/table.go", len(violations))
	}
	return nil
}

// judge returns one line for each use that the table does not allow, and one
// for each package that the table does not hold.
func judge(uses []use, module string, table map[string][]string) []string {
	var violations []string
	unknown := make(map[string]bool)
	for _, u := range uses {
		if strings.HasSuffix(u.pos.Filename, "_test.go") && !isolated(u.pkg) {
			continue
		}
		below, known := table[u.pkg]
		if !known {
			if !unknown[u.pkg] {
				violations = append(violations, fmt.Sprintf("%s: package %s is not in the table", u.pos, u.pkg))
			}
			unknown[u.pkg] = true
			continue
		}
		target, own := ownPackage(u.target, module)
		if own && !slices.Contains(below, target) && !selfTest(u, target) {
			violations = append(violations, fmt.Sprintf("%s: package %s may not import %s", u.pos, u.pkg, target))
		}
	}
	return violations
}

// ownPackage returns the folder of the package that target names. The second
// result is false when target is of another module.
func ownPackage(target, module string) (string, bool) {
	if target == module {
		return ".", true
	}
	return strings.CutPrefix(target, module+"/")
}

// selfTest reports whether u is an external test's import of the package that
// it tests.
func selfTest(u use, target string) bool {
	return target == u.pkg && strings.HasSuffix(u.pos.Filename, "_test.go")
}
