package config

import (
	"fmt"
	"strings"
)

// unknown says that a name is none, and which one was meant if that is clear.
func unknown(what, name string, names []string) string {
	best, distance := "", max(len(name)/3, 2)+1
	for _, candidate := range names {
		if d := edits(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return "unknown " + what
	}
	return fmt.Sprintf("unknown %s (did you mean %s?)", what, best)
}

// edits returns the Levenshtein distance of a and b, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
