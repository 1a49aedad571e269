package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// Names of what is measured. CPU is in cores, memory and sizes in bytes, times are in
// seconds.
const (
	cpu          = "cpu"    // of one stream, viewer or answer
	memory       = "memory" // of one stream
	playlistSize = "playlist"
	partSize     = "part"
	requests     = "requests" // of one viewer in a second
	ageMedian    = "age p50"  // of the newest frame of a part
	ageP99       = "age p99"
	ageMost      = "age max"
	firstPart    = "first part" // from connect
	firstSegment = "first segment"
)

// A result is what was measured, by name.
type result map[string]float64

// A row is one server under one load, in each run.
type row struct {
	Load   string   `json:"load"`
	Server string   `json:"server"`
	Runs   []result `json:"runs"`
}

// median returns the median of what was measured, and whether it was.
func (r *row) median(name string) (float64, bool) {
	var all []float64
	for _, run := range r.Runs {
		if v, ok := run[name]; ok {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[len(all)/2], true
}

// A table is all that was measured, in order.
type table struct {
	rows []*row
}

func (t *table) add(load, server string, r result) {
	i := slices.IndexFunc(t.rows, func(r *row) bool { return r.Load == load && r.Server == server })
	if i < 0 {
		i = len(t.rows)
		t.rows = append(t.rows, &row{Load: load, Server: server})
	}
	t.rows[i].Runs = append(t.rows[i].Runs, r)
	fmt.Fprintf(os.Stderr, "%s, %s:", load, server)
	for _, name := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(os.Stderr, " %s %.4g", name, r[name])
	}
	fmt.Fprintln(os.Stderr)
}

func (t *table) writeJSON(path string) error {
	text, err := json.MarshalIndent(t.rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// print prints the table: first what Sluice costs by what others do.
func (t *table) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "load\tserver\tSluice is\tCPU of a core\tmemory\trequests/s\tage p50\tp99\tmax\tfirst part\tsegment")
	for _, r := range t.rows {
		ratio := ""
		own, base := t.sluice(r.Load), 0.0
		if v, ok := r.median(cpu); ok && own > 0 && !strings.HasPrefix(r.Server, "Sluice") {
			base = v
			ratio = fmt.Sprintf("%.2f x", own/base)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Load, r.Server, ratio,
			r.text(cpu, "%.4f %%", 100), r.text(memory, "%.2f MB", 1e-6), r.text(requests, "%.1f", 1),
			r.text(ageMedian, "%.2f ms", 1000), r.text(ageP99, "%.2f ms", 1000), r.text(ageMost, "%.2f ms", 1000),
			r.text(firstPart, "%.3f s", 1), r.text(firstSegment, "%.3f s", 1))
	}
	return w.Flush()
}

// sluice returns the CPU of the first Sluice under a load.
func (t *table) sluice(load string) float64 {
	for _, r := range t.rows {
		if r.Load == load && strings.HasPrefix(r.Server, "Sluice") {
			v, _ := r.median(cpu)
			return v
		}
	}
	return 0
}

func (r *row) text(name, format string, unit float64) string {
	v, ok := r.median(name)
	if !ok {
		return ""
	}
	return fmt.Sprintf(format, v*unit)
}
