package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReceivers(t *testing.T) {
	want := []Receiver{
		{"https://example.com/a?b=c", SluiceFormat, "", Events(), 5 * time.Second},
		{"http://127.0.0.1:1", SluiceFormat, "/etc/secret", []string{"start", "end"}, 2 * time.Second},
		{"http://127.0.0.1:2", SRSFormat, "", []string{"publish", "unpublish"}, 5 * time.Second},
	}
	inFile := `webhooks:
- url: https://example.com/a?b=c
- {url: "http://127.0.0.1:1", secret_file: /etc/secret, events: [start, end], timeout: 2s}
- url: http://127.0.0.1:2
  format: srs
`
	cfg := Default()
	if err := cfg.readYAML("sluice.yml", []byte(inFile)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, cfg.Webhooks); diff != "" {
		t.Error(diff)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	text := receivers{&cfg.Webhooks}.String()
	again := Default()
	if err := again.readEnviron([]string{"SLUICE_WEBHOOKS=" + text}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.Webhooks); diff != "" {
		t.Errorf("%s: %s", text, diff)
	}
	if err := again.Set("--webhooks", "webhooks", ""); err != nil || len(again.Webhooks) > 0 {
		t.Errorf("none: %v, %v", again.Webhooks, err)
	}
}

func TestReceiversThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"webhooks: {url: 'http://a'}":                                "sluice.yml:1: webhooks: a section stands where a list of sections should",
		"webhooks:\n- http://a":                                      `sluice.yml:2: webhooks: "http://a" stands where a section with keys should`,
		"webhooks:\n- events: [start]":                               "sluice.yml:2: webhooks: url is missing",
		"webhooks:\n- url: http://a\n  evnts: [start]":               "sluice.yml:3: webhooks: evnts: unknown key (did you mean events?)",
		"webhooks:\n- url: http://a\n  events: [strat]":              `sluice.yml:2: webhooks: events: "strat" is not one of publish, unpublish, start, end, failover, repair`,
		"webhooks:\n- url: http://a\n  events: []":                   "sluice.yml:3: webhooks: events: a list of events should stand here",
		"webhooks:\n- url: http://a\n- url: [x]":                     "sluice.yml:3: webhooks: url: a list stands where one value should",
		"webhooks:\n- url: http://a\n  timeout: quick":               `sluice.yml:3: webhooks: timeout: "quick" is not a span of time such as 30s or 250ms`,
		"webhooks:\n- url: http://a\n  format: mediamtx":             `sluice.yml:3: webhooks: format: "mediamtx" is not one of sluice, nginx-rtmp, srs`,
		"webhooks:\n- url: http://a\n  format: srs\n  events: [end]": `sluice.yml:2: webhooks: events: "end" is not one of publish, unpublish`,
		"webhooks:\n- url: ftp://a":                                  `sluice.yml:2: webhooks: this is not a URL such as https://example.com/path`,
		"webhooks:\n- url: http://a\n  timeout: 1h":                  "sluice.yml:2: webhooks: 1h is not within 100ms and 1m",
	} {
		cfg := Default()
		err := cfg.readYAML("sluice.yml", []byte(text))
		if err == nil {
			err = cfg.Validate()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
