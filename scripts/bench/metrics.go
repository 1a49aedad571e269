package main

import "fmt"

// Names of what is measured.
const (
	cpu          = "cpu"
	memory       = "memory"
	requests     = "requests"
	ageMedian    = "age p50"
	ageP99       = "age p99"
	ageMost      = "age max"
	soundP99     = "sound p99"
	firstPart    = "first part"
	firstSegment = "first segment"
	playlistSize = "playlist"
	partSize     = "part"
	segmentSize  = "segment"
)

// A result is what was measured, by name.
type result map[string]float64

// A metric is something that is measured: in which unit it is kept, and how it is shown.
type metric struct {
	name   string
	unit   string
	column string // of the table, empty for none
	format string
	factor float64 // from the unit to what the format shows
}

// text returns a value as it is shown.
func (m metric) text(value float64) string { return fmt.Sprintf(m.format, value*m.factor) }

// metrics returns all, in the order of the table.
func metrics() []metric {
	return []metric{
		{cpu, "cores, for each stream, viewer, or answer a second", "CPU of a core", "%.4f %%", 100},
		{memory, "bytes, for each stream", "memory", "%.2f MB", 1e-6},
		{requests, "answers to each viewer in a second", "answers/s", "%.1f", 1},
		{ageMedian, "seconds", "age p50", "%.2f ms", 1000},
		{ageP99, "seconds", "p99", "%.2f ms", 1000},
		{ageMost, "seconds", "max", "%.2f ms", 1000},
		{soundP99, "seconds", "sound p99", "%.2f ms", 1000},
		{firstPart, "seconds", "first part", "%.3f s", 1},
		{firstSegment, "seconds", "segment", "%.3f s", 1},
		{playlistSize, "bytes, the mean", "", "%.0f B", 1},
		{partSize, "bytes, the mean", "", "%.0f B", 1},
		{segmentSize, "bytes", "", "%.0f B", 1},
	}
}
