package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Receiver is a program that is told over HTTP what happens to streams.
type Receiver struct {
	URL        string
	Format     WebhookFormat
	SecretFile string   // signs requests; empty for none
	Events     []string // kinds of event; never none
	Timeout    time.Duration
}

// Events returns all kinds of event.
func Events() []string {
	return []string{"publish", "unpublish", "start", "end", "failover", "repair"}
}

// known returns the kinds of event that a format has a form for.
func (f WebhookFormat) known() []string {
	if f == SluiceFormat {
		return Events()
	}
	return []string{"publish", "unpublish"}
}

// keys returns those of a receiver, but for the list of events.
func (r *Receiver) keys() []key {
	return []key{
		{"url", text{&r.URL}},
		{"format", choice[WebhookFormat]{&r.Format, []WebhookFormat{SluiceFormat, NginxRTMPFormat, SRSFormat}}},
		{"secret_file", text{&r.SecretFile}},
		{"timeout", span{&r.Timeout}},
	}
}

// receivers are some of Receiver: in YAML a list of sections.
type receivers struct{ at *[]Receiver }

// String returns the list as YAML in one line.
func (v receivers) String() string {
	var all []string
	for _, r := range *v.at {
		var fields []string
		for _, k := range r.keys() {
			fields = append(fields, k.name+": "+strconv.Quote(k.value.String()))
		}
		all = append(all, "{"+strings.Join(fields, ", ")+", events: ["+strings.Join(r.Events, ", ")+"]}")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// Set reads the list from text.
func (v receivers) Set(text string) error { return readText(v, text) }

// clear makes the list empty.
func (v receivers) clear() { *v.at = nil }

// read reads the list.
func (v receivers) read(node *yaml.Node) error {
	if isNull(node) {
		return nil // all commented out
	}
	if node.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s stands where a list of sections should", kind(node))
	}
	var all []Receiver
	for _, item := range node.Content {
		r := Receiver{Format: SluiceFormat, Timeout: 5 * time.Second}
		if err := r.read(item); err != nil {
			return misplaced{item, err}
		}
		all = append(all, r)
	}
	*v.at = all
	return nil
}

// read reads one of them.
func (r *Receiver) read(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("%s stands where a section with keys should", kind(node))
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if err := r.readKey(node.Content[i].Value, node.Content[i+1]); err != nil {
			return misplaced{node.Content[i], fmt.Errorf("%s: %w", node.Content[i].Value, err)}
		}
	}
	if r.URL == "" {
		return errors.New("url is missing")
	}
	known := r.Format.known()
	if r.Events == nil {
		r.Events = known
	}
	for _, event := range r.Events {
		if !slices.Contains(known, event) {
			return fmt.Errorf("events: %q is not one of %s", event, strings.Join(known, ", "))
		}
	}
	return nil
}

func (r *Receiver) readKey(name string, node *yaml.Node) error {
	if name == "events" {
		if node.Kind != yaml.SequenceNode || len(node.Content) == 0 {
			return errors.New("a list of events should stand here")
		}
		for _, item := range node.Content {
			r.Events = append(r.Events, item.Value)
		}
		return nil
	}
	names := []string{"events"}
	for _, k := range r.keys() {
		if k.name == name {
			if node.Kind != yaml.ScalarNode || isNull(node) {
				return fmt.Errorf("%s stands where one value should", kind(node))
			}
			return k.value.Set(node.Value)
		}
		names = append(names, k.name)
	}
	return errors.New(unknown("key", name, names))
}

// checkReceivers says what is wrong with some of them.
func checkReceivers(all []Receiver) string {
	for _, r := range all {
		for _, wrong := range []string{webAddress(r.URL), within(r.Timeout, 100*time.Millisecond, time.Minute)} {
			if wrong != "" {
				return wrong
			}
		}
	}
	return ""
}
