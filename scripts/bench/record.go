package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Kinds of loads.
const (
	publishing = "publish"  // streams that nobody watches
	watching   = "watch"    // viewers of low-latency HLS
	serving    = "segments" // one finished segment, again and again
	connecting = "connect"  // from a publisher's connect on
)

// A load is what a server has to do.
type load struct {
	Kind    string `json:"kind"`
	Streams int    `json:"streams,omitempty"`
	Viewers int    `json:"viewers,omitempty"`
}

func (l load) String() string {
	switch l.Kind {
	case publishing:
		return count(l.Streams, "stream")
	case watching:
		return count(l.Viewers, "viewer") + " of " + count(l.Streams, "stream")
	case serving:
		return "a finished segment"
	default:
		return "connect to first bytes"
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// A measurement is what was measured of a server under a load, or why it was not, in one
// of several turns of a run.
type measurement struct {
	load
	Server string `json:"server"`
	Run    int    `json:"run"`
	Turn   int    `json:"turn,omitempty"`
	Values result `json:"values,omitempty"`
	Error  string `json:"error,omitempty"`
}

// A record is all that was measured, in order, and what it was measured with.
type record struct {
	Commit       string            `json:"commit"` // of the folder this runs in, with -dirty if it has changes
	Date         time.Time         `json:"date"`
	Go           string            `json:"go"` // that Sluice was built with
	System       string            `json:"system"`
	Processor    string            `json:"processor"`
	Processors   int               `json:"processors"`
	Folder       string            `json:"folder"` // in which servers write
	Options      map[string]any    `json:"options"`
	Units        map[string]string `json:"units"`
	Notes        []string          `json:"notes"`
	Measurements []measurement     `json:"measurements"`

	path     string // of the file, empty for none
	progress io.Writer
	unsaved  error
}

// newRecord returns a record of a run that begins now, which tells of its progress.
func newRecord(ctx context.Context, o options, progress io.Writer) *record {
	r := &record{
		Date: time.Now().UTC().Truncate(time.Second), System: runtime.GOOS + "/" + runtime.GOARCH, Processor: processor(),
		Processors: runtime.NumCPU(), Options: o.settings(), Units: make(map[string]string), path: o.json, progress: progress,
	}
	if text, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").Output(); err == nil {
		r.Commit = strings.TrimSpace(string(text))
	}
	if info, err := buildinfo.ReadFile(o.sluice); err == nil {
		r.Go = info.GoVersion
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		r.System += " " + strings.TrimSpace(string(text))
	}
	for _, m := range metrics() {
		r.Units[m.name] = m.unit
	}
	return r
}

// processor returns the name of the CPU, empty where the system does not tell.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// note keeps and tells something that one who reads the results has to know.
func (r *record) note(text string) {
	r.Notes = append(r.Notes, text)
	fmt.Fprintln(r.progress, "bench:", text)
}

// add keeps a measurement, tells it and writes the file.
func (r *record) add(m measurement) {
	r.Measurements = append(r.Measurements, m)
	fmt.Fprintf(r.progress, "%v, %s:", m.load, m.Server)
	for _, name := range slices.Sorted(maps.Keys(m.Values)) {
		fmt.Fprintf(r.progress, " %s %.4g", name, m.Values[name])
	}
	if m.Error != "" {
		fmt.Fprint(r.progress, " failed: ", m.Error)
	}
	fmt.Fprintln(r.progress)
	if err := r.save(); err != nil {
		r.unsaved = err
		fmt.Fprintln(r.progress, "bench:", err)
	}
}

// save writes what there is so far to the file, if there is to be one.
func (r *record) save() error {
	if r.path == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.path, append(text, '\n'), 0o644)
}

// failure returns an error if something could not be measured, or kept.
func (r *record) failure() error {
	failed := 0
	for _, m := range r.Measurements {
		if m.Error != "" {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d measurements failed", failed, len(r.Measurements))
	}
	return r.unsaved
}

// readRecord reads a file that save wrote.
func readRecord(path string) (*record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &r, nil
}
