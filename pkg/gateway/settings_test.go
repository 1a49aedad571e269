package gateway

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/pkg/config"
)

// TestFilesAreReadWhenTheyAreWritten looks at a file that is emptied before it is written: nothing is made of that.
func TestFilesAreReadWhenTheyAreWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("publish: {ask_user: live}\n")
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var r reloader
	r.look(&cfg)
	r.seen = r.last
	for i, c := range []struct {
		text    string // empty for as it was
		changed bool
	}{{"", false}, {"\n", false}, {"publish: {ask_user: studio}\n", false}, {"", true}, {"", false}, {"\n", false}, {"", true}} {
		if c.text != "" {
			write(c.text)
		}
		if got := r.changed(&cfg); got != c.changed {
			t.Errorf("look %d: %v", i, got)
		}
	}
}
