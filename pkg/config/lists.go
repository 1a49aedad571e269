package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A structure is a value that is more than one scalar in YAML.
type structure interface {
	value
	read(node *yaml.Node) error
	clear()
}

// readText reads a structure from text, which is YAML.
func readText(v structure, text string) error {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		v.clear()
		return nil
	}
	return v.read(document.Content[0])
}

// misplaced is an error at a node within a structure.
type misplaced struct {
	node *yaml.Node
	error
}

// Unwrap is for errors.As.
func (m misplaced) Unwrap() error { return m.error }

// A List is what belongs to one name.
type List struct {
	Name  string
	Items []string
}

// lists are some of List: in YAML a mapping of names to lists.
type lists struct{ at *[]List }

// String returns the mapping as YAML in one line.
func (v lists) String() string {
	var all []string
	for _, l := range *v.at {
		var items []string
		for _, item := range l.Items {
			items = append(items, strconv.Quote(item))
		}
		all = append(all, strconv.Quote(l.Name)+": ["+strings.Join(items, ", ")+"]")
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// Set reads the mapping from text.
func (v lists) Set(text string) error { return readText(v, text) }

// clear makes the mapping empty.
func (v lists) clear() { *v.at = nil }

// read reads the mapping.
func (v lists) read(node *yaml.Node) error {
	if isNull(node) {
		return nil // all commented out
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("%s stands where names with lists should", kind(node))
	}
	var all []List
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, list := node.Content[i], node.Content[i+1]
		l := List{Name: name.Value}
		if name.Kind != yaml.ScalarNode {
			return errors.New("a name that begins with { needs quotes around it")
		}
		if list.Kind != yaml.SequenceNode {
			return fmt.Errorf("%s: %s stands where a list should", l.Name, kind(list))
		}
		for _, item := range list.Content {
			if isNull(item) {
				return fmt.Errorf("%s: nothing stands where a name should", l.Name)
			}
			if item.Kind != yaml.ScalarNode {
				return fmt.Errorf("%s: a name that begins with { needs quotes around it", l.Name)
			}
			l.Items = append(l.Items, item.Value)
		}
		all = append(all, l)
	}
	*v.at = all
	return nil
}
