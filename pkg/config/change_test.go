package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/config"
)

func TestChange(t *testing.T) {
	set := func(pairs ...string) config.Config {
		t.Helper()
		c := config.Default()
		for i := 0; i < len(pairs); i += 2 {
			if err := c.Set("sluice.yml", pairs[i], pairs[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	old := set("rtmp.address", ":1936", "window.duration", "1m", "stream.linger", "5s", "publish.keys", "{live/a: [x]}")
	now, changed, fixed := old.Change(set(
		"stream.linger", "7s", "window.duration", "2m", "segment.duration", "4s", "publish.keys", "{live/a: [x, y]}", "log.level", "debug",
		"ladders", "{live/whole: [live/hi, live/lo]}", "limits.memory", "1GiB", "limits.publishers", "3", "watch.secret_file", "/x", "rtmp.address", ":1936",
	))
	if diff := cmp.Diff([]string{"publish.keys", "watch.secret_file", "limits.publishers", "stream.linger", "ladders", "log.level"}, changed); diff != "" {
		t.Errorf("changed: %s", diff)
	}
	if diff := cmp.Diff([]string{"limits.memory", "segment.duration", "window.duration"}, fixed); diff != "" {
		t.Errorf("fixed: %s", diff)
	}
	for key, want := range map[string]string{
		"stream.linger": "7s", "window.duration": "1m", "segment.duration": "2s", "rtmp.address": ":1936", "limits.memory": "256MiB",
		"limits.publishers": "3", "publish.keys": `{"live/a": ["x", "y"]}`,
	} {
		for _, s := range now.Settings() {
			if s.Key == key && s.Value != want {
				t.Errorf("%s is %s, want %s", key, s.Value, want)
			}
		}
	}
	if _, changed, fixed := now.Change(now); len(changed)+len(fixed) > 0 {
		t.Errorf("nothing has changed, but %q, %q", changed, fixed)
	}
}
