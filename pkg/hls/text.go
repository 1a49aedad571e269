package hls

import (
	"strconv"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// units are spans of time as playlists print them: with five digits of a
// second.
type units int64

const unitsPerSecond = 100_000

// between returns the span from one point to another. Points are rounded, not
// spans: so the durations of a segment's parts add up to its own, and those of
// any number of segments to their time, in the printed digits too.
func between(from, to media.Ticks, timescale uint32) units {
	return units(to.Rescale(timescale, unitsPerSecond) - from.Rescale(timescale, unitsPerSecond))
}

func length(seg *live.Segment) units { return between(seg.Start, seg.End(), seg.Timescale()) }

// of returns a span of whole units.
func of(d time.Duration) units { return units(d / (time.Second / unitsPerSecond)) }

// appendSeconds appends a span that is not negative, "2.00533".
func appendSeconds(b []byte, u units) []byte {
	b = strconv.AppendInt(b, int64(u/unitsPerSecond), 10)
	return appendDigits(append(b, '.'), int(u%unitsPerSecond), 5)
}

// appendDateTime appends a time in UTC as ISO 8601 with exactly three digits of
// a second, "2026-11-22T12:00:08.451Z".
func appendDateTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(appendDigits(b, year, 4), '-')
	b = append(appendDigits(b, int(month), 2), '-')
	b = append(appendDigits(b, day, 2), 'T')
	b = append(appendDigits(b, hour, 2), ':')
	b = append(appendDigits(b, minute, 2), ':')
	b = append(appendDigits(b, second, 2), '.')
	b = appendDigits(b, t.Nanosecond()/int(time.Millisecond), 3)
	return append(b, 'Z')
}

// appendDigits appends the last digits of n, at most five of them.
func appendDigits(b []byte, n, digits int) []byte {
	b = append(b, "00000"[:digits]...)
	for i := len(b) - 1; n > 0 && digits > 0; i, digits = i-1, digits-1 {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}
