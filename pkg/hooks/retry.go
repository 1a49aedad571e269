package hooks

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	// mostTries is how often an event is sent at most, and longestTrying for how long that is tried.
	mostTries     = 10
	longestTrying = time.Hour
)

// pause returns how long to wait behind a try, the first being 1: a second, and each time two and a half
// times as long, up to half an hour; chance, from 0 to 1, makes it shorter or longer by a fifth.
func pause(try int, chance float64) time.Duration {
	return time.Duration(math.Pow(2.5, float64(try-1)) * (0.8 + 0.4*chance) * float64(time.Second))
}

// retryAfter returns how long a response asks to wait (RFC 9110 10.2.3), an hour at most, 0 if it does not ask.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestTrying)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), longestTrying))
}

// A verdict is what a status says of an event that was sent.
type verdict uint8

const (
	delivered verdict = iota
	again             // it may be taken later
	refused           // it will not
)

// judge returns what a status says. A redirect is not followed: it is said once in the configuration
// where events go.
func judge(status int) verdict {
	switch {
	case status/100 == 2:
		return delivered
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status/100 == 5:
		return again
	}
	return refused
}
