package check

import (
	"fmt"
	"strings"
	"time"
)

// readDateTime reads an xs:dateTime; one without a zone is taken as UTC.
func readDateTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date and time", clip(text))
}

// durationOr reads an xs:duration. It returns otherwise when there is none, and
// tells an error.
func durationOr(text string, otherwise time.Duration, tell func(error)) time.Duration {
	if text == "" {
		return otherwise
	}
	d, err := readDuration(text)
	if err != nil {
		tell(err)
		return otherwise
	}
	return d
}

// maxSpan bounds a duration: less than what overflows.
const maxSpan = 9_000_000_000 * time.Second

// readDuration reads an xs:duration of at most some 280 years that is not
// negative. A year has 365 days, and a month 30.
func readDuration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no duration", clip(text))
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, wrong
	}
	var sum time.Duration
	timed := false
	for rest != "" {
		if !timed && rest[0] == 'T' {
			timed, rest = true, rest[1:]
			continue
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end <= 0 {
			return 0, wrong
		}
		unit := unitOf(rest[end], timed)
		value, err := readSeconds(rest[:end])
		count := value.Duration / time.Second
		if err != nil || unit == 0 || unit != time.Second && value.unit < time.Second || count > maxSpan/unit {
			return 0, wrong
		}
		if unit == time.Second {
			sum += value.Duration
		} else {
			sum += count * unit
		}
		if sum < 0 || sum > maxSpan {
			return 0, wrong
		}
		rest = rest[end+1:]
	}
	return sum, nil
}

// unitOf returns what a designator of a duration means, 0 if it means nothing.
func unitOf(designator byte, timed bool) time.Duration {
	const day = 24 * time.Hour
	switch {
	case designator == 'Y' && !timed:
		return 365 * day
	case designator == 'M' && !timed:
		return 30 * day
	case designator == 'D' && !timed:
		return day
	case designator == 'H' && timed:
		return time.Hour
	case designator == 'M' && timed:
		return time.Minute
	case designator == 'S' && timed:
		return time.Second
	default:
		return 0
	}
}
