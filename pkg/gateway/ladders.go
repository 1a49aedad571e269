package gateway

import (
	"fmt"

	"sluice/pkg/config"
	"sluice/pkg/origin"
	"sluice/pkg/stream"
)

// laddersOf returns the streams that several publishers send.
func laddersOf(cfg config.Config) (all []stream.Ladder, err error) {
	seen := map[string]bool{}
	for _, l := range cfg.Ladders {
		ladder := stream.Ladder{Stream: l.Name, Members: l.Items}
		err := ladder.Check(origin.Reserved())
		if seen[l.Name] {
			err = fmt.Errorf("%q stands there twice", l.Name)
		}
		if err != nil {
			return nil, cfg.Fault("ladders", err)
		}
		seen[l.Name] = true
		all = append(all, ladder)
	}
	for _, l := range all {
		for _, m := range l.Members {
			if seen[m] {
				return nil, cfg.Fault("ladders", fmt.Errorf("%q has members, and cannot be one of %q", m, l.Stream))
			}
		}
	}
	return all, nil
}
