package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// items are texts without commas: in YAML a list, or one value; elsewhere with commas
// between.
type items struct{ at *[]string }

// String returns them with commas between.
func (v items) String() string { return strings.Join(*v.at, ", ") }

// Set reads them from text.
func (v items) Set(text string) error {
	var all []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	*v.at = all
	return nil
}

// clear makes it empty.
func (v items) clear() { *v.at = nil }

// read reads them from a file.
func (v items) read(node *yaml.Node) error {
	switch {
	case isNull(node):
		return errors.New("has no value")
	case node.Kind == yaml.ScalarNode:
		return v.Set(node.Value)
	case node.Kind != yaml.SequenceNode:
		return fmt.Errorf("%s stands where a list should", kind(node))
	}
	var all []string
	for _, item := range node.Content {
		if item.Kind != yaml.ScalarNode || isNull(item) {
			return fmt.Errorf("%s stands where one value of a list should", kind(item))
		}
		if strings.Contains(item.Value, ",") {
			return fmt.Errorf("%q has a comma in it", item.Value)
		}
		all = append(all, item.Value)
	}
	*v.at = all
	return nil
}
