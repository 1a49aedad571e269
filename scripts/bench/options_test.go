package main

import (
	"bytes"
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	o, err := parse([]string{"--streams", "5", "--viewers", "10/2,3/1"}, t.Output())
	if err != nil || !slices.Equal(o.streams, []int{5}) || !slices.Equal(o.viewers, []audience{{10, 2}, {3, 1}}) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][]string{
		{"--streams", "x"},
		{"--streams", "0"},
		{"--viewers", "10"},
		{"--viewers", "1/0"},
		{"--viewers", "1/2x"},
		{"--runs", "0"},
		{"--window", "0s"},
		{"--window", "-1s"},
		{"--warm-up", "-1s"},
		{"--listed", "5s"},
		{"--listed", "2s"},
		{"--nothing"},
		{"more"},
		{"--runs", "2", "more"},
	} {
		if _, err := parse(bad, t.Output()); err == nil || errors.Is(err, flag.ErrHelp) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	if err := command([]string{"--help"}, &out); err != nil || !strings.Contains(out.String(), "-listed") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

// TestSteady waits until servers remove as much as they add.
func TestSteady(t *testing.T) {
	o := options{listed: 10 * time.Second}
	for name, want := range map[string]time.Duration{tcpSink: 5 * time.Second, sluiceDisk: 35 * time.Second, nginxHLS: 45 * time.Second} {
		all := allServers(o, "lal", true)
		s := all[slices.IndexFunc(all, func(s server) bool { return s.name == name })]
		if got := o.warm(s); got != want {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
	o.warmUp = time.Second
	if got := o.warm(server{full: 3}); got != time.Second {
		t.Errorf("asked for a second, got %v", got)
	}
}
