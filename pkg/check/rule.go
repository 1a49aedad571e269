package check

import (
	"fmt"
	"slices"
)

// A Level is how strongly a rule is meant.
type Level int

// The levels, by RFC 2119.
const (
	Should Level = iota // a warning
	Must                // an error
)

// String returns the word that the standards use.
func (l Level) String() string {
	if l == Must {
		return "MUST"
	}
	return "SHOULD"
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// A Rule is one sentence of a standard that a client can see broken.
type Rule struct {
	Name  string `json:"rule"`      // such as "hls/target-duration"; stable
	Level Level  `json:"level"`     // how strongly the standard asks
	Ref   string `json:"reference"` // the standard and its clause
	Text  string `json:"text"`      // what it asks
}

// Rules returns every rule, by name.
func Rules() []Rule {
	all := slices.Concat(playlistRules(), lowLatencyRules(), multivariantRules(), mediaRules(), mpdRules(), lowLatencyMPDRules(), httpRules())
	slices.SortFunc(all, func(a, b Rule) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		default:
			return 0
		}
	})
	return all
}

// prompt returns the rules that say when something comes. Nobody keeps them while a
// publisher or the server is away.
func prompt() map[string]bool {
	rules := make(map[string]bool)
	for _, name := range []string{
		"hls/segment-late", "hls/part-late", "hls/part-burst", "hls/block-timeout",
		"lldash/growing", "lldash/late", "lldash/chunk-burst", "lldash/early",
		"dash/available",                     // who was held up sends faster than real time for a while
		"dash/update-period", "dash/expired", // a Period may end with its first segment, and a window stands still
	} {
		rules[name] = true
	}
	return rules
}

// A fault is one rule broken at one place.
type fault struct {
	rule   string
	url    string
	line   int // of the text at url, from 1; 0 for the whole
	detail string
}

// A sink takes faults. It may be called from several goroutines.
type sink func(fault)

// at returns where faults of one resource are written down.
func (s sink) at(url string) notes { return notes{url: url, sink: s} }

// notes are the faults of one resource.
type notes struct {
	url  string
	sink sink
}

// broken writes down that a rule is broken. line is 0 when no line of a text is
// to blame.
func (n notes) broken(rule string, line int, format string, args ...any) {
	n.sink(fault{rule: rule, url: n.url, line: line, detail: clip(fmt.Sprintf(format, args...))})
}

// maxDetail bounds what a server can make us print.
const maxDetail = 300

// clip returns text without control characters and not longer than is useful.
func clip(text string) string {
	out := make([]rune, 0, min(len(text), maxDetail))
	for _, r := range text {
		if len(out) == maxDetail {
			return string(out) + "..."
		}
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}
