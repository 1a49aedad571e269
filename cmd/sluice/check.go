package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/pkg/check"
)

type checkCommand struct {
	URL      string        `arg:"" name:"url" optional:"" help:"Playlist or MPD to watch: http://host/..."`
	Duration time.Duration `help:"How long to watch." default:"${check_duration}"`
	Patient  bool          `help:"The publisher and the server may be away for a while: judge what must hold across that, and nothing that is late."`
	Strict   bool          `help:"Fail also when a rule is broken that only should hold."`
	JSON     bool          `name:"json" help:"Write the report for a program."`
	Rules    bool          `help:"List the rules and end."`
}

// Validate implements kong's check of arguments.
func (c *checkCommand) Validate() error {
	switch {
	case c.Rules:
		return nil
	case c.URL == "":
		return errors.New(`expected "<url>"`)
	case c.Duration < time.Second || c.Duration > time.Hour:
		return errors.New("--duration must be from 1s to 1h")
	default:
		return check.Validate(c.URL)
	}
}

// Run watches the address and writes what is wrong there. Rules that are
// broken, or nothing to watch, are an error.
func (c *checkCommand) Run(ctx context.Context, t terminal) error {
	if c.Rules {
		return check.WriteRules(t.out)
	}
	report, err := check.Run(ctx, c.URL, check.Options{Duration: c.Duration, Patient: c.Patient})
	if err != nil {
		return unlessStopped(ctx, err)
	}
	if c.JSON {
		err = report.WriteJSON(t.out)
	} else {
		err = report.WriteText(t.out)
	}
	if err == nil && report.Failed(c.Strict) {
		err = fmt.Errorf("rules are broken at %s", c.URL)
	}
	return err
}
