//go:build race

package timeline_test

// The race detector makes it ten times slower.
const (
	dayLength = 2 * 3600 // seconds
	lawSeeds  = 200
)
