package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Ladder is a stream that several publishers send, each in another quality.
type Ladder struct {
	Stream  string   // "live/show", or a pattern: "{name}"
	Members []string // "live/show_1080p", "{name}_1080p"; the best first
}

// ladders is a list of Ladder: in YAML a mapping of streams to lists of their members.
type ladders struct{ at *[]Ladder }

// String returns the mapping as YAML in one line.
func (v ladders) String() string {
	var all []string
	for _, l := range *v.at {
		var members []string
		for _, m := range l.Members {
			members = append(members, strconv.Quote(m))
		}
		all = append(all, strconv.Quote(l.Stream)+": ["+strings.Join(members, ", ")+"]")
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// Set reads the mapping from text.
func (v ladders) Set(text string) error {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		*v.at = nil
		return nil
	}
	return v.read(document.Content[0])
}

// read reads the mapping.
func (v ladders) read(node *yaml.Node) error {
	if isNull(node) {
		return nil // all commented out
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("%s stands where streams with lists of members should", kind(node))
	}
	var all []Ladder
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, list := node.Content[i], node.Content[i+1]
		l := Ladder{Stream: name.Value}
		if name.Kind != yaml.ScalarNode {
			return errors.New("a name that begins with { needs quotes around it")
		}
		if list.Kind != yaml.SequenceNode {
			return fmt.Errorf("%s: %s stands where a list of members should", l.Stream, kind(list))
		}
		for _, m := range list.Content {
			if m.Kind != yaml.ScalarNode {
				return fmt.Errorf("%s: a name that begins with { needs quotes around it", l.Stream)
			}
			l.Members = append(l.Members, m.Value)
		}
		all = append(all, l)
	}
	*v.at = all
	return nil
}
