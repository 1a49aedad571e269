package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	toldPerRule  = 3  // of each rule at each kind of text, how many violations are printed
	eventsBefore = 6  // how many events are told with a violation
	maxEvents    = 64 // that are remembered
)

// A book is what happened: events, violations, and how much was verified. It is
// safe for several goroutines.
type book struct {
	out     io.Writer
	begun   time.Time
	allowed []string

	mu         sync.Mutex
	events     []string // the newest
	counts     map[string]int
	verified   map[string]int
	violations map[string]*violation
	worst      map[string]int64
}

// A violation is a rule that was broken, at one kind of text.
type violation struct {
	rule    string
	count   int
	allowed bool
}

func newBook(out io.Writer, allowed []string) *book {
	return &book{
		out: out, begun: time.Now(), allowed: allowed,
		counts: make(map[string]int), verified: make(map[string]int), violations: make(map[string]*violation), worst: make(map[string]int64),
	}
}

// event notes that something was done.
func (b *book) event(kind, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[kind]++
	line := b.line("%-10s %s", kind, fmt.Sprintf(format, args...))
	if b.events = append(b.events, line); len(b.events) > maxEvents {
		b.events = b.events[1:]
	}
	fmt.Fprintln(b.out, line)
}

// count counts what is not worth a line.
func (b *book) count(kind string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[kind]++
}

// line begins a line with the time. The caller holds mu.
func (b *book) line(format string, args ...any) string {
	return fmt.Sprintf("%8.2f  ", time.Since(b.begun).Seconds()) + fmt.Sprintf(format, args...)
}

// broken notes a violation.
func (b *book) broken(rule, where, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := rule + " at " + where
	v := b.violations[key]
	if v == nil {
		v = &violation{rule: rule, allowed: slices.Contains(b.allowed, rule)}
		b.violations[key] = v
	}
	if v.count++; v.count > toldPerRule {
		return
	}
	fmt.Fprintln(b.out, b.line("VIOLATION  %s: %s", key, fmt.Sprintf(format, args...)))
	for _, event := range b.events[max(0, len(b.events)-eventsBefore):] {
		fmt.Fprintln(b.out, "             after", strings.TrimSpace(event))
	}
}

// saw adds to what was verified.
func (b *book) saw(thing string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.verified[thing] += n
}

// most remembers the greatest value of a thing.
func (b *book) most(thing string, value int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.worst[thing] = max(b.worst[thing], value)
}

// failed returns how many violations are not allowed.
func (b *book) failed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, v := range b.violations {
		if !v.allowed {
			n += v.count
		}
	}
	return n
}

// table prints the sums.
func (b *book) table() {
	b.mu.Lock()
	defer b.mu.Unlock()
	section := func(title string, names []string, value func(string) string) {
		fmt.Fprintf(b.out, "\n%s\n", title)
		for _, name := range names {
			fmt.Fprintf(b.out, "  %-52s %s\n", name, value(name))
		}
	}
	section("events", slices.Sorted(maps.Keys(b.counts)), func(n string) string { return fmt.Sprint(b.counts[n]) })
	section("verified", slices.Sorted(maps.Keys(b.verified)), func(n string) string { return fmt.Sprint(b.verified[n]) })
	section("at most", slices.Sorted(maps.Keys(b.worst)), func(n string) string { return fmt.Sprint(b.worst[n]) })
	section("violations", slices.Sorted(maps.Keys(b.violations)), func(n string) string {
		if b.violations[n].allowed {
			return fmt.Sprint(b.violations[n].count, ", allowed")
		}
		return fmt.Sprint(b.violations[n].count)
	})
}
