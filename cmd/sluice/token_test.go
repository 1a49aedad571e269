package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/pkg/access"
)

// TestToken makes tokens with the first secret of a file, which the file as a whole is good for.
func TestToken(t *testing.T) {
	const first, second = "the first of our secrets, long enough\n", "another of our secrets, as long as it\n"
	both := write(t, "secrets", first+second)
	configured := write(t, "sluice.yml", "watch:\n  secret_file: "+both+"\n")
	parse := func(text string) access.Secrets {
		secrets, err := access.ParseSecrets([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return secrets
	}
	for _, args := range [][]string{{"--secret", both}, {"--config", configured}} {
		p := launch(t, append([]string{"token", "live/*", "--for", "10m"}, args...)...)
		p.wants(0)
		token, now := access.Token(strings.TrimSuffix(p.out.String(), "\n")), time.Now()
		for _, c := range []struct {
			secrets string
			app     string
			after   time.Duration
			err     error
		}{
			{second + first, "live", 0, nil},
			{first, "live", 9 * time.Minute, nil},
			{first, "live", 11 * time.Minute, access.ErrExpired},
			{first, "studio", 0, access.ErrScope},
			{second, "live", 0, access.ErrForged},
		} {
			if err := parse(c.secrets).Check(token, c.app, "show", now.Add(c.after)); !errors.Is(err, c.err) {
				t.Errorf("%s, %s/show after %v: %v in place of %v", token, c.app, c.after, err, c.err)
			}
		}
	}
}
