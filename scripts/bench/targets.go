package main

import (
	"fmt"
	"strings"
	"time"
)

// A target is the most that something may be, in the unit that it is kept in.
type target struct {
	what string // a metric, or empty for the ratio
	most float64
}

// target returns that of a row, if it has one. Those of ratios stand with the other server.
func (r *record) target(one row) (t target, ok bool) {
	type key struct{ kind, server string }
	switch (key{one.Kind, one.server}) {
	case key{publishing, nginxHLS}:
		return target{"", 1.0}, one.Streams >= 100
	case key{publishing, tcpSink}:
		return target{"", 1.6}, true
	case key{publishing, sluiceDisk}:
		return target{memory, 2e6}, true
	case key{publishing, sluiceMemory}:
		kept, known := r.kept()
		return target{memory, 1.25*kept + 0.5e6}, known
	case key{watching, netHTTP}:
		return target{"", 1.5}, one.Viewers >= 100 // what fewer take cannot be told from nothing
	case key{watching, sluiceDisk}:
		if one.Streams == 1 && one.Viewers == 1 {
			return target{ageP99, 0.005}, true
		}
		return target{ageP99, 0.025}, one.Streams == 100 && one.Viewers == 300
	case key{serving, nginxFile}:
		return target{"", 1.1}, true
	case key{connecting, sluiceDisk}:
		return target{firstSegment, (period + 100*time.Millisecond).Seconds()}, true
	}
	return target{}, false
}

// kept returns how many bytes of segments a memory store has of a stream: those that are
// listed, for as long again those that were, one that was listed beyond the window and is
// had for its own length more, and half of one that grows.
func (r *record) kept() (bytes float64, known bool) {
	text, _ := r.Options["listed"].(string)
	listed, err := time.ParseDuration(text)
	span := 2*listed + 2*period + period/2
	return float64(newClip().size()) * span.Seconds() / period.Seconds(), err == nil
}

// verdict says what a row's target is, and whether it is met by the median.
func (r *record) verdict(one row) string {
	var all []string
	if t, ok := r.target(one); ok {
		name, values, text := "", r.ratios(one), metric{format: "%.2f x", factor: 1}
		if t.what != "" {
			values = r.values(one, t.what)
			for _, m := range metrics() {
				if m.name == t.what {
					name, text = m.name+" ", m
				}
			}
		}
		all = append(all, judge(name, text, t.most, values))
	}
	if few, ok := r.fewest(one); ok {
		all = append(all, judge(fmt.Sprintf("CPU of %v ", few.load), metric{format: "%.2f x", factor: 1}, 1, r.pairs(one, few, cpu)))
	}
	return strings.Join(all, "; ")
}

func judge(name string, m metric, most float64, values []float64) string {
	text := name + "<= " + m.text(most) + ": "
	got, ok := median(values)
	switch {
	case !ok:
		return text + "not measured"
	case got <= most:
		return text + "met, " + m.text(got)
	}
	return text + "not met, " + m.text(got)
}

// fewest returns the row of the fewest streams, for that of Sluice with the most: one
// stream of many is to cost no more than one of few.
func (r *record) fewest(one row) (few row, ok bool) {
	if one.Kind != publishing || one.server != sluiceDisk {
		return row{}, false
	}
	few = one
	for _, other := range r.rows() {
		if other.Kind != publishing || other.server != one.server {
			continue
		}
		if other.Streams > one.Streams {
			return row{}, false
		}
		if other.Streams < few.Streams {
			few = other
		}
	}
	return few, few != one
}
