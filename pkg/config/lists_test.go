package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLists(t *testing.T) {
	want := []List{
		{"{name}", []string{"{name}_1080p", "{name}_720p"}},
		{"live/show", []string{"live/show_hi", "live/show_lo"}},
	}
	inFile := "ladders:\n  \"{name}\": ['{name}_1080p', \"{name}_720p\"]\n  live/show:\n  - live/show_hi\n  - live/show_lo\n"
	cfg := Default()
	if err := cfg.readYAML("sluice.yml", []byte(inFile)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, cfg.Ladders); diff != "" {
		t.Error(diff)
	}
	text := lists{&cfg.Ladders}.String()
	again := Default()
	if err := again.readEnviron([]string{"SLUICE_LADDERS=" + text}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.Ladders); diff != "" {
		t.Errorf("%s: %s", text, diff)
	}
	if err := again.Set("--ladders", "ladders", ""); err != nil || len(again.Ladders) > 0 {
		t.Errorf("none: %v, %v", again.Ladders, err)
	}
}

func TestListsThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"ladders: [a]":            "sluice.yml:1: ladders: a list stands where names with lists should",
		"ladders:\n  a: b":        `sluice.yml:2: ladders: a: "b" stands where a list should`,
		"ladders:\n  {name}: [b]": "sluice.yml:2: ladders: a name that begins with { needs quotes around it",
		"ladders: {a: [b, null]}": "sluice.yml:1: ladders: a: nothing stands where a name should",
		"ladders: {a: [{name}]}":  "sluice.yml:1: ladders: a: a name that begins with { needs quotes around it",
	} {
		cfg := Default()
		if err := cfg.readYAML("sluice.yml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
