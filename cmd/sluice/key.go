package main

import (
	"fmt"
	"strings"

	"sluice/pkg/access"
)

type keyCommand struct {
	Scope string `arg:"" name:"streams" help:"What the key is good for: live/show, live/* or *." default:"*"`
}

// Help is for kong.
func (*keyCommand) Help() string {
	return "The key is printed once, and kept nowhere. What goes into the configuration is its hash. A stream may have several keys, " +
		"so that a new one can be handed out before the old one is taken away."
}

// Validate implements kong's check of arguments.
func (c *keyCommand) Validate() error { return access.Scope(c.Scope).Check() }

// Run prints a new key, its hash, and where they go.
func (c *keyCommand) Run(t terminal) error {
	key := access.NewKey()
	app, name, exact := access.Scope(c.Scope).Exact()
	if !exact {
		app, name = strings.Replace(strings.TrimSuffix(c.Scope, "/*"), "*", "APP", 1), "NAME"
	}
	text := fmt.Sprintf("server      rtmp://HOST/%s\nstream key  %s?token=%s\n", app, name, key)
	if exact {
		text += fmt.Sprintf("or          %s\n", key)
	}
	text += fmt.Sprintf("\npublish:\n  keys:\n    %q:\n      - %s\n", c.Scope, access.HashOf(key))
	_, err := t.out.Write([]byte(text))
	return err
}
