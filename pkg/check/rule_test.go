package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every rule that a judge names is in the table, and none is there for nothing.
func TestRulesAreUsed(t *testing.T) {
	name := regexp.MustCompile(`^(hls|dash|lldash|cmaf|ts|http)/[a-z0-9-]+$`)
	inTable, used := make(map[string]bool), make(map[string]bool)
	for _, r := range Rules() {
		if inTable[r.Name] || !name.MatchString(r.Name) {
			t.Errorf("%s is there twice, or no name", r.Name)
		}
		if r.Ref == "" || r.Text == "" || strings.HasSuffix(r.Text, ".") {
			t.Errorf("%s says %q of %q", r.Name, r.Text, r.Ref)
		}
		inTable[r.Name] = true
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasPrefix(file.Name(), "rules") || !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				if name.MatchString(text) {
					used[text] = true
				}
			}
			return true
		})
	}
	for rule := range used {
		if !inTable[rule] {
			t.Errorf("%s is not in the table", rule)
		}
	}
	for rule := range inTable {
		if !used[rule] {
			t.Errorf("%s is in the table and nobody looks for it", rule)
		}
	}
}
