//go:build race

package stream_test

// The race detector makes it five times slower.
const (
	hostileSeeds  = 400
	strangerSeeds = 40
)
