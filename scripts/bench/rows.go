package main

import (
	"fmt"
	"slices"
	"strings"
)

// A row is one server under one load, in all runs.
type row struct {
	load
	server string
}

// rows returns all rows, in the order in which they were first measured.
func (r *record) rows() (all []row) {
	for _, m := range r.Measurements {
		if one := (row{m.load, m.Server}); !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// of returns what was measured of a row, but for what failed.
func (r *record) of(one row) (all []measurement) {
	for _, m := range r.Measurements {
		if m.load == one.load && m.Server == one.server && m.Error == "" {
			all = append(all, m)
		}
	}
	return all
}

// values returns all that was measured of a row under a name.
func (r *record) values(one row, name string) (all []float64) {
	for _, m := range r.of(one) {
		if v, ok := m.Values[name]; ok {
			all = append(all, v)
		}
	}
	return all
}

// ratios returns how many times of what a server takes Sluice does, for the same load: of
// each pair that was measured in the same turn of the same run. It is of time for what is
// measured from connect on, and of CPU for all else.
func (r *record) ratios(one row) (all []float64) {
	if strings.HasPrefix(one.server, "Sluice") {
		return nil
	}
	own := slices.IndexFunc(r.rows(), func(o row) bool { return o.load == one.load && strings.HasPrefix(o.server, "Sluice") })
	if own < 0 {
		return nil
	}
	what := cpu
	if one.Kind == connecting {
		what = firstSegment
	}
	return r.pairs(r.rows()[own], one, what)
}

// pairs returns what was measured of a row, divided by what was of another one in the same
// turn of the same run.
func (r *record) pairs(above, below row, what string) (all []float64) {
	for _, b := range r.of(below) {
		for _, a := range r.of(above) {
			if a.Run == b.Run && a.Turn == b.Turn && b.Values[what] > 0 && a.Values[what] > 0 {
				all = append(all, a.Values[what]/b.Values[what])
			}
		}
	}
	return all
}

// median returns the median of values, if there are any: the mean of the two in the middle
// where these are two.
func median(all []float64) (float64, bool) {
	if len(all) == 0 {
		return 0, false
	}
	all = slices.Sorted(slices.Values(all))
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, true
}

// spread shows the median of ratios, and of several the least and the most as well.
func spread(all []float64) string {
	middle, ok := median(all)
	switch {
	case !ok:
		return ""
	case len(all) == 1:
		return fmt.Sprintf("%.2f x", middle)
	}
	return fmt.Sprintf("%.2f x (%.2f..%.2f)", middle, slices.Min(all), slices.Max(all))
}
