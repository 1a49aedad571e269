//go:build !race

package timeline_test

const (
	dayLength = 24 * 3600 // seconds
	lawSeeds  = 3000
)
