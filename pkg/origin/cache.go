package origin

import (
	"strconv"
	"time"

	"sluice/pkg/live"
)

// How long caches may hold each kind of answer. A text whose address says which
// state of the playlist it waits for (_HLS_msn) is the same for all who ask, and
// old when it is asked for again: it is held long enough for those who come late.
//
// A stream that has ended changes no more, unless its publisher comes back under
// the same name, which may be at any moment. So what its texts may be held for is
// how long a viewer may be shown the end of the last programme when the next one
// is on air.
const (
	current  = time.Second      // a live text, at most: half the minimumUpdatePeriod of an MPD
	blocking = 6                // target durations: a playlist that was asked for with _HLS_msn
	ended    = 5 * time.Second  // a text of a stream that has ended
	negative = time.Second      // an error: what is missing may come at any moment
	visit    = 60 * time.Second // the way to a page
)

// Cache-Control of what no cache may answer with by itself.
const (
	never      = "no-store" // true only now: the clock, and that something is not there yet
	revalidate = "no-cache" // changes with the next release: a cache may hold it, and asks each time whether it is still right
)

// cacheFor returns the Cache-Control of a response that any cache may hold for
// d, cut to whole seconds: for less than one it must ask each time.
func cacheFor(d time.Duration) string {
	return "public, max-age=" + strconv.Itoa(int(d/time.Second))
}

// immutable is the Cache-Control of bytes that never change under their URL: headers,
// segments and parts. They may be held for a year.
const immutable = "public, max-age=31536000, immutable"

// cacheText returns the Cache-Control of a text made from a snapshot. held says
// that the request named the state that it wanted, and got that one.
func cacheText(s *live.Snapshot, held bool) string {
	switch {
	case s.Ended:
		return cacheFor(ended)
	case held:
		return cacheFor(blocking * s.Targets.Segment)
	default:
		return cacheFor(min(current, s.Targets.Segment/2))
	}
}
