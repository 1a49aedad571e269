package main

import (
	"fmt"

	"sluice/pkg/version"
)

type versionCommand struct{}

// Run prints which Sluice this is.
func (*versionCommand) Run(t terminal) error {
	v := version.Read()
	_, err := fmt.Fprintf(t.out, "sluice  %s\ncommit  %s\ndate    %s\ngo      %s\nsystem  %s\n", v.Version, v.Commit, v.Date, v.Go, v.System)
	return err
}
