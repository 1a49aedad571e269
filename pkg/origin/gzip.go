package origin

import (
	"net/http"
	"strconv"
	"strings"
)

// takesGzip reports whether a client takes the gzip encoding: it names it, or
// all, with a weight above 0 (RFC 9110 12.5.3).
func takesGzip(h http.Header) bool {
	all := false
	for _, field := range h["Accept-Encoding"] {
		for item := range strings.SplitSeq(field, ",") {
			coding, parameter, _ := strings.Cut(item, ";")
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				return weight(parameter) > 0
			case "*":
				all = weight(parameter) > 0
			}
		}
	}
	return all
}

// weight returns the value of a parameter q=value: 1 if there is none, 0 if it
// is malformed.
func weight(parameter string) float64 {
	name, value, given := strings.Cut(parameter, "=")
	if !given || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || q > 1 {
		return 0
	}
	return q
}
