package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorded returns a record of measurements, which tells nobody.
func recorded(t *testing.T, all ...measurement) *record {
	t.Helper()
	o, err := parse(nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	r := newRecord(t.Context(), o, t.Output())
	for _, m := range all {
		r.add(m)
	}
	return r
}

func took(l load, server string, run int, values result) measurement {
	return measurement{load: l, Server: server, Run: run, Values: values}
}

// TestRatios are of pairs of one run: which are nearer to each other than those of all.
func TestRatios(t *testing.T) {
	l := load{Kind: publishing, Streams: 100}
	r := recorded(t,
		took(l, sluiceDisk, 1, result{cpu: 1}), took(l, nginxHLS, 1, result{cpu: 2}),
		took(l, sluiceDisk, 2, result{cpu: 10}), took(l, nginxHLS, 2, result{cpu: 10}),
		took(l, sluiceDisk, 3, result{cpu: 6}), took(l, nginxHLS, 3, result{cpu: 4}),
		took(l, sluiceDisk, 4, result{cpu: 6}), measurement{load: l, Server: nginxHLS, Run: 4, Error: "it ended"},
	)
	if got := spread(r.ratios(row{l, nginxHLS})); got != "1.00 x (0.50..1.50)" {
		t.Error(got)
	}
	if got := spread(r.ratios(row{l, sluiceDisk})); got != "" {
		t.Errorf("Sluice by Sluice is %s", got)
	}
	if got := spread(recorded(t, took(l, sluiceDisk, 1, result{cpu: 3}), took(l, tcpSink, 1, result{cpu: 2})).ratios(row{l, tcpSink})); got != "1.50 x" {
		t.Error(got)
	}
	first := load{Kind: connecting}
	r = recorded(t, took(first, sluiceDisk, 1, result{firstSegment: 2}), took(first, nginxHLS, 1, result{firstSegment: 4}))
	if got := spread(r.ratios(row{first, nginxHLS})); got != "0.50 x" {
		t.Error(got)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		all  []float64
		want float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1}, 2.5}, {[]float64{7}, 7}} {
		if got, ok := median(c.all); !ok || got != c.want {
			t.Errorf("%v: %f", c.all, got)
		}
	}
	if _, ok := median(nil); ok {
		t.Error("of nothing")
	}
}

// TestTargets are met, or not, and some rows have none.
func TestTargets(t *testing.T) {
	few, many := load{Kind: publishing, Streams: 20}, load{Kind: publishing, Streams: 300}
	one, crowd := load{Kind: watching, Streams: 1, Viewers: 1}, load{Kind: watching, Streams: 100, Viewers: 300}
	r := recorded(t,
		took(few, tcpSink, 1, result{cpu: 0.001}),
		took(few, sluiceDisk, 1, result{cpu: 0.002, memory: 3e6}),
		took(few, nginxHLS, 1, result{cpu: 0.001}),
		took(many, sluiceDisk, 1, result{cpu: 0.001, memory: 1e6}),
		took(many, sluiceMemory, 1, result{memory: 9e6}),
		took(many, nginxHLS, 1, result{cpu: 0.002}),
		took(one, sluiceDisk, 1, result{cpu: 0.001, ageP99: 0.004}),
		took(one, netHTTP, 1, result{cpu: 0.001}),
		took(crowd, sluiceDisk, 1, result{cpu: 0.003, ageP99: 0.026}),
		took(crowd, netHTTP, 1, result{cpu: 0.002}),
		took(load{Kind: connecting}, sluiceDisk, 1, result{firstSegment: 2.05}),
	)
	for _, c := range []struct {
		row  row
		want string
	}{
		{row{few, tcpSink}, "<= 1.60 x: not met, 2.00 x"},
		{row{few, sluiceDisk}, "memory <= 2.00 MB: not met, 3.00 MB"},
		{row{few, nginxHLS}, ""},
		{row{many, sluiceDisk}, "memory <= 2.00 MB: met, 1.00 MB; CPU of 20 streams <= 1.00 x: met, 0.50 x"},
		{row{many, sluiceMemory}, "memory <= 10.54 MB: met, 9.00 MB"},
		{row{many, nginxHLS}, "<= 1.00 x: met, 0.50 x"},
		{row{one, sluiceDisk}, "age p99 <= 5.00 ms: met, 4.00 ms"},
		{row{one, netHTTP}, ""},
		{row{crowd, sluiceDisk}, "age p99 <= 25.00 ms: not met, 26.00 ms"},
		{row{crowd, netHTTP}, "<= 1.50 x: met, 1.50 x"},
		{row{load{Kind: connecting}, sluiceDisk}, "first segment <= 2.100 s: met, 2.050 s"},
	} {
		if got := r.verdict(c.row); got != c.want {
			t.Errorf("%v, %s: %q, not %q", c.row.load, c.row.server, got, c.want)
		}
	}
}

// TestTheTable has ratios, targets, absolutes, what failed and what to know.
func TestTheTable(t *testing.T) {
	l := load{Kind: publishing, Streams: 100}
	r := recorded(t, took(l, sluiceDisk, 1, result{cpu: 0.002, memory: 1e6}), took(l, nginxHLS, 1, result{cpu: 0.001}),
		measurement{load: l, Server: "LAL, HLS", Run: 1, Error: "it ended by itself"})
	r.note("something is not here")
	var b bytes.Buffer
	if err := r.show(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2.00 x", "<= 1.00 x: not met", "0.2000 %", "1.00 MB", "listed for 10s", "Sluice takes   how many",
		"failed: run 1, 100 streams, LAL, HLS: it ended by itself", "note: something is not here",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	if err := r.failure(); err == nil || !strings.Contains(err.Error(), "1 of 3") {
		t.Error(err)
	}
}

// TestFiles are written with each measurement, and read again by compare.
func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.json")
	l := load{Kind: watching, Streams: 1, Viewers: 100}
	old := recorded(t, took(l, sluiceDisk, 1, result{cpu: 0.002}), took(l, netHTTP, 1, result{cpu: 0.001}))
	now := recorded(t)
	now.path = path
	now.add(took(l, sluiceDisk, 1, result{cpu: 0.003, ageP99: 0.004}))
	now.add(took(l, netHTTP, 1, result{cpu: 0.001}))
	read, err := readRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Measurements) != 2 || read.Units[memory] == "" || read.Date.IsZero() || read.Options["listed"] != "10s" {
		t.Errorf("%+v", read)
	}
	var b bytes.Buffer
	if err := compare(old, read, &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2.00 x", "3.00 x", "+50.0 %", "0.2000 %", "0.3000 %", "4.00 ms", "commit"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	for _, bad := range [][]string{nil, {path}, {path, path + "x"}} {
		if compareFiles(bad, &b) == nil {
			t.Errorf("compare %q", bad)
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if compareFiles([]string{path, path}, &b) == nil {
		t.Error("half a file is taken")
	}
	now.path = filepath.Join(path, "not there")
	if now.add(took(l, "x", 1, nil)); now.failure() == nil {
		t.Error("what could not be written is no failure")
	}
}
