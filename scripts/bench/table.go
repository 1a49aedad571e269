package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// legend says what the columns of the table are.
const legend = `
Sluice takes   how many times of what this server takes (CPU; from connect on, time) Sluice takes for the same load:
               the median of pairs of the same run, and the least and the most of them
target         the most that it may be, and what it is: the median of all runs. That of the memory store's memory is the
               bytes of all segments that it keeps, listed or for as long again, a quarter of them and 0.5 MB
CPU of a core  user and system time of the process and its children in 100 s of one core, for each stream or viewer
               (beyond what streams take without any), or for one answer a second with a whole segment
memory         anonymous and shared memory for each stream, beyond what the server has before any came; no files: neither
               mapped ones nor the page cache
answers/s      playlists and parts that each viewer gets in a second
age p50 p99    how long ago the publisher began to send the newest frame of a part of video or sound, when a viewer has
               all of the part; sound p99: of parts of sound
first part     how long after its publisher began to connect a part of a stream can be had,
segment        and a whole segment: over HTTP from Sluice, as a file from others
`

// show prints the table: ratios, targets, and then what was measured.
func (r *record) show(to io.Writer) error {
	fmt.Fprintf(to, "\nSluice at %s, %s, %s, %d x %s\n", or(r.Commit, "an unknown commit"), r.Go, r.System, r.Processors, or(r.Processor, "an unknown processor"))
	fmt.Fprintf(to, "segments of %v, listed for %v by all servers, files in %s\n\n", period, r.Options["listed"], r.Folder)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "load\tserver\tSluice takes\ttarget")
	for _, m := range metrics() {
		if m.column != "" {
			fmt.Fprint(w, "\t", m.column)
		}
	}
	fmt.Fprintln(w)
	for _, one := range r.rows() {
		fmt.Fprintf(w, "%v\t%s\t%s\t%s", one.load, one.server, spread(r.ratios(one)), r.verdict(one))
		for _, m := range metrics() {
			if m.column == "" {
				continue
			}
			text := ""
			if v, ok := median(r.values(one, m.name)); ok {
				text = m.text(v)
			}
			fmt.Fprint(w, "\t", text)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(to, legend)
	for _, text := range r.Notes {
		fmt.Fprintln(to, "note:", text)
	}
	for _, m := range r.Measurements {
		if m.Error != "" {
			fmt.Fprintf(to, "failed: run %d, %v, %s: %s\n", m.Run, m.load, m.Server, m.Error)
		}
	}
	return nil
}

// or returns a text, or another one if that is empty.
func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
