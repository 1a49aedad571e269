package main

import (
	"os"
	"path/filepath"
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

// TestKeyOfAUser makes users, with a new password and with one from a file, whose entry is what goes into
// the configuration.
func TestKeyOfAUser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("a pass:word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{nil, {"--password", file}} {
		p := launch(t, append([]string{"key", "studio/*", "--user", "anna"}, more...)...)
		p.wants(0)
		out := p.out.String()
		found := regexp.MustCompile(`(?s)rtmp://HOST/studio\n.*password    (.*?)\n.*"studio/\*":\n +- "(anna:.*)"\n`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("%s", out)
		}
		if _, err := access.ParseEntry(found[2]); err != nil || strings.Contains(out, "a pass:word") || (more == nil) == (found[1] == "as it is") {
			t.Errorf("%v: %s", err, out)
		}
	}
	launch(t, "key", "--password", file).wants(2)
	launch(t, "key", "--user", "no name").wants(1)
	launch(t, "key", "--user", "anna", "--password", filepath.Join(t.TempDir(), "none")).wants(1)
}
