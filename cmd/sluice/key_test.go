package main

import (
	"regexp"
	"strings"
	"testing"

	"sluice/pkg/access"
)

// TestKey makes keys, of which the hash is what goes into the configuration.
func TestKey(t *testing.T) {
	for scope, server := range map[string]string{"live/show": "rtmp://HOST/live", "studio/*": "rtmp://HOST/studio", "*": "rtmp://HOST/APP"} {
		p := launch(t, "key", scope)
		p.wants(0)
		out := p.out.String()
		found := regexp.MustCompile(`\?token=(\S+)`).FindStringSubmatch(out)
		if found == nil || !strings.Contains(out, server+"\n") {
			t.Fatalf("%s", out)
		}
		if hash := access.HashOf(found[1]).String(); !strings.Contains(out, hash) || !strings.Contains(out, `"`+scope+`":`) {
			t.Errorf("%s is not in\n%s", hash, out)
		}
		if alone := strings.Contains(out, "or          "+found[1]); alone != (scope == "live/show") {
			t.Errorf("in place of the name: %v\n%s", alone, out)
		}
	}
	launch(t, "key", "live").wants(2)
}
