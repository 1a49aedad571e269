// Package stream carries one published stream from its frames to the segments
// that viewers fetch, and keeps the registry of what is on air.
//
// A stream outlives its publishers: when one goes, another one, or the same, may
// go on where it was, with the next numbers and later times. A Publication is the
// hold that one publisher has on it. Each frame goes through plain calls to the
// clock, the cutter, the fragmenter of its track and, when a segment ends, to the
// store and the presentation, on the publisher's own goroutine; publishers of one
// stream exclude each other. Viewers see what they do through live.Presentation
// only.
package stream

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/segment"
	"sluice/pkg/store"
)

// Errors that Publish returns.
var (
	// ErrNameInUse is returned for a name that somebody else publishes.
	ErrNameInUse = errors.New("somebody else publishes under this name")

	// ErrBadName is returned for a name that cannot be part of a URL.
	ErrBadName = errors.New("application and stream key take letters, digits and ._~- (a letter or digit first, at most 100)")

	// ErrReserved is returned for an application whose name URLs need for
	// something else.
	ErrReserved = errors.New("the application's name is reserved")
)

// Config says how streams are cut and kept.
type Config struct {
	Segment segment.Config
	Window  time.Duration // how long segments stay listed
	Linger  time.Duration // how long a stream goes on without a publisher
	Keep    time.Duration // how long an ended stream can still be watched

	Conflict Conflict      // what happens when a second one publishes under a name
	Failover time.Duration // for how long a publisher must be silent for the one that stands by to go on air

	Ladders []Ladder // the first that has a name counts

	Limits Limits
}

// A Retirer removes blobs from the store at a later time.
type Retirer interface {
	Add(at time.Time, names ...string)
}

// A Memory is where segments wait for a disk that is slow, full or broken.
type Memory interface {
	// Share returns how many bytes those of one stream should have, and whether they
	// have more with another one of that name and size.
	Share(name string, size int64) (bytes int64, less bool)
	// Spare says that a segment is listed no more, and makes room for others.
	Spare(name string)
	// Failing returns why segments wait, nil if they do not have to.
	Failing() error
}

// ample is the Memory of streams whose segments never wait.
type ample struct{}

func (ample) Share(string, int64) (int64, bool) { return 0, false }
func (ample) Spare(string)                      {}
func (ample) Failing() error                    { return nil }

// An Environment is what streams work with.
type Environment struct {
	Config   Config // to begin with: see Registry.Configure
	Store    store.Store
	Memory   Memory // in front of the store, nil if there is none
	Retire   Retirer
	Reserved []string // names that no application may have
	Log      zerolog.Logger
	Now      func() time.Time

	Observers []Observer // all are told of each event

	current *atomic.Pointer[Config] // shared by all of a registry
}

// config returns what is configured now.
func (e *Environment) config() *Config { return e.current.Load() }

// A Name is what a stream is published under, and where it is found.
type Name struct {
	App, Key string
}

// String returns the name as it stands in URLs.
func (n Name) String() string { return n.App + "/" + n.Key }

const maxName = 100

// Check returns ErrBadName or ErrReserved for a name that has no place in a
// URL.
func (n Name) Check(reserved []string) error {
	switch {
	case !wellFormed(n.App) || !wellFormed(n.Key):
		return ErrBadName
	case slices.Contains(reserved, n.App):
		return ErrReserved
	}
	return nil
}

// wellFormed reports whether s can be an element of a URL's path as it is.
func wellFormed(s string) bool {
	if s == "" || len(s) > maxName || strings.IndexByte("._~-", s[0]) >= 0 {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("._~-", r)
	}) < 0
}
