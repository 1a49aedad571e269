package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"sluice/pkg/access"
	"sluice/pkg/config"
)

type tokenCommand struct {
	Scope  string        `arg:"" name:"streams" help:"What may be watched: live/show, live/* or *."`
	For    time.Duration `help:"How long the token is good." default:"12h"`
	Secret string        `help:"File of the secret (default: watch.secret_file)." placeholder:"FILE"`
	Config string        `help:"Configuration file (default: ${default_config} if there is one)." placeholder:"FILE"`
}

// Help is for kong.
func (*tokenCommand) Help() string {
	return "The token goes in front of the path of what it is good for: http://HOST/t/TOKEN/live/show/."
}

// Validate implements kong's check of arguments.
func (c *tokenCommand) Validate() error {
	if c.Scope == "" {
		return nil // kong says that it is missing
	}
	if c.For <= 0 {
		return fmt.Errorf("--for %s: a token is good for some time", c.For)
	}
	return access.Scope(c.Scope).Check()
}

// Run prints a token.
func (c *tokenCommand) Run(t terminal) error {
	cfg, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	path, fault := cfg.Watch.SecretFile, func(err error) error { return cfg.Fault("watch.secret_file", err) }
	if c.Secret != "" {
		path, fault = c.Secret, func(err error) error { return &config.Error{Origin: "--secret", Reason: err.Error()} }
	}
	if path == "" {
		return fault(errors.New("no file is given, and a token needs a secret; --secret names one too"))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fault(err)
	}
	secrets, err := access.ParseSecrets(text)
	if err != nil {
		return fault(err)
	}
	_, err = fmt.Fprintln(t.out, access.MakeToken(secrets[0], access.Scope(c.Scope), time.Now().Add(c.For)))
	return err
}
