package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Finding is a rule that was found broken.
type Finding struct {
	Rule
	Count  int    `json:"count"`          // how often
	URL    string `json:"url"`            // where first
	Line   int    `json:"line,omitempty"` // of the text there, from 1; 0 if no line is to blame
	Detail string `json:"detail"`         // what was wrong there
}

// A Report is what one look at an address brought.
type Report struct {
	URL      string         `json:"url"`
	Kind     string         `json:"kind"` // "HLS", "LL-HLS", "DASH" or "LL-DASH"
	Watched  time.Duration  `json:"watchedNanoseconds"`
	Ended    bool           `json:"ended"`    // nothing more will come
	Seen     map[string]int `json:"seen"`     // how many of each thing were judged: "playlist", "segment" and so on
	Findings []Finding      `json:"findings"` // errors first, then by name

	// Numbers are the media sequence numbers of each playlist, by its address;
	// of a manifest the $Number$ or $Time$ of segments, by Representation.
	Numbers map[string]Numbers `json:"numbers"`
}

// Numbers are from the first of the first text to the last of the last.
type Numbers struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Failed reports whether a rule is broken that must not be; with strict, also
// one that should not be.
func (r *Report) Failed(strict bool) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return strict || f.Level == Must })
}

// count returns how many rules of a level are broken.
func (r *Report) count(level Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// WriteText writes the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	p := printer{w: w}
	for _, f := range r.Findings {
		word := "warning"
		if f.Level == Must {
			word = "error"
		}
		p.printf("%-7s  %s", word, f.Name)
		if f.Count > 1 {
			p.printf("  (%d times)", f.Count)
		}
		p.printf("\n         %s %s: %s\n", f.Ref, f.Level, f.Text)
		p.printf("         found: %s\n         at %s", f.Detail, f.URL)
		if f.Line > 0 {
			p.printf(", line %d", f.Line)
		}
		p.printf("\n\n")
	}
	p.printf("%s, %s watched: ", r.Kind, r.Watched.Round(100*time.Millisecond))
	for i, name := range slices.Sorted(keys(r.Seen)) {
		if i > 0 {
			p.printf(", ")
		}
		p.printf("%d %s", r.Seen[name], plural(name, r.Seen[name]))
	}
	p.printf("\n%s, %s\n", several(r.count(Must), "error"), several(r.count(Should), "warning"))
	return p.err
}

// WriteJSON writes the report for a program.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// WriteRules writes the table of rules for a person.
func WriteRules(w io.Writer) error {
	p := printer{w: w}
	for _, r := range Rules() {
		p.printf("%-34s %-6s %s (%s)\n", r.Name, r.Level, r.Text, r.Ref)
	}
	return p.err
}

// A printer writes until the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func plural(noun string, n int) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func several(n int, noun string) string { return fmt.Sprintf("%d %s", n, plural(noun, n)) }

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// A ledger gathers faults, by rule. It is safe for several goroutines.
type ledger struct {
	rules map[string]Rule
	spare map[string]bool // rules whose faults are none
	tell  func(Finding)   // may be nil

	mu    sync.Mutex
	found map[string]*Finding
	seen  map[string]int
	spans map[string]Numbers
	ended bool
}

func newLedger(tell func(Finding)) *ledger {
	l := &ledger{tell: tell, rules: make(map[string]Rule), found: make(map[string]*Finding), seen: make(map[string]int), spans: make(map[string]Numbers)}
	for _, r := range Rules() {
		l.rules[r.Name] = r
	}
	return l
}

// add is a sink.
func (l *ledger) add(f fault) {
	if l.spare[f.rule] {
		return
	}
	finding := Finding{Rule: l.rules[f.rule], Count: 1, URL: clip(f.url), Line: f.line, Detail: f.detail}
	if l.tell != nil {
		l.tell(finding)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.found[f.rule]; ok {
		known.Count++
		return
	}
	l.found[f.rule] = &finding
}

// saw counts a thing that was judged.
func (l *ledger) saw(thing string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[thing]++
}

// number notes which numbers are listed of a thing.
func (l *ledger) number(thing string, first, last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.spans[thing]; ok {
		first, last = min(known.First, first), max(known.Last, last)
	}
	l.spans[thing] = Numbers{first, last}
}

// end notes that a text says that nothing more will come.
func (l *ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// report returns what was found so far.
func (l *ledger) report() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &Report{Seen: make(map[string]int), Findings: []Finding{}, Numbers: maps.Clone(l.spans), Ended: l.ended}
	for name, n := range l.seen {
		r.Seen[name] = n
	}
	for _, f := range l.found {
		r.Findings = append(r.Findings, *f)
	}
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Name, b.Name))
	})
	return r
}
