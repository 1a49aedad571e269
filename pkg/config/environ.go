package config

import (
	"regexp"
	"slices"
	"strings"
)

// readEnviron reads the variables of environ, each "NAME=value", that begin with
// SLUICE_.
func (c *Config) readEnviron(environ []string) error {
	keys := c.keys()
	var names []string
	for _, k := range keys {
		names = append(names, k.variable())
	}
	for _, entry := range slices.Sorted(slices.Values(environ)) {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || isServiceLink(name) {
			continue
		}
		i := slices.Index(names, name)
		if i < 0 {
			return &Error{Origin: name, Reason: unknown("variable", name, names)}
		}
		if err := c.set(keys[i], name, text); err != nil {
			return err
		}
	}
	return nil
}

// isServiceLink reports whether name is one of the variables that Kubernetes
// sets in every pod beside a service called "sluice", such as
// SLUICE_SERVICE_HOST and SLUICE_PORT_1935_TCP_ADDR.
func isServiceLink(name string) bool {
	return regexp.MustCompile(`^SLUICE_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$`).MatchString(name)
}
