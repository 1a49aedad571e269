package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sluice/pkg/access"
)

type keyCommand struct {
	Scope    string `arg:"" name:"streams" help:"What the key is good for: live/show, live/* or *." default:"*"`
	User     string `help:"Make a user with a password instead, for encoders that have two fields for that." placeholder:"NAME"`
	Password string `help:"File of the password of the user, - for standard input (default: a new one)." placeholder:"FILE"`
}

// Help is for kong.
func (*keyCommand) Help() string {
	return "The key is printed once, and kept nowhere. What goes into the configuration is its hash. A stream may have several keys, " +
		"so that a new one can be handed out before the old one is taken away."
}

// Validate implements kong's check of arguments.
func (c *keyCommand) Validate() error {
	if c.Password != "" && c.User == "" {
		return errors.New("--password is that of a --user")
	}
	return access.Scope(c.Scope).Check()
}

// Run prints a new key, or user, its hash, and where they go.
func (c *keyCommand) Run(t terminal) error {
	key := access.NewKey()
	app, name, exact := access.Scope(c.Scope).Exact()
	if !exact {
		app, name = strings.Replace(strings.TrimSuffix(c.Scope, "/*"), "*", "APP", 1), "NAME"
	}
	var text string
	var err error
	if c.User != "" {
		text, err = c.user(key, app, name)
	} else {
		text = fmt.Sprintf("server      rtmp://HOST/%s\nstream key  %s?token=%s\n", app, name, key)
		if exact {
			text += fmt.Sprintf("or          %s\n", key)
		}
		text += fmt.Sprintf("\npublish:\n  keys:\n    %q:\n      - %s\n", c.Scope, access.HashOf(key))
	}
	if err == nil {
		_, err = t.out.Write([]byte(text))
	}
	return err
}

// user returns what is printed of a user, who has the given password unless there is one in a file.
func (c *keyCommand) user(password, app, name string) (string, error) {
	shown := password
	if c.Password != "" {
		content, err := c.readPassword()
		if err != nil {
			return "", err
		}
		password, shown = string(bytes.TrimRight(content, "\r\n")), "as it is"
	}
	entry, err := access.NewEntry(c.User, password)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("server      rtmp://HOST/%s\nstream key  %s\nuser        %s\npassword    %s\n\npublish:\n  users:\n    %q:\n      - %q\n",
		app, name, c.User, shown, c.Scope, entry), nil
}

func (c *keyCommand) readPassword() ([]byte, error) {
	if c.Password == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(c.Password)
}
