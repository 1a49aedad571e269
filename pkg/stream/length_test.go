//go:build !race

package stream_test

const (
	hostileSeeds  = 2000
	strangerSeeds = 200
)
