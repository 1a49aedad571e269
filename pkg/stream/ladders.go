package stream

import (
	"fmt"
	"slices"
	"strings"
)

// A Ladder says that several publishers send one stream, each in another quality. Names are
// patterns: APP/KEY, or KEY for any application, with {name} in place of any text in all of them
// or in none.
type Ladder struct {
	Stream  string   // "live/show", "{name}"
	Members []string // "live/show_1080p", "{name}_1080p"; the best first
}

// placeholder is what stands for any text in a pattern.
const placeholder = "{name}"

// Check returns an error for a ladder that names no stream, or the same one twice, or one of an
// application that is reserved.
func (l Ladder) Check(reserved []string) error {
	const most = 16
	switch n := len(l.Members); {
	case n == 0:
		return fmt.Errorf("%q has no members", l.Stream)
	case n > most:
		return fmt.Errorf("%q has %d members, and may have %d", l.Stream, n, most)
	}
	seen := map[string]bool{}
	for _, pattern := range append([]string{l.Stream}, l.Members...) {
		app, key := split(pattern)
		name := Name{App: strings.ReplaceAll(app, "*", "x"), Key: strings.Replace(key, placeholder, "x", 1)}
		switch {
		case strings.Contains(app, placeholder):
			return fmt.Errorf("%q: an application cannot be a pattern", pattern)
		case slices.Contains(reserved, app):
			return fmt.Errorf("%q: %w", pattern, ErrReserved)
		case name.Check(nil) != nil || app == "*" && strings.Contains(pattern, "*"):
			return fmt.Errorf("%q is not like show_720p, live/show_720p or {name}_720p", pattern)
		case strings.Contains(key, placeholder) != strings.Contains(l.Stream, placeholder):
			return fmt.Errorf("%q and %q: {name} stands in one of them only", l.Stream, pattern)
		case strings.Contains(l.Stream, "/") != strings.Contains(pattern, "/"):
			return fmt.Errorf("%q and %q: one of them names an application", l.Stream, pattern)
		case seen[pattern]:
			return fmt.Errorf("%q stands there twice", pattern)
		}
		seen[pattern] = true
	}
	return nil
}

// split returns the application, "*" for any, and the stream key of a pattern.
func split(pattern string) (app, key string) {
	if app, key, ok := strings.Cut(pattern, "/"); ok {
		return app, key
	}
	return "*", pattern
}

// rung returns the stream that a publisher's name is a member of, and which one.
func (l Ladder) rung(n Name) (of Name, index int, ok bool) {
	for i, pattern := range l.Members {
		app, key := split(pattern)
		if app != "*" && app != n.App {
			continue
		}
		before, behind, open := strings.Cut(key, placeholder)
		text, fits := "", key == n.Key
		if open && len(n.Key) > len(before)+len(behind) && strings.HasPrefix(n.Key, before) && strings.HasSuffix(n.Key, behind) {
			text, fits = n.Key[len(before):len(n.Key)-len(behind)], true
		}
		if fits {
			app, key := split(l.Stream)
			if app == "*" {
				app = n.App
			}
			return Name{app, strings.Replace(key, placeholder, text, 1)}, i, true
		}
	}
	return Name{}, 0, false
}

// rung returns the stream that a publisher's name is a member of, by the first ladder that has
// it, and which one. What is a member itself has none.
func (c Config) rung(n Name) (of Name, index int, ok bool) {
	of, index, ok = c.firstRung(n)
	if _, _, nested := c.firstRung(of); nested {
		return Name{}, 0, false
	}
	return of, index, ok
}

func (c Config) firstRung(n Name) (of Name, index int, ok bool) {
	for _, l := range c.Ladders {
		if of, index, ok = l.rung(n); ok && of != n && of.Check(nil) == nil {
			return of, index, true
		}
	}
	return Name{}, 0, false
}
