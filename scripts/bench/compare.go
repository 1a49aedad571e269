package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// compareFiles prints the medians of two files beside each other, with the change in
// percent: ratios first, then what was measured.
func compareFiles(args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("compare OLD.json NEW.json")
	}
	before, err := readRecord(args[0])
	if err != nil {
		return err
	}
	after, err := readRecord(args[1])
	if err != nil {
		return err
	}
	return compare(before, after, out)
}

func compare(before, after *record, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\told\tnew\n")
	for _, about := range []struct {
		name string
		of   func(*record) any
	}{
		{"commit", func(r *record) any { return r.Commit }},
		{"date", func(r *record) any { return r.Date }},
		{"go", func(r *record) any { return r.Go }},
		{"system", func(r *record) any { return r.System }},
		{"processor", func(r *record) any { return fmt.Sprintf("%d x %s", r.Processors, r.Processor) }},
		{"listed", func(r *record) any { return r.Options["listed"] }},
		{"window", func(r *record) any { return r.Options["window"] }},
		{"runs", func(r *record) any { return r.Options["runs"] }},
	} {
		fmt.Fprintf(w, "%s\t%v\t%v\n", about.name, about.of(before), about.of(after))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	rows := before.rows()
	for _, one := range after.rows() {
		if !slices.Contains(rows, one) {
			rows = append(rows, one)
		}
	}
	fmt.Fprint(w, "\nload\tserver\twhat\told\tnew\tchange\n")
	for _, one := range rows {
		comparison{w, one, "Sluice takes", metric{format: "%.2f x", factor: 1}}.show(before.ratios(one), after.ratios(one))
	}
	for _, one := range rows {
		for _, m := range metrics() {
			comparison{w, one, m.name, m}.show(before.values(one, m.name), after.values(one, m.name))
		}
	}
	return w.Flush()
}

// A comparison is a line of what compare prints.
type comparison struct {
	to     io.Writer
	row    row
	what   string
	metric metric
}

// show prints the line, if there are values on either side.
func (c comparison) show(before, after []float64) {
	then, wasThere := median(before)
	now, isThere := median(after)
	old, news, change := "", "", ""
	if wasThere {
		old = c.metric.text(then)
	}
	if isThere {
		news = c.metric.text(now)
	}
	if wasThere && isThere && then != 0 {
		change = fmt.Sprintf("%+.1f %%", 100*(now-then)/then)
	}
	if wasThere || isThere {
		fmt.Fprintf(c.to, "%v\t%s\t%s\t%s\t%s\t%s\n", c.row.load, c.row.server, c.what, old, news, change)
	}
}
