package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readFile reads the file at path, or DefaultPath if there is one.
func (c *Config) readFile(path string) error {
	chosen := path != ""
	c.file = path
	if !chosen {
		path = DefaultPath
	}
	body, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !chosen:
		return nil
	case err != nil:
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return &Error{Origin: path, Reason: err.Error()}
	}
	return c.readYAML(path, body)
}

// readYAML reads one document of sections that hold keys. It stops at the first
// error in the file.
func (c *Config) readYAML(path string, body []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil // nothing but comments
	case err != nil:
		return syntaxError(path, err)
	}
	switch err := decoder.Decode(new(yaml.Node)); {
	case err == nil:
		return &Error{Origin: path, Reason: "more than one YAML document"}
	case !errors.Is(err, io.EOF):
		return syntaxError(path, err)
	}
	r := reader{c, path, make(map[string]int)}
	return r.section("", document.Content[0])
}

// syntaxError puts the line that yaml found an error in where every other error
// has it.
func syntaxError(path string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(text); m != nil {
		return &Error{Origin: path + ":" + m[1], Reason: m[2]}
	}
	return &Error{Origin: path, Reason: text}
}

// A reader reads the nodes of one file.
type reader struct {
	cfg  *Config
	path string
	seen map[string]int // the line of each key so far
}

func (r *reader) fail(node *yaml.Node, key, format string, args ...any) error {
	return &Error{Origin: r.origin(node), Key: key, Reason: fmt.Sprintf(format, args...)}
}

func (r *reader) origin(node *yaml.Node) string { return r.path + ":" + strconv.Itoa(node.Line) }

// section reads a mapping whose keys begin with name and a dot.
func (r *reader) section(name string, node *yaml.Node) error {
	switch {
	case node.Kind == yaml.AliasNode:
		return r.fail(node, name, "an alias stands where a section should")
	case isNull(node):
		return nil // a section with all its keys commented out
	case node.Kind != yaml.MappingNode:
		return r.fail(node, name, "%s stands where a section with keys should", kind(node))
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if err := r.entry(name, node.Content[i], node.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// entry reads one key of a section and what stands under it.
func (r *reader) entry(section string, name, node *yaml.Node) error {
	full := name.Value
	if section != "" {
		full = section + "." + full
	}
	if line, twice := r.seen[full]; twice {
		return r.fail(name, full, "stands here a second time (first in line %d)", line)
	}
	r.seen[full] = name.Line
	keys := r.cfg.keys()
	if i := slices.IndexFunc(keys, func(k key) bool { return k.name == full }); i >= 0 {
		if s, ok := keys[i].value.(structure); ok {
			return r.structure(keys[i], s, node)
		}
		return r.scalar(keys[i], node)
	}
	if slices.Contains(r.cfg.sections(), full) {
		return r.section(full, node)
	}
	return r.fail(name, full, "%s", unknown("key", full, append(r.cfg.names(), r.cfg.sections()...)))
}

func (r *reader) scalar(k key, node *yaml.Node) error {
	switch {
	case node.Kind != yaml.ScalarNode:
		return r.fail(node, k.name, "%s stands where one value should", kind(node))
	case isNull(node):
		return r.fail(node, k.name, "has no value")
	}
	return r.cfg.set(k, r.origin(node), node.Value)
}

// structure reads a key whose value is no scalar.
func (r *reader) structure(k key, s structure, node *yaml.Node) error {
	if err := s.read(node); err != nil {
		at := node
		for inner := (misplaced{}); errors.As(err, &inner); err = inner.error {
			at = inner.node
		}
		return r.fail(at, k.name, "%s", err.Error())
	}
	return r.cfg.set(k, r.origin(node), s.String())
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

func kind(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a section"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.ScalarNode, yaml.DocumentNode:
	}
	return strconv.Quote(node.Value)
}

// sections returns the names that have keys below them.
func (c *Config) sections() []string {
	var sections []string
	for _, name := range c.names() {
		for i, c := range name {
			if section := name[:i]; c == '.' && !slices.Contains(sections, section) {
				sections = append(sections, section)
			}
		}
	}
	return sections
}
