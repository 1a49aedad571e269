package access

import (
	"fmt"
	"strings"
)

// A Scope is the streams that something is good for: "live/show", all of an application
// ("live/*"), or all there are ("*").
type Scope string

// Check returns an error for what is no scope.
func (s Scope) Check() error {
	app, key, found := strings.Cut(string(s), "/")
	if s == "*" || found && app != "" && key != "" && !strings.Contains(app, "*") && (key == "*" || !strings.Contains(key, "*")) {
		return nil
	}
	return fmt.Errorf("%q is not like live/show, live/* or *", string(s))
}

// Covers reports whether a stream is among them.
func (s Scope) Covers(app, key string) bool {
	if s == "*" {
		return true
	}
	a, k, _ := strings.Cut(string(s), "/")
	return a == app && (k == "*" || k == key)
}

// Touches reports whether streams of an application are among them.
func (s Scope) Touches(app string) bool {
	a, _, _ := strings.Cut(string(s), "/")
	return s == "*" || a == app
}

// Exact returns the one stream that it is, if it is one.
func (s Scope) Exact() (app, key string, ok bool) {
	app, key, _ = strings.Cut(string(s), "/")
	return app, key, key != "" && key != "*"
}
