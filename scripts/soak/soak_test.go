package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestSoak soaks for a minute: every kind of event that such a run has comes at
// least once, and nothing is wrong. SOAK_ALLOW names rules that are told of and
// let pass.
func TestSoak(t *testing.T) {
	zerolog.SetGlobalLevel(zerolog.Disabled)
	args := []string{"--duration", time.Minute.String(), "--allow", os.Getenv("SOAK_ALLOW")}
	var out strings.Builder
	if err := command(args, &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, k := range kinds() {
		if !k.long && !strings.Contains(out.String(), "  "+k.name+" ") {
			t.Errorf("there was no %s:\n%s", k.name, out.String())
		}
	}
	if kills := strings.Count(out.String(), "the gateway answers"); kills < 2 {
		t.Errorf("the gateway was killed %d times", kills)
	}
}
